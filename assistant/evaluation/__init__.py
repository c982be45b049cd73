"""Contenders put to a set of questions: the answers, their scores, and what the scores say."""

"""Ratings from votes: strengths with intervals, when a winner may be named, who to compare next.

The package works on columns of numbers and knows neither the store nor the page; what a vote of an
assistant is, `judgements` alone knows.
"""

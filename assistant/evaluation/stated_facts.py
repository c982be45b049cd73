"""Whether the documents, as they are now, hold the answer to a question."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.evaluation.error_classes import holds_support, same_document
from assistant.evaluation.holding import best_held, tokens
from retrieval.documents import Passage
from retrieval.questions import Question

_CLOSEST = 20  # passages that are looked at closely, those with most words of the reference


class StatedFacts:
    """Looks through the passages of the documents; called with a question, as a `Finds`."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._words = [frozenset(tokens(passage.indexed_text)) for passage in passages]
        self._found: dict[Question, str] = {}

    def __call__(self, question: Question) -> str:
        """The name of a document that holds the answer; "" where none does."""
        if question not in self._found:
            self._found[question] = self._find(question)
        return self._found[question]

    def _find(self, question: Question) -> str:
        if question.support:
            for passage in self._passages:
                if holds_support(passage.text, question):
                    return passage.document
        for reference in question.answers:
            wanted = frozenset(tokens(reference))
            shared = [
                (len(wanted & own), place)
                for place, own in enumerate(self._words)
                if wanted & own
                and (
                    not question.document
                    or same_document(self._passages[place].document, question.document)
                )
            ]
            for _, place in sorted(shared, reverse=True)[:_CLOSEST]:
                passage = self._passages[place]
                if best_held(passage.indexed_text, [reference], question.question).whole:
                    return passage.document
        return ""

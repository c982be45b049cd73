"""Test questions stay out of training: what counts as the same question, and the refusal.

A test question is one of an imported question file, or an example of the split `recall` or
`generalisation`. A training or validation example that nearly repeats one is refused; the other way
about, a question of a file that was trained on already is left out of the test.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ExamplesError
from assistant.evaluation.records import QuestionSet
from assistant.examples import near_duplicates
from assistant.facts import names, word_spans
from assistant.records import Example
from assistant.writing.filters import DropCount
from retrieval.questions import Question

_SHOWN = 3
_TEST_SPLITS = ("recall", "generalisation")


@dataclass(frozen=True, slots=True)
class Written:
    """Examples written by rule. added: so many were new. left_out: asked by a test as well. facts:
    so many were found; asked: so many of them are asked for. ambiguous: examples whose passage the
    search does not bring. dropped: what the filters kept out, by reason. stale: examples written
    before from sections that have changed or gone since. stopped: nothing was written."""

    added: int
    left_out: tuple[Example, ...]
    facts: int = 0
    asked: int = 0
    ambiguous: int = 0
    dropped: tuple[DropCount, ...] = ()
    stale: int = 0
    stopped: bool = False

    @property
    def note(self) -> str:
        """A sentence that names some of those left out, "" where there are none."""
        if not self.left_out:
            return ""
        count = len(self.left_out)
        named = "; ".join(f"“{one.question}”" for one in self.left_out[:_SHOWN])
        more = f"; and {count - _SHOWN} more" if count > _SHOWN else ""
        which = "One example was" if count == 1 else f"{count} examples were"
        return f"{which} left out, since a test question asks the same: {named}{more}."

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be told beside the number of new examples, the most important first."""
        if self.stopped:
            return ("Stopped: no examples were written, those there were are kept.",)
        said = [self.note] if self.note else []
        if self.stale:
            which = "One example was" if self.stale == 1 else f"{self.stale:,} examples were"
            said.append(
                f"{which} written from sections that have changed or gone since: look at them, "
                "and reject what no longer holds."
            )
        if self.asked < self.facts:
            said.append(f"{self.facts:,} facts were found, of which {self.asked:,} are asked for.")
        if self.ambiguous:
            said.append(f"The search does not bring the passage of {self.ambiguous:,} of them.")
        if self.dropped:
            told = ", ".join(f"{one.count:,} {one.reason}" for one in self.dropped)
            said.append(f"Wordings not kept: {told}.")
        return tuple(said)


def refuse_test_questions(
    added: Sequence[Example], existing: Iterable[Example], imported: Iterable[QuestionSet]
) -> None:
    """Raise ExamplesError where one of the added examples would train on a test question."""
    trained = [example for example in added if trains(example)]
    if not trained:
        return
    tests = [
        *((e.question, f"the split {e.split}") for e in existing if e.split in _TEST_SPLITS),
        *((q.question, one.name) for one in imported for q in one.questions),
    ]
    clashes = _clashes([example.question for example in trained], tests)
    if clashes:
        raise ExamplesError(_sentence(clashes, len(trained)))


def trains(example: Example) -> bool:
    """Whether an example reaches a model in training."""
    return example.split in ("train", "validation") and not example.rejected


def without_test_questions(
    written: Sequence[Example], existing: Iterable[Example], imported: Iterable[QuestionSet]
) -> list[Example]:
    """The examples without those that would train on a test question, of their own splits too.

    Rejected examples test nothing.
    """
    tests = [
        *(e.question for e in [*existing, *written] if e.split in _TEST_SPLITS and not e.rejected),
        *(q.question for one in imported for q in one.questions),
    ]
    repeated = {place for place, _ in near_repeats([e.question for e in written], tests)}
    return [
        example
        for place, example in enumerate(written)
        if place not in repeated or not trains(example)
    ]


def already_trained(
    questions: Sequence[Question], examples: Iterable[Example], rows: Iterable[str] = ()
) -> list[Question]:
    """The questions that nearly repeat a training example, or a question of a run's rows."""
    trained = [*(e.question for e in examples if trains(e)), *rows]
    repeated = {place for place, _ in near_repeats([q.question for q in questions], trained)}
    return [question for place, question in enumerate(questions) if place in repeated]


def run_questions(train_rows: Path) -> list[str]:
    """The questions of a run's train.jsonl, [] where the file is gone.

    Of a prompt with passages the question stands behind them, on its last line.
    """
    try:
        lines = train_rows.read_text("utf-8").splitlines()
        prompts = [json.loads(line)["prompt"][-1]["content"] for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return []
    return [str(text).rpartition("\nQuestion: ")[2] or str(text) for text in dict.fromkeys(prompts)]


def _clashes(
    questions: Sequence[str], tests: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """Question, test question and where that one is from."""
    pairs = near_repeats(questions, [question for question, _ in tests])
    return [(questions[place], *tests[test]) for place, test in pairs]


def near_repeats(questions: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    """Place of each question that nearly repeats one of the others, and the place of that one."""
    if not questions or not others:
        return []
    texts = [*questions, *others]
    found: dict[int, int] = {}
    # Again without regard to case: in "what does the aqualoop cost" no word looks like a name.
    for groups in (near_duplicates(texts), near_duplicates(_alike_in_case(texts))):
        first: dict[int, int] = {}
        for place, group in enumerate(groups[len(questions) :]):
            first.setdefault(group, place)
        for place, group in enumerate(groups[: len(questions)]):
            if group in first:
                found.setdefault(place, first[group])
    return sorted(found.items())


def _alike_in_case(texts: Sequence[str]) -> list[str]:
    """The texts in lower case, but in capitals the words that are a name in one of them."""
    # In a text all in capitals every word would be a name.
    known = {name for text in texts if not text.isupper() for name in names(text)}
    return [_capitals(text.lower(), known) for text in texts]


def _capitals(text: str, known: set[str]) -> str:
    for start, end in word_spans(text):
        if text[start:end] in known:
            text = text[:start] + text[start:end].upper() + text[end:]
    return text


def _sentence(clashes: Sequence[tuple[str, str, str]], count: int) -> str:
    named = "; ".join(
        f"“{question}” repeats “{test}” of {where}" for question, test, where in clashes[:_SHOWN]
    )
    more = f"; and {len(clashes) - _SHOWN} more" if len(clashes) > _SHOWN else ""
    what = "A test question" if len(clashes) == 1 else f"{len(clashes)} test questions"
    kept = "nothing was taken in" if count > 1 else "nothing was changed"
    return (
        f"{what} would be trained on, so {kept}: {named}{more}. Leave these out, or word another "
        "question."
    )

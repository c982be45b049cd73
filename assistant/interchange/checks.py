"""What is known of examples before they are trained on: lengths, copies, contradictions, languages
and personal data. Nothing is changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.examples import near_duplicates
from assistant.interchange.importing import ReadFile, read_file
from assistant.interchange.leak_check import LeakCheck, check_leaks
from assistant.interchange.lengths import Lengths, lengths
from assistant.interchange.masking import PersonalFinding, findings
from assistant.interchange.personal_data import TITLES
from assistant.records import Assistant, Example
from assistant.workspace import Workspace
from retrieval.language import language_of

MOST_LANGUAGES_JUDGED = 5_000  # examples; more are judged by a sample of them


@dataclass(frozen=True, slots=True)
class SameQuestion:
    """Examples that ask the same. exact: word for word, but for case and white space. ids: of the
    examples. answers: their different answers, several where they contradict each other."""

    question: str
    exact: bool
    ids: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LanguageCount:
    """code: ISO 639-1, None for those too short to tell. count: of the examples judged."""

    code: str | None
    count: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The checks of some examples.

    exact, near: groups that ask the same. contradictions: groups of either kind whose answers
    differ. languages: most frequent first, of `judged` examples. leaks: only of an assistant's own
    examples. read: only of a file.
    """

    count: int
    lengths: Lengths
    exact: tuple[SameQuestion, ...]
    near: tuple[SameQuestion, ...]
    contradictions: tuple[SameQuestion, ...]
    languages: tuple[LanguageCount, ...]
    judged: int
    personal: tuple[PersonalFinding, ...]
    leaks: LeakCheck | None = None
    read: ReadFile | None = None

    @property
    def personal_counts(self) -> dict[str, int]:
        """How many of each kind of personal data, by its title, most frequent first."""
        return dict(Counter(TITLES[one.kind] for one in self.personal).most_common())

    @property
    def flagged(self) -> frozenset[str]:
        """Ids of the examples that hold personal data."""
        return frozenset(one.example_id for one in self.personal)


def check_examples(
    assistant: Assistant,
    examples: Sequence[Example],
    models: Path,
    lines: Mapping[str, int] | None = None,
    max_length: int | None = None,
) -> CheckReport:
    """Check examples. models: folder of the built-in model. lines: of a file, by example id."""
    groups = list(_same_questions(examples))
    exact, near = (tuple(g for g in groups if g.exact is wanted) for wanted in (True, False))
    languages, judged = _languages(examples)
    personal = [one for e in examples for one in findings(e, (lines or {}).get(e.id))]
    return CheckReport(
        len(examples),
        lengths(assistant, examples, models, max_length),
        exact,
        near,
        tuple(group for group in groups if len(group.answers) > 1),
        languages,
        judged,
        tuple(personal),
    )


def check_assistant(workspace: Workspace, assistant: Assistant) -> CheckReport:
    """Check an assistant's own examples, rejected ones left out, and that no test question leaks.

    Raises DocumentsError where the documents cannot be read.
    """
    examples = workspace.store.examples(assistant.id)
    report = check_examples(assistant, examples, workspace.settings.models)
    return replace(report, leaks=check_leaks(workspace, assistant))


def check_file(workspace: Workspace, assistant: Assistant, path: Path) -> CheckReport:
    """Check a file's examples before any is taken in; its faults are in `read`.

    Raises ExamplesError where the file as a whole cannot be read.
    """
    read = read_file(path, assistant)
    lines = {example.id: line for example, line in zip(read.examples, read.lines, strict=True)}
    report = check_examples(assistant, read.examples, workspace.settings.models, lines)
    return replace(report, read=read)


def _same_questions(examples: Sequence[Example]) -> Iterable[SameQuestion]:
    """Groups of two or more that ask the same: all of one wording, then near-duplicates of those.

    Wordings of one fact are meant to be alike, so that they are no near-duplicates here.
    """
    by_wording: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_wording[" ".join(example.question.split()).casefold()].append(example)
    for same in by_wording.values():
        if len(same) > 1:
            yield _group(same, exact=True)
    firsts = [same[0] for same in by_wording.values()]
    near: defaultdict[int, list[Example]] = defaultdict(list)
    for example, group in zip(firsts, near_duplicates([e.question for e in firsts]), strict=True):
        near[group].append(example)
    for alike in near.values():
        if len(alike) > 1 and len({example.fact or example.id for example in alike}) > 1:
            yield _group(alike, exact=False)


def _group(examples: Sequence[Example], *, exact: bool) -> SameQuestion:
    answers = {" ".join(e.answer.split()).casefold().rstrip("."): e.answer for e in examples}
    return SameQuestion(
        examples[0].question, exact, tuple(e.id for e in examples), tuple(answers.values())
    )


def _languages(examples: Sequence[Example]) -> tuple[tuple[LanguageCount, ...], int]:
    """Languages of question and answer together, of an even sample where there are very many."""
    step = -(-len(examples) // MOST_LANGUAGES_JUDGED) or 1
    judged = examples[::step]
    counts = Counter(language_of(f"{e.question}\n{e.answer}") for e in judged)
    return tuple(LanguageCount(code, count) for code, count in counts.most_common()), len(judged)

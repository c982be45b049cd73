"""From evidence to one sentence: what to use, how sure that is, and what would settle it.

A contender is out when another one, or the base model, is better by tests or by votes that allow
for many pairs, and votes for many looks.
What is left is recommended where it is one; where several are left, the evidence does not tell them
apart, and the one that costs least to keep is the choice until it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.records import ContenderKind
from assistant.verdict.evidence import ContenderEvidence, Evidence, PairEvidence

Certainty = Literal["settled", "likely", "open", "contested", "unknown"]
Action = Literal[
    "add_documents", "train", "evaluate", "vote", "errors", "context_rows", "more_data", "watch"
]

# What is cheapest to keep stands first: RAG follows its documents by itself, a tuned model has to
# be trained again, and both together cost both.
_BY_UPKEEP: tuple[ContenderKind, ...] = ("rag", "tuned", "tuned+rag")
_NAMES: dict[ContenderKind, str] = {
    "base": "the base model",
    "rag": "RAG",
    "tuned": "the tuned model",
    "tuned+rag": "the tuned model with RAG",
}
_WEAK_QUALITY = 0.5
_MANY_QUESTIONS = 300


@dataclass(frozen=True, slots=True)
class Step:
    """The cheapest next step: a sentence, and what to do for it."""

    sentence: str
    action: Action


@dataclass(frozen=True, slots=True)
class Recommendation:
    """choice: what to use, None where nothing can be said. reasons, disagreements: sentences.

    certainty: `settled` where tests and votes agree, `likely` where one of them decides and the
    other is silent, `open` where neither does, `contested` where they contradict each other,
    `unknown` where nothing was measured.
    """

    choice: ContenderKind | None
    certainty: Certainty
    sentence: str
    reasons: tuple[str, ...]
    disagreements: tuple[str, ...]
    next_step: Step


def recommend(evidence: Evidence) -> Recommendation:
    """The recommendation that the evidence allows, no stronger than it."""
    known = [one.kind for one in evidence.known()]
    candidates = [kind for kind in _BY_UPKEEP if kind in known]
    disagreements = tuple(_disagreement(pair) for pair in evidence.pairs if pair.opposed)
    if len(known) < 2 or not candidates:
        return Recommendation(
            None, "unknown", _nothing_known(evidence), (), (), _first_step(evidence)
        )
    standing = [kind for kind in candidates if not _beaten(evidence, kind, candidates)]
    standing = standing or candidates  # each beaten by another, in a circle
    above_base = [kind for kind in standing if not _beaten(evidence, kind, ["base"])]
    if not above_base:
        return _base_is_better(evidence, standing, disagreements)
    standing = above_base
    choice = standing[0]
    certainty = _certainty(evidence, choice, standing, candidates)
    return Recommendation(
        choice=choice,
        certainty=certainty,
        sentence=_sentence(evidence, choice, certainty, standing, candidates),
        reasons=tuple(_reason(pair, choice) for pair in _against(evidence, choice)),
        disagreements=disagreements,
        next_step=_next_step(evidence, choice, certainty, standing),
    )


def _base_is_better(
    evidence: Evidence, beaten: list[ContenderKind], disagreements: tuple[str, ...]
) -> Recommendation:
    """beaten: those that no other beats but the base model, at least one."""
    pairs = [pair for kind in beaten if (pair := evidence.pair(kind, "base")) is not None]
    agreed = all(pair.tests_prefer == pair.voters_prefer for pair in pairs)
    return Recommendation(
        choice="base",
        certainty="settled" if agreed and not evidence.outdated else "likely",
        sentence=(
            "Use none of them yet: the base model alone does better than "
            f"{_listed([name(kind) for kind in beaten])}, so something in the documents or in the "
            "training went wrong."
        ),
        reasons=tuple(_reason(pair, "base") for pair in pairs),
        disagreements=disagreements,
        next_step=Step("Look at the errors of both to see what went wrong.", "errors"),
    )


def name(kind: ContenderKind) -> str:
    """The contender within a sentence."""
    return _NAMES[kind]


def _beaten(evidence: Evidence, kind: ContenderKind, candidates: list[ContenderKind]) -> bool:
    return any(
        pair.better is not None and pair.better != kind
        for other in candidates
        if other != kind and (pair := evidence.pair(kind, other)) is not None
    )


def _against(evidence: Evidence, kind: ContenderKind) -> list[PairEvidence]:
    return [pair for pair in evidence.pairs if kind in (pair.first, pair.second)]


def _certainty(
    evidence: Evidence,
    choice: ContenderKind,
    standing: list[ContenderKind],
    candidates: list[ContenderKind],
) -> Certainty:
    rivals = [
        pair
        for other in candidates
        if other != choice and (pair := evidence.pair(choice, other)) is not None
    ]
    if any(pair.opposed for pair in rivals):
        return "contested"
    if len(standing) > 1 or not rivals or len(candidates) < 2:
        return "open"
    if _agreed(rivals, choice) and len(rivals) == len(candidates) - 1 and not evidence.outdated:
        return "settled"
    return "likely"


def _agreed(pairs: list[PairEvidence], choice: ContenderKind) -> bool:
    return all(pair.tests_prefer == pair.voters_prefer == choice for pair in pairs)


def _sentence(
    evidence: Evidence,
    choice: ContenderKind,
    certainty: Certainty,
    standing: list[ContenderKind],
    candidates: list[ContenderKind],
) -> str:
    chosen = name(choice)
    if len(candidates) < 2:
        missing = "a tuned model" if choice == "rag" else "RAG"
        return f"Only {chosen} was measured so far: {missing} has still to be held against it."
    if certainty == "settled":
        return f"Use {chosen}: the tests and the blind votes both prefer it."
    if certainty == "likely":
        why = _one_sided(evidence, choice, candidates)
        return f"Use {chosen}, as far as the evidence goes: {why}."
    if certainty == "contested":
        return (
            f"Tests and blind votes contradict each other about {chosen}: look at the questions "
            "behind both before you decide."
        )
    left = _listed([name(kind) for kind in standing])
    return (
        f"Nothing tells {left} apart yet: until something does, {chosen} is the choice that costs "
        "least to keep."
    )


def _one_sided(evidence: Evidence, choice: ContenderKind, candidates: list[ContenderKind]) -> str:
    pairs = [
        pair
        for kind in candidates
        if kind != choice and (pair := evidence.pair(choice, kind)) is not None
    ]
    by_tests = all(pair.tests_prefer == choice for pair in pairs)
    by_votes = all(pair.voters_prefer == choice for pair in pairs)
    if by_tests and by_votes:
        return "the tests and the blind votes prefer it, but not all of them are of what is in use"
    if by_tests:
        return "the tests prefer it, and the blind votes do not settle it yet"
    if by_votes:
        return "the blind votes prefer it, and the tests do not settle it yet"
    return "it is not beaten by any other, though not every pair is settled"


def _reason(pair: PairEvidence, choice: ContenderKind) -> str:
    """What tests and votes say of the choice against the other one of the pair."""
    turned = pair.second == choice
    other = pair.first if turned else pair.second
    parts = []
    if pair.tested is not None:
        tested = pair.tested
        difference = -tested.difference if turned else tested.difference
        low, high = (-tested.high, -tested.low) if turned else (tested.low, tested.high)
        # All differences alike give a bootstrap nothing to draw: that is no certainty.
        span = f"95 % interval {100 * low:+.0f} to {100 * high:+.0f}, " if low < high else ""
        parts.append(
            f"{100 * difference:+.0f} points of test questions answered rightly "
            f"({span}{p_words(tested.p_value)}, {_counted(tested.n, 'question')})"
        )
    if pair.voted is not None and pair.voted.decisive:
        won = pair.voted.losses if turned else pair.voted.wins
        parts.append(f"{won} of {pair.voted.decisive} decisive blind votes")
    said = ", and ".join(parts) or "never compared"
    return f"Against {name(other)}: {said}."


def _disagreement(pair: PairEvidence) -> str:
    tests, voters = pair.tests_prefer, pair.voters_prefer
    assert tests is not None and voters is not None
    return (
        f"The tests prefer {name(tests)}, the blind voters {name(voters)}: people may value "
        "something that the tests do not measure, or be led by length, speed or citations."
    )


def _nothing_known(evidence: Evidence) -> str:
    if not evidence.has_documents:
        return "There is nothing to compare yet: add documents, and RAG answers from them."
    if not evidence.has_run:
        return "There is no tuned model yet: train one, then tests and votes can decide."
    for one in evidence.known():
        return f"Only {name(one.kind)} was measured so far: put the same questions to the others."
    return "Nothing was measured yet: an evaluation or blind votes would say which is better."


def _first_step(evidence: Evidence) -> Step:
    if not evidence.has_documents:
        return Step("Add the documents of your field.", "add_documents")
    if not evidence.has_run:
        return Step("Train a model on your examples.", "train")
    if evidence.unused_questions:
        return Step(
            f"Put {_counted(evidence.unused_questions, 'test question')} to all contenders.",
            "evaluate",
        )
    return Step("Ask questions and vote without seeing the names.", "vote")


def _next_step(
    evidence: Evidence,
    choice: ContenderKind,
    certainty: Certainty,
    standing: list[ContenderKind],
) -> Step:
    mixed = evidence.pair("tuned+rag", "rag")
    if mixed is not None and mixed.better == "rag":
        return Step(
            "The tuned model with RAG is worse than RAG alone: train again with context rows, so "
            "that it learns to read passages.",
            "context_rows",
        )
    if evidence.stale_examples:
        return Step(
            f"Documents changed, and {_counted(evidence.stale_examples, 'trained example')} with "
            "them: train again on fresh ones.",
            "train",
        )
    if not evidence.has_run:
        return Step("Train a model on your examples, to hold it against RAG.", "train")
    if certainty == "contested":
        return Step("Look at the questions where tests and votes differ.", "errors")
    if certainty == "settled":
        return _after_settling(evidence.contender(choice))
    if evidence.outdated:
        return Step(
            f"Evaluate {_listed([name(kind) for kind in evidence.outdated])} again: the tests or "
            "votes so far are of earlier versions.",
            "evaluate",
        )
    if evidence.unused_questions:
        return Step(
            f"Put {_counted(evidence.unused_questions, 'more test question')} to all contenders: "
            "that costs nobody's time.",
            "evaluate",
        )
    rivals = [kind for kind in standing if kind != choice] or [
        kind for kind in _BY_UPKEEP if kind != choice and evidence.contender(kind) is not None
    ]
    pairs = [pair for kind in rivals if (pair := evidence.pair(choice, kind)) is not None]
    return _settling(pairs)


def _settling(pairs: list[PairEvidence]) -> Step:
    """More votes or more questions, whichever asks for less, where they have not decided yet."""
    votes = [
        pair.voted.votes_needed
        for pair in pairs
        if pair.voted is not None and pair.voted.votes_needed and pair.voters_prefer is None
    ]
    questions = [
        pair.tested.questions_needed - pair.tested.n
        for pair in pairs
        if pair.tested is not None
        and pair.tested.questions_needed is not None
        and pair.tested.questions_needed > pair.tested.n
        and pair.tests_prefer is None
    ]
    if votes and (not questions or min(votes) <= min(questions)):
        count = min(votes)
        return Step(
            f"{_counted(count, 'more decisive vote')} would tell these apart, if voters go on "
            "as so far.",
            "vote",
        )
    if questions and min(questions) <= 10 * _MANY_QUESTIONS:
        return Step(
            f"About {min(questions)} more test questions would settle a difference of this size.",
            "more_data",
        )
    return Step("Compare them in the chat and vote without seeing the names.", "vote")


def _after_settling(chosen: ContenderEvidence | None) -> Step:
    quality = chosen.quality if chosen else None
    if quality is not None and quality.value < _WEAK_QUALITY:
        return Step(
            f"It is the best of these and still answers only {100 * quality.value:.0f} % of the "
            "test questions rightly: add examples or try a larger base model.",
            "more_data",
        )
    return Step("Use it, and watch its answers under “Use over time”.", "watch")


def p_words(p_value: float) -> str:
    """A p value as it is written: p = .03, or p < .001."""
    if p_value < 0.001:
        return "p < .001"
    if p_value >= 0.995:
        return "p = 1"
    digits = 3 if p_value < 0.01 else 2
    return f"p = {p_value:.{digits}f}".replace("0.", ".", 1)


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

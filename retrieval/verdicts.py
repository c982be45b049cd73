"""What a measurement of retrieval says, in sentences that promise no more than was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

from retrieval.ranking_report import Comparison, SystemResult
from retrieval.statistics import detectable_difference, questions_needed

_NAMES = {
    "bm25": "BM25 alone",
    "dense": "dense search alone",
    "fused": "fused search",
    "reranked": "the reranker",
}
_FEW = 30
_MANY = 100_000


def ranking_verdicts(
    systems: Sequence[SystemResult], comparisons: Sequence[Comparison], questions: int
) -> tuple[str, ...]:
    """A sentence for each comparison, and one where there are too few questions."""
    if not systems:
        return (
            "Nothing was measured: no question names a document, supporting text or an answer "
            "that is here.",
        )
    verdicts = [_verdict(one, questions) for one in comparisons]
    if questions < _FEW:
        verdicts.append(
            f"{plural(questions, 'question')} can show only large differences: "
            "use some 300 to decide small ones."
        )
    return tuple(verdicts)


def _verdict(one: Comparison, questions: int) -> str:
    figures = (
        f"nDCG@10 {signed(one.difference)} [{signed(one.low)}, {signed(one.high)}], "
        f"p {p_text(one.adjusted_p)}"
    )
    if one.told:
        if one.system == "reranked":
            return f"The reranker {'helps' if one.difference > 0 else 'harms'} here: {figures}."
        verb = "beats" if one.difference > 0 else "loses to"
        return f"Fused search {verb} {_NAMES[one.reference]}: {figures}."
    system = _NAMES[one.system]
    start = f"{system[0].upper()}{system[1:]} and {_NAMES[one.reference]} cannot be told apart"
    return f"{start} here: {figures}{_needed(one.difference, one.spread, questions)}."


def _needed(difference: float, spread: float, questions: int) -> str:
    """How many questions a difference of this size would need, where that can be said."""
    if spread == 0 or questions == 0:
        return ""
    least = detectable_difference(questions, spread)
    told = f"; {plural(questions, 'question')} can tell {least:.3f} or more"
    if math.isclose(difference, 0, abs_tol=0.0005):
        return told
    needed = questions_needed(difference, spread)
    if needed <= questions or needed > _MANY:
        return told
    return f"{told}, about {rounded(needed):,} are needed for {abs(difference):.3f}"


def rounded(count: int) -> int:
    """To two digits: nobody plans for 1,037 questions."""
    if count < 100:
        return count
    unit = int(10 ** (math.floor(math.log10(count)) - 1))
    return math.ceil(count / unit) * unit


def signed(value: float) -> str:
    """Three digits with their sign; what rounds to nothing has none."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text


def p_text(p_value: float) -> str:
    """As in ".01"; "< .001" below that."""
    if p_value < 0.001:
        return "< .001"
    digits = 3 if p_value < 0.01 else 2
    text = f"{p_value:.{digits}f}"
    return f"= {text.removeprefix('0')}"


def plural(count: int, noun: str) -> str:
    """As in "1 question", "2 questions"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

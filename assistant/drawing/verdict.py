"""The verdict as HTML: what is recommended, the contenders side by side, the line of versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape

from assistant.drawing.tables import tag
from assistant.drawing.words import NAMES, counted, duration, moment
from assistant.verdict.evidence import ContenderEvidence, Measured
from assistant.verdict.gathering import Verdict
from assistant.verdict.lifecycle import Stage
from assistant.verdict.recommendation import Certainty

_CERTAINTY: dict[Certainty, tuple[str, str, str]] = {
    "settled": ("Settled", "good", "Tests and blind votes both prefer it, beyond chance."),
    "likely": ("Likely", "good", "Tests or blind votes prefer it beyond chance; not both yet."),
    "open": ("Open", "warn", "Neither tests nor blind votes tell the contenders apart yet."),
    "contested": ("Contested", "bad", "Tests and blind votes prefer different contenders."),
    "unknown": ("Not measured", "", "Nothing was tested or voted on yet."),
}
_SETS = {
    "all": "on all own tests",
    "recall": "on trained facts, in other words",
    "generalisation": "on sections not trained on",
    "out_of_scope": "on questions to refuse",
}


def recommendation(verdict: Verdict) -> str:
    """The sentence first, with how sure it is, what speaks for it, and what would settle it."""
    said = verdict.recommendation
    word, tone, hint = _CERTAINTY[said.certainty]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in said.reasons)
    warnings = "".join(
        f'<p class="warning">{escape(one)}</p>' for one in (*said.disagreements, *verdict.outdated)
    )
    return (
        '<section class="recommendation"><p class="eyebrow">Verdict</p>'
        f"<h2>{escape(said.sentence)}</h2>"
        f'<p class="certainty"><span title="{escape(hint)}">{tag(word, tone)}</span> '
        f'<span class="quiet">{escape(hint)}</span></p>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}{warnings}"
        f'<p class="settles"><strong>What would help most:</strong> '
        f"{escape(said.next_step.sentence)}</p></section>"
    )


def side_by_side(contenders: Sequence[ContenderEvidence]) -> str:
    """A column for each contender, a row for each thing that matters."""
    rows: list[tuple[str, str, Callable[[ContenderEvidence], str]]] = [
        (
            "Answered rightly",
            "Share of the test questions: all numbers and names of the reference in the answer, "
            "or a refusal where the documents do not say.",
            lambda one: _share(one.quality),
        ),
        (
            "Preferred",
            "Bradley-Terry rating from blind votes: 1000 is the mean, 400 points are odds of ten "
            "to one.",
            _preference,
        ),
        (
            "Grounded",
            "Share of the sentences that a passage of the documents supports.",
            lambda one: _share(one.grounded),
        ),
        (
            "Refused rightly",
            "Share of the questions outside the documents that it refused.",
            lambda one: _share(one.refused_rightly),
        ),
        (
            "First word",
            "Median, asked one at a time.",
            lambda one: _seconds(one.first_word_seconds),
        ),
        (
            "Whole answer",
            "Median, asked one at a time.",
            lambda one: _seconds(one.answer_seconds),
        ),
        (
            "Memory",
            "Most that the process held while it answered.",
            lambda one: "" if one.memory_gib is None else f"{one.memory_gib:.1f} GiB",
        ),
        ("Cost to build", "Indexing, training, or both.", _cost),
        ("When a document changes", "", lambda one: escape(one.freshness)),
    ]
    heads = "".join(f'<th scope="col">{escape(NAMES[one.kind])}</th>' for one in contenders)
    body = []
    for title, hint, cell in rows:
        cells = [cell(one) for one in contenders]
        if any(cells):
            drawn = "".join(f"<td>{text or _NONE}</td>" for text in cells)
            about = f' title="{escape(hint)}"' if hint else ""
            body.append(f'<tr><th scope="row"{about}>{escape(title)}</th>{drawn}</tr>')
    return (
        '<div class="scrolled"><table class="contenders"><caption class="sr">The contenders side '
        f"by side</caption><thead><tr><td></td>{heads}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def lifeline(stages: Sequence[Stage], dated: bool = False) -> str:
    """The versions in the order of time; the next step at the end.

    dated: with whole dates of UTC, for a file that is read on another day.
    """

    def when(at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if dated else moment(at)

    items = "".join(
        f'<li class="stage-{stage.kind}"><strong>{escape(stage.title)}</strong>'
        f"<span>{escape(stage.detail)}</span>"
        f'<small class="quiet">{when(stage.at) if stage.at else ""}</small></li>'
        for stage in stages
    )
    return f'<ol class="lifeline" aria-label="How it came to this">{items}</ol>'


_NONE = '<span class="quiet" title="Not measured yet">–</span>'


def _share(measured: Measured | None) -> str:
    if measured is None:
        return ""
    return f"<strong>{100 * measured.value:.0f} %</strong>{_range(measured)}"


def _range(measured: Measured) -> str:
    return (
        f'<small class="quiet">{100 * measured.low:.0f} to {100 * measured.high:.0f}, '
        f"n = {measured.n}</small>"
    )


def quality_by_set(contenders: Sequence[ContenderEvidence]) -> str:
    """How well each contender handles each set of questions, as bars with their intervals."""
    names = dict.fromkeys(name for one in contenders for name, _ in one.quality_by_set)
    parts = []
    for name in names:
        rows = "".join(
            _bar(one, dict(one.quality_by_set)[name])
            for one in contenders
            if name in dict(one.quality_by_set)
        )
        title = f"Answered rightly {_SETS.get(name, 'on ' + name)}"
        parts.append(
            f'<figure class="bars"><figcaption>{escape(title)}</figcaption>{rows}</figure>'
        )
    return f'<div class="bar-groups">{"".join(parts)}</div>' if parts else ""


def _bar(one: ContenderEvidence, measured: Measured) -> str:
    style = f"kind-{one.kind.replace('+', '-')}"
    said = (
        f"{NAMES[one.kind]}: {100 * measured.value:.0f} % of {counted(measured.n, 'question')}, "
        f"95 % interval {100 * measured.low:.0f} to {100 * measured.high:.0f} %"
    )
    return (
        f'<div class="bar {style}" role="img" aria-label="{escape(said)}" title="{escape(said)}">'
        f'<span>{escape(NAMES[one.kind])}</span><span class="track">'
        f'<i class="fill" style="width:{100 * measured.value:.1f}%"></i>'
        f'<i class="range" style="left:{100 * measured.low:.1f}%;'
        f'width:{100 * (measured.high - measured.low):.1f}%"></i></span>'
        f'<span class="figures">{100 * measured.value:.0f} %{_range(measured)}</span></div>'
    )


def _preference(one: ContenderEvidence) -> str:
    preference = one.preference
    if preference is None:
        return ""
    return (
        f"<strong>{preference.rating:.0f}</strong>"
        f'<small class="quiet">{preference.low:.0f} to {preference.high:.0f}, '
        f"{counted(preference.votes, 'vote')}</small>"
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _cost(one: ContenderEvidence) -> str:
    if one.build_minutes is None:
        return "Nothing to build" if one.kind == "base" else ""
    return duration(60 * one.build_minutes)

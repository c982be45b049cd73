"""Evaluations as HTML: progress, what the newest says, and the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.evaluations import scores, set_name
from assistant.drawing.tables import Column, empty, press, table
from assistant.drawing.words import NAMES, counted, duration, moment
from assistant.evaluation.catalogue import title
from assistant.evaluation.records import Evaluation
from assistant.ui.evaluating import Evaluating
from assistant.ui.notices import notice, progress


def evaluations_address(slug: str, evaluation_id: str, ending: str) -> str:
    """Where an evaluation is to be had; ending: "csv" or "json"."""
    return f"/downloads/{slug}/evaluations/{evaluation_id}.{ending}"


def evaluating_html(state: Evaluating) -> str:
    """How far the evaluation is, or how the last one ended."""
    notes = "".join(notice(note) for note in state.notes)
    if state.failure:
        return notes + notice(state.failure, "warn")
    if not state.active:
        return notes
    if state.progress is None:
        return notes + progress("Loading the model", None)
    going = state.progress
    left = "" if going.seconds_left is None else f"{duration(going.seconds_left)} left"
    speed = f"{going.tokens_per_second:.0f} tokens/s" if going.tokens_per_second else ""
    detail = ", ".join(part for part in (left, speed) if part)
    share = going.done / going.total if going.total else None
    return notes + progress(
        f"{going.stage}: {going.done:,} of {going.total:,}",
        share,
        f"{detail}. Questions in the chat are answered first." if detail else "",
    )


def estimate_html(answers: int, seconds: float | None) -> str:
    """What an evaluation would take. seconds: for one answer, None where none was measured."""
    if not answers:
        return ""
    took = (
        f"about {duration(answers * seconds)}, at the speed of the last evaluation"
        if seconds is not None
        else "how long that takes is not known before a first evaluation here"
    )
    return f'<p class="quiet">{counted(answers, "answer")}: {escape(took)}.</p>'


def evaluations_html(found: Sequence[Evaluation], slug: str, emphasis: Sequence[str] = ()) -> str:
    """The newest finished evaluation in full, and a list of all. emphasis: metrics shown first."""
    if not found:
        return empty(
            "No evaluation yet",
            "Choose questions and contenders above: every answer is scored, with intervals.",
        )
    newest = next((one for one in found if one.finished_at is not None), None)
    return (_details(newest, slug, emphasis) if newest else "") + _list(found, slug)


def _details(evaluation: Evaluation, slug: str, emphasis: Sequence[str]) -> str:
    asked = counted(evaluation.questions, "question")
    return (
        f'<h3 class="section">Evaluation: {escape(set_name(evaluation))}, {asked}</h3>'
        '<p class="quiet">Mean over the questions that the metric applies to, with its 95 % '
        f"interval.{_first(emphasis)}</p>{scores(evaluation, emphasis)}{judged_html(evaluation)}"
        f'<p class="downloads">Every answer with its scores: {_links(evaluation, slug)}</p>'
    )


def _first(emphasis: Sequence[str]) -> str:
    """Which metrics come first and why; "" where the usual order holds."""
    if not emphasis:
        return ""
    *others, last = [title(name) for name in emphasis]
    named = f"{', '.join(others)} and {last}" if others else last
    verb = "come" if others else "comes"
    return f" {escape(named)} {verb} first, as this assistant's purpose asks."


def judged_html(evaluation: Evaluation) -> str:
    """What a judge preferred, and how far it agrees with people; "" where none was asked."""
    judged = evaluation.judged
    if not judged:
        return ""
    names = {one.id: NAMES[one.kind] for one in evaluation.contenders}
    columns = (
        Column("First"),
        Column("Second"),
        Column("First better"),
        Column("Second better"),
        Column("Ties"),
        Column("Orders disagreed"),
        Column("Undecided"),
    )
    rows = [
        (
            escape(names.get(pair["first"], pair["first"])),
            escape(names.get(pair["second"], pair["second"])),
            *(
                f"{pair[key]:,}"
                for key in ("first_wins", "second_wins", "ties", "disagreed", "unread")
            ),
        )
        for pair in judged["pairs"]
    ]
    agreement = judged.get("agreement")
    if agreement is None:
        held = "There are no blind votes to hold it against."
    else:
        kappa = agreement["kappa"]
        chance = "" if kappa is None else f", Cohen's kappa {kappa:.2f}"
        held = (
            f"It agrees with blind votes on {100 * agreement['share']:.0f} % of "
            f"{counted(agreement['n'], 'comparison')}{chance}."
        )
    return (
        f'<p class="quiet">Judge {escape(judged["judge"])}, asked in both orders. '
        f"{escape(held)}</p>{table(columns, rows, 'What the judge preferred')}"
    )


def _list(found: Sequence[Evaluation], slug: str) -> str:
    columns = (
        Column("Begun"),
        Column("Questions"),
        Column("Contenders"),
        Column("State"),
        Column("Answers"),
        Column(""),
    )
    rows = [
        (
            escape(moment(one.created_at)),
            f"{escape(set_name(one))}, {one.questions:,}",
            ", ".join(NAMES[contender.kind] for contender in one.contenders),
            "done" if one.finished_at else "interrupted",
            _links(one, slug),
            press("Delete", "delete", one.id, f"the evaluation begun {moment(one.created_at)}"),
        )
        for one in found
    ]
    return f"<h3 class='section'>Evaluations</h3>{table(columns, rows, 'All evaluations')}"


def _links(evaluation: Evaluation, slug: str) -> str:
    return " ".join(
        f'<a href="{escape(evaluations_address(slug, evaluation.id, ending))}" download>'
        f"{ending.upper()}</a>"
        for ending in ("csv", "json")
    )

"""The command of the review."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from assistant.cli.output import AsJson, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.evaluation.error_report import chosen_evaluation, error_report
from assistant.records import Assistant
from assistant.review.agreement import agreements
from assistant.review.queue import queue_answers, queue_from_chat, queue_sample
from assistant.review.records import ReviewedItem
from assistant.workspace import Workspace


def review(
    name: Name,
    queue: Annotated[
        Literal["chat", "sample", "errors"] | None,
        typer.Option("--queue", help="Queue answers first: judged badly, drawn, or wrong."),
    ] = None,
    evaluation: Annotated[str, typer.Option(help="Its id; the newest where not given.")] = "",
    count: Annotated[int, typer.Option(min=1, help="How many are drawn.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the answers under review with what the experts said; --json exports all of it."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        added = _queue(workspace, assistant, queue, evaluation, count) if queue else None
        items = workspace.store.review_items(assistant.id)
    found = agreements(items)
    if as_json:
        shown: dict[str, Any] = {
            "items": [_item_json(one) for one in items],
            "agreement": [{**asdict(one), "means": one.words} for one in found],
        }
        show_json(shown if added is None else {"queued": added, **shown})
        return
    if added is not None:
        say(f"{added} answers queued.")
    if not items:
        say("No answers are under review: queue some with --queue chat, sample or errors.")
        return
    show_table(
        ("Question", "Answer", "From", "Reviews"),
        [
            (one.item.question, one.item.answer[:80], one.item.origin, len(one.reviews))
            for one in items
        ],
    )
    for agreement in found:
        value = "-" if agreement.alpha is None else f"{agreement.alpha:.2f}"
        say(f"Agreement on {agreement.criterion}: {value} ({agreement.words})")


def _queue(
    workspace: Workspace, assistant: Assistant, source: str, evaluation_id: str, count: int
) -> int:
    store = workspace.store
    if source == "chat":
        return queue_from_chat(store, assistant)
    if source == "sample":
        evaluation = chosen_evaluation(workspace, assistant, evaluation_id)
        drawn = store.evaluated(evaluation.id)
        return queue_sample(store, assistant, drawn, evaluation.id, count)
    report = error_report(workspace, assistant, evaluation_id)
    wrong = [one.evaluated for own in report.classed.values() for one in own if not one.right]
    return queue_answers(store, assistant, wrong, "errors", report.evaluation.id)


def _item_json(one: ReviewedItem) -> dict[str, Any]:
    item = asdict(one.item)
    item["queued_at"] = one.item.queued_at.isoformat()
    return {
        "id": one.item.id,
        **item,
        "reviews": [
            {**asdict(said), "created_at": said.created_at.isoformat()} for said in one.reviews
        ],
    }

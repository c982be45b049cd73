"""Ladder and curves on the training tab: three questions, each a queue of runs and then a curve."""

from __future__ import annotations

import threading
import time
from html import escape
from typing import Any, get_args

import gradio as gr

from assistant.drawing.curves import AXES, sweep_chart, sweep_table
from assistant.drawing.tables import press, tag
from assistant.drawing.words import moment
from assistant.errors import Conflict, InvalidRequest
from assistant.evaluation.progress import EvaluationProgress
from assistant.records import Assistant
from assistant.runs import PRESETS
from assistant.sweeps.planning import plan_sweep
from assistant.sweeps.records import SweepKind
from assistant.sweeps.scoring import score_sweep
from assistant.sweeps.sweeping import (
    SweepStatus,
    continue_sweep,
    start_sweep,
    sweep_status,
    sweeps,
)
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.inline_downloads import csv_link
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data

KINDS: tuple[SweepKind, ...] = get_args(SweepKind)
_QUESTIONS: dict[SweepKind, tuple[str, str]] = {
    "data": (
        "Would more data help?",
        "Trains on 10, 25, 50 and 100 % of the examples, for the same epochs.",
    ),
    "learning-rate": (
        "Another learning rate?",
        "Trains at half, once and twice the learning rate of the preset.",
    ),
    "model": (
        "A larger model?",
        "Trains the base model and the next larger one, which is fetched where it is not here.",
    ),
}
_POLL_SECONDS = 1.5
_MINUTES = 30


class TrainingSweeps:
    """Builds the part inside the current Blocks. preset: State of the chosen preset."""

    def __init__(self, services: Services, places: Places, preset: gr.State) -> None:
        self._services = services
        self._places = places
        self._preset = preset
        self.work = Background("duet-sweep")
        with gr.Accordion("What would help more?", open=False, elem_id="sweeps"):
            self.minutes = gr.Number(
                _MINUTES,
                label="Minutes for the trainings",
                info="Runs that do not fit are left out, and told. Empty: no limit.",
                elem_id="sweep-minutes",
            )
            self.cards = markup(cards_html(), elem_id="sweep-cards")
            self.progress = markup(elem_id="sweep-progress", pressed=False)
            self.stop = gr.Button("Stop the sweep", visible=False, elem_id="sweep-stop")
            self.curve = markup(elem_id="sweep-curve")
            self.chosen = gr.State("")
            self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.view: list[Any] = [places.assistant, self.chosen]
        self.shown: list[Any] = [self.progress, self.stop, self.curve, self.timer]

    def wire(self) -> None:
        self.started = self.cards.click(
            self._start,
            [self._places.assistant, self._preset, self.minutes],
            [self.chosen, *self.shown],
            **QUICK,
        )
        self.curve.click(self._pressed, self.view, [self.chosen, *self.shown], **QUICK)
        self.stop.click(self._stop, self.view, self.shown, **QUICK)
        self.timer.tick(self.values, self.view, self.shown, **QUICK)

    def values(self, assistant_id: str, chosen: str = "") -> list[Any]:
        """A value for each of `shown`."""
        try:
            workspace = self._services.workspace
            assistant = self._services.assistant(assistant_id)
            known = sweeps(workspace, assistant)
            ids = [one.id for one in known]
            status = None
            if ids:
                one = chosen if chosen in ids else ids[0]
                status = sweep_status(workspace, assistant, one)
        except Exception as error:
            off = gr.Timer(active=False)
            return [notice(sentence_of(error), "bad"), shown(False), "", off]
        state = self.work.state(assistant.id)
        others = [(sweep.id, f"{AXES[sweep.kind]}, {moment(sweep.created_at)}") for sweep in known]
        return [
            work_html(state),
            shown(state.active),
            "" if status is None else curve_html(status, others, state.active),
            gr.Timer(active=state.active),
        ]

    def _start(
        self, event: gr.EventData, assistant_id: str, preset: str, minutes: float | None
    ) -> list[Any]:
        pressed = pressed_data(event).get("id", "")
        kind = next((one for one in KINDS if one == pressed), None)
        if kind is None:
            return [gr.skip()] * (1 + len(self.shown))
        try:
            if minutes is not None and minutes <= 0:
                raise InvalidRequest("Give more than 0 minutes, or leave the field empty.")
            assistant = self._services.assistant(assistant_id)
            settings = PRESETS.get(preset, PRESETS["standard"])

            def action(report: Report, cancelled: threading.Event) -> str:
                workspace = self._services.workspace
                planned = plan_sweep(
                    workspace, assistant, kind, settings, minutes or None, progress=report
                )
                report(planned.sentence, 0.0)
                sweep = start_sweep(workspace, assistant, planned, report)
                return self._follow(assistant, sweep.id, report, cancelled)

            if not self.work.start(assistant.id, "Planning the runs", action):
                raise Conflict("A sweep of this assistant is going already: stop it first.")
        except Exception as error:
            values = self.values(assistant_id)
            return ["", notice(sentence_of(error), "bad"), *values[1:]]
        return ["", *self.values(assistant_id)]

    def _pressed(self, event: gr.EventData, assistant_id: str, chosen: str) -> list[Any]:
        data = pressed_data(event)
        sweep_id = data.get("id", "")
        if data.get("action") == "sweep-go":
            try:
                assistant = self._services.assistant(assistant_id)

                def action(report: Report, cancelled: threading.Event) -> str:
                    continue_sweep(self._services.workspace, assistant, sweep_id, report)
                    return self._follow(assistant, sweep_id, report, cancelled)

                self.work.start(assistant.id, "Going on", action)
            except Exception as error:
                return [chosen, notice(sentence_of(error), "bad"), *self.values(assistant_id)[1:]]
        return [sweep_id, *self.values(assistant_id, sweep_id)]

    def _stop(self, assistant_id: str, chosen: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id, chosen)

    def _follow(
        self, assistant: Assistant, sweep_id: str, report: Report, cancelled: threading.Event
    ) -> str:
        """Wait for the runs, then score them. Returns what to say at the end."""
        workspace = self._services.workspace
        status = sweep_status(workspace, assistant, sweep_id)
        while status.state == "training" and not cancelled.is_set():
            count = len(status.runs)
            ended = sum(run is not None and not run.pending for run in status.runs)
            live = next((run for run in status.runs if run is not None and run.live), None)
            last = live.steps[-1] if live is not None and live.steps else None
            share = last.step / last.total_steps if last is not None else 0.0
            report(f"Training run {min(ended + 1, count)} of {count}", (ended + share) / count)
            time.sleep(_POLL_SECONDS)
            status = sweep_status(workspace, assistant, sweep_id)
        if cancelled.is_set():
            self._end_runs(assistant, status)
            return "Stopped: the runs at work are saved, those that waited are taken out."

        def told(step: EvaluationProgress) -> None:
            report(step.stage, step.done / max(step.total, 1))

        status = score_sweep(workspace, assistant, sweep_id, told, cancelled)
        if cancelled.is_set():
            return "Stopped: what is scored is kept."
        return " ".join(status.curve.sentences)

    def _end_runs(self, assistant: Assistant, status: SweepStatus) -> None:
        runs = self._services.workspace.runs(assistant)
        for run in status.runs:
            if run is not None and run.pending:
                runs.stop(run.id)


def cards_html() -> str:
    """The three questions, each with its button."""
    cards = "".join(
        f'<div class="try"><strong>{title}</strong><p>{words}</p>'
        f"{press('Try it', 'sweep', kind, title)}</div>"
        for kind, (title, words) in _QUESTIONS.items()
    )
    return f'<div class="tries">{cards}</div>'


def curve_html(status: SweepStatus, others: list[tuple[str, str]], going: bool) -> str:
    """A sweep: its curve, what it says in words, the figures, and the other sweeps."""
    sweep = status.sweep
    runs = {run.id: run for run in status.runs if run is not None}
    said = [*(one.reason for one in sweep.left_out), *status.curve.sentences]
    failed = [run for run in runs.values() if run.error]
    sentences = "".join(f"<li>{escape(one)}</li>" for one in said)
    faults = "".join(notice(f"{run.title}: {run.error}", "warn") for run in failed)
    state = tag({"training": "Training", "to score": "To be scored", "done": "Done"}[status.state])
    go = ""
    if status.unfinished and not going:
        go = press("Go on", "sweep-go", sweep.id)
    rows = [
        (
            point.label,
            point.run_id,
            point.rows or "",
            *((point.score.mean, point.score.low, point.score.high) if point.score else ("",) * 3),
        )
        for point in status.curve.points
    ]
    levels = (("RAG", status.curve.rag), ("Base model", status.curve.base))
    rows += [(name, "", "", one.mean, one.low, one.high) for name, one in levels if one]
    heads = ["point", "run", "rows", "fact recall", "low", "high"]
    rest = "".join(press(name, "sweep-show", one) for one, name in others if one != sweep.id)
    earlier = f'<p class="presses wrapped">Other sweeps: {rest}</p>' if rest else ""
    return (
        f'<section class="run"><h3>{escape(_QUESTIONS[sweep.kind][0])} {state} {go}</h3>'
        f'<ul class="verdicts">{sentences}</ul>{faults}{sweep_chart(status.curve)}'
        f"{sweep_table(status.curve, runs)}{csv_link('sweep.csv', heads, rows)}{earlier}</section>"
    )

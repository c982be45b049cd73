"""The training tab: presets with their cost, a run while it goes, the queue, earlier runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import gradio as gr

from assistant.registry.readiness import Lacking, lacking, preset_costs
from assistant.registry.waiting import Queued, queue_of, waiting_sentence
from assistant.runs import PRESETS, Run
from assistant.ui.chat_views import Picked
from assistant.ui.dialogs import shown
from assistant.ui.exporting import Exporting
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data
from assistant.ui.training_html import examples_line, preset_cards, queue_html
from assistant.ui.training_measuring import Measuring
from assistant.ui.training_run_html import run_panel
from assistant.ui.training_runs import TrainingRuns
from assistant.ui.training_settings import AdvancedSettings, settings_from, standing
from assistant.ui.training_sweeps import TrainingSweeps
from assistant.ui.training_votes import TrainingVotes

_POLL_SECONDS = 1.5


class TrainingTab:
    """Builds the tab inside the current Blocks. panel: where one run is shown whole.

    view: what `values` is called with. shown: what it gives values for.
    """

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self.preset = gr.State("standard")
        self.run = gr.State("")
        self._build(panel)
        self.view: list[Any] = [
            places.assistant,
            self.preset,
            self.run,
            self.runs.compared,
            self.runs.everything,
        ]
        self.shown: list[Any] = [
            self.line,
            self.mend,
            self.cards,
            self.start,
            self.stop,
            self.compare,
            self.panel,
            self.queue,
            *self.runs.shown,
            self.timer,
        ]
        self._wire()

    def _build(self, panel: gr.HTML) -> None:
        self.line = markup(elem_id="training-line", pressed=False)
        self.mend = gr.Button("Write examples", visible=False, elem_id="training-mend")
        self.cards = markup(elem_id="presets")
        self.advanced = AdvancedSettings()
        self.measuring = Measuring(self._services, self._places)
        with gr.Row(elem_classes="tools"):
            self.start = gr.Button("Train", variant="primary", elem_id="train")
            self.stop = gr.Button("Stop and save", visible=False, elem_id="train-stop")
            self.compare = gr.Button("Compare now", visible=False, elem_id="train-compare")
        self.notice = markup(elem_id="training-notice", pressed=False)
        self.panel = markup(elem_id="run", pressed=False)
        self.queue = markup(elem_id="queue")
        self.sweeps = TrainingSweeps(self._services, self._places, self.preset)
        self.votes = TrainingVotes(self._services, self._places)
        self.runs = TrainingRuns(self._services, self._places, panel, self.run)
        self.exporting = Exporting(self._services, self._places, panel)
        self.timer = gr.Timer(_POLL_SECONDS, active=False)

    def _wire(self) -> None:
        view, said = self.view, [self.notice, *self.shown]
        self.advanced.wire(self.preset)
        self.cards.click(
            self._choose,
            view,
            [self.preset, self.cards, *self.advanced.inputs],
            **QUICK,
        )
        self.started = self.start.click(
            self._train, [*view, *self.advanced.inputs], [self.run, *said], **PRIVATE
        )
        self.stop.click(self._stop, view, said, **QUICK)
        self.runs.table.click(self._pressed, view, [self.run, *said], **QUICK)
        self.queue.click(self._queued, view, said, **QUICK)
        self.timer.tick(self.values, view, self.shown, **QUICK)
        self.runs.wire()
        self.measuring.wire(self.preset, self.advanced.inputs)
        for part in (self.sweeps, self.votes, self.exporting):
            part.wire()
        # A run that a sweep or the votes have begun is shown like any other; one that was named or
        # deleted is so in the panel and in what the buttons offer too.
        for event in (
            self.sweeps.timer.tick,
            self.votes.started.then,
            self.runs.saved.then,
            self.runs.deleted.then,
        ):
            event(self.values, view, self.shown, **QUICK)

    def values(
        self,
        assistant_id: str,
        preset: str = "standard",
        run_id: str = "",
        compared: str = "",
        everything: bool = False,
    ) -> list[Any]:
        """A value for each of `shown`."""
        try:
            workspace = self._services.workspace
            assistant = self._services.assistant(assistant_id)
            runs = workspace.runs(assistant).list()
            splits = [example.split for example in workspace.store.examples(assistant.id)]
            missing = lacking(workspace, assistant)
            cards = preset_cards(preset, preset_costs(workspace, assistant))
            queued = queue_of(workspace.queue)
        except Exception as error:
            same = [gr.skip(), shown(False), shown(False), "", "", "", "", gr.Timer(active=False)]
            return [notice(sentence_of(error), "bad"), shown(False), "", *same]
        live = next((run for run in runs if run.live), None)
        one = chosen(runs, run_id)
        waits = waiting_sentence(queued, one.id) if one is not None else ""
        return [
            examples_line(splits.count("train"), splits.count("validation"), missing),
            _mend(missing),
            cards,
            gr.update(interactive=missing is None, value=_start_label(queued)),
            gr.update(visible=live is not None, interactive=bool(live and live.state == "running")),
            shown(any(run.usable for run in runs) and live is None),
            run_panel(one, waits),
            queue_html(queued),
            *self.runs.values(assistant_id, one.id if one else "", compared, everything),
            gr.Timer(active=any(run.pending for run in runs)),
        ]

    def pair(self, assistant_id: str, run_id: str) -> Picked:
        """Whom to compare: the run with the one before it, or with RAG, else the base model."""
        workspace = self._services.workspace
        assistant = self._services.assistant(assistant_id)
        usable = [run for run in workspace.runs(assistant).list() if run.usable]
        place = next((place for place, run in enumerate(usable) if run.id == run_id), 0)
        one = f"tuned:{usable[place].id}" if place else "tuned"
        if place + 1 < len(usable):
            return Picked(one, f"tuned:{usable[place + 1].id}", True)
        return Picked("base" if workspace.unavailable(assistant, "rag") else "rag", one, True)

    def mending(self, assistant_id: str) -> str:
        """The tab in which what is missing is mended."""
        try:
            missing = lacking(self._services.workspace, self._services.assistant(assistant_id))
        except Exception:
            return "documents"
        return missing.place if missing is not None else "training"

    def _choose(self, event: gr.EventData, assistant_id: str, *rest: Any) -> list[Any]:
        preset = pressed_data(event).get("id", "")
        if preset not in PRESETS:
            return [gr.skip()] * (2 + len(self.advanced.inputs))
        try:
            assistant = self._services.assistant(assistant_id)
            cards = preset_cards(preset, preset_costs(self._services.workspace, assistant))
        except Exception as error:
            cards = notice(sentence_of(error), "bad")
        return [preset, cards, *standing(preset)]

    def _train(
        self,
        assistant_id: str,
        preset: str,
        run_id: str,
        compared: str,
        everything: bool,
        *settings: Any,
    ) -> Iterator[list[Any]]:
        view = (compared, everything)
        same = [gr.skip()] * len(self.shown)
        same[self.shown.index(self.start)] = gr.update(interactive=False)
        yield [gr.skip(), progress("Writing what is to be trained", None), *same]
        try:
            assistant = self._services.assistant(assistant_id)
            run = self._services.workspace.train(assistant, settings_from(preset, settings))
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            yield [gr.skip(), said, *self.values(assistant_id, preset, run_id, *view)]
            return
        text = "Training goes on when you close this page."
        if run.state == "queued":
            text = "It is in the queue and begins by itself, also when this page is closed."
        yield [run.id, notice(text), *self.values(assistant_id, preset, run.id, *view)]

    def _stop(self, assistant_id: str, *rest: Any) -> list[Any]:
        said = ""
        try:
            runs = self._services.workspace.runs(self._services.assistant(assistant_id))
            for run in runs.list():
                if run.live:
                    runs.stop(run.id)
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id, *rest)]

    def _pressed(
        self, event: gr.EventData, assistant_id: str, preset: str, run_id: str, *rest: Any
    ) -> list[Any]:
        data = pressed_data(event)
        action, pressed, said = data.get("action", ""), data.get("id", ""), ""
        if action not in ("show", "resume"):  # those of the list itself
            return [gr.skip()] * (2 + len(self.shown))
        try:
            runs = self._services.workspace.runs(self._services.assistant(assistant_id))
            run = runs.get(pressed)
            if action == "resume":
                run = runs.resume(run.id)
                said = notice(_resumed(run))
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [pressed, said, *self.values(assistant_id, preset, pressed, *rest)]

    def _queued(self, event: gr.EventData, assistant_id: str, *rest: Any) -> list[Any]:
        """Move a waiting run, of whatever assistant, or take it out."""
        data = pressed_data(event)
        slug, _, run_id = data.get("id", "").partition("/")
        said = ""
        try:
            workspace = self._services.workspace
            runs = workspace.runs(workspace.assistant(slug))
            if data.get("action") == "queue-up":
                runs.move(run_id, max((runs.get(run_id).position or 2) - 1, 1))
            elif data.get("action") == "queue-out":
                runs.withdraw(run_id)
                said = notice("Taken out of the queue; it is kept, and can be resumed.", "info")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id, *rest)]


def chosen(runs: list[Run], run_id: str) -> Run | None:
    """The run to show: the one asked for, else the one at work, else the newest that was begun."""
    wanted = (run for run in runs if run.id == run_id)
    live = (run for run in runs if run.live)
    begun = (run for run in runs if run.state != "withdrawn")
    return next(chain(wanted, live, begun, runs), None)


def _mend(missing: Lacking | None) -> dict[str, Any]:
    if missing is None:
        return shown(False)
    return dict(gr.update(visible=True, value=missing.label))


def _start_label(queued: tuple[Queued, ...]) -> str:
    return "Add to the queue" if queued else "Train"


def _resumed(run: Run) -> str:
    if run.state == "queued":
        return "It waits in the queue, and goes on from the last saved step."
    return "Training goes on from the last saved step."

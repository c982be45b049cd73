"""The training tab: a preset, the loss while it falls, stop and save, resume, earlier runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from assistant.errors import InvalidRequest
from assistant.records import Assistant
from assistant.runs import PRESETS, Run, TrainingSettings
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data
from assistant.ui.training_html import examples_line, preset_cards, run_panel, run_table

_POLL_SECONDS = 1.5
_SMALL = 135_000_000  # weights of the built-in model, for the passes that a card names


class TrainingTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self._build()
        self.shown: list[Any] = [
            self.line,
            self.cards,
            self.start,
            self.stop,
            self.panel,
            self.table,
            self.timer,
        ]
        self._wire()

    def _build(self) -> None:
        self.line = markup(elem_id="training-line", pressed=False)
        self.cards = markup(elem_id="presets")
        with gr.Accordion("Advanced", open=False, elem_id="advanced"):
            with gr.Row(elem_classes="numbers"):
                self.epochs = gr.Number(
                    0, label="Passes over the examples", info="0: the preset's choice."
                )
                self.rate = gr.Number(
                    0, label="Learning rate", info="0: chosen by the size of the model."
                )
                self.rank = gr.Number(16, label="Rank", info="Size of the adapter.", precision=0)
                self.alpha = gr.Number(
                    32, label="Alpha", info="Strength: alpha divided by rank.", precision=0
                )
            with gr.Row(elem_classes="numbers"):
                self.batch = gr.Number(8, label="Batch", info="Examples a step.", precision=0)
                self.length = gr.Number(
                    1024,
                    label="Longest example",
                    info="In tokens; longer ones are left out.",
                    precision=0,
                )
                self.seed = gr.Number(
                    0, label="Seed", info="Of the order of examples.", precision=0
                )
        with gr.Row(elem_classes="tools"):
            self.start = gr.Button("Train", variant="primary", elem_id="train")
            self.stop = gr.Button("Stop and save", visible=False, elem_id="train-stop")
        self.notice = markup(elem_id="training-notice", pressed=False)
        self.panel = markup(elem_id="run", pressed=False)
        gr.HTML("<h3 class='section'>Runs</h3>", apply_default_css=False)
        self.table = markup(elem_id="runs")
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.preset = gr.State("standard")
        self.run = gr.State("")

    def _wire(self) -> None:
        where = [self._places.assistant, self.preset, self.run]
        numbers = [
            *(self.epochs, self.rate, self.rank, self.alpha),
            *(self.batch, self.length, self.seed),
        ]
        self.cards.click(self._choose, where, [self.preset, self.cards], **QUICK)
        self.start.click(
            self._train, [*where, *numbers], [self.run, self.notice, *self.shown], **PRIVATE
        )
        self.stop.click(self._stop, where, [self.notice, *self.shown], **QUICK)
        self.table.click(self._pressed, where, [self.run, self.notice, *self.shown], **QUICK)
        self.timer.tick(self.values, where, self.shown, **QUICK)

    def values(self, assistant_id: str, preset: str = "standard", run_id: str = "") -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            runs = self._services.workspace.runs(assistant).list()
            counts = self._counts(assistant)
            cards = self._cards(assistant, preset)
        except Exception as error:
            off = gr.Timer(active=False)
            return [notice(sentence_of(error), "bad"), "", gr.skip(), shown(False), "", "", off]
        live = next((run for run in runs if run.live), None)
        chosen = live or next((run for run in runs if run.id == run_id), runs[0] if runs else None)
        return [
            examples_line(*counts),
            cards,
            gr.update(interactive=counts[0] > 0 and live is None),
            gr.update(visible=live is not None, interactive=bool(live and live.state == "running")),
            run_panel(chosen),
            run_table(runs, chosen.id if chosen else ""),
            gr.Timer(active=live is not None),
        ]

    def _choose(
        self, event: gr.EventData, assistant_id: str, preset: str, run_id: str
    ) -> list[Any]:
        chosen = pressed_data(event).get("id", "")
        if chosen not in PRESETS:
            return [gr.skip(), gr.skip()]
        return [chosen, self._cards(self._services.assistant(assistant_id), chosen)]

    def _train(
        self, assistant_id: str, preset: str, run_id: str, *numbers: float | None
    ) -> Iterator[list[Any]]:
        same = [gr.skip()] * len(self.shown)
        same[2] = gr.update(interactive=False)
        yield [gr.skip(), progress("Starting the training", None), *same]
        try:
            assistant = self._services.assistant(assistant_id)
            run = self._services.workspace.train(assistant, _settings(preset, numbers))
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            yield [gr.skip(), said, *self.values(assistant_id, preset, run_id)]
            return
        said = notice("Training goes on when you close this page.", "info")
        yield [run.id, said, *self.values(assistant_id, preset, run.id)]

    def _stop(self, assistant_id: str, preset: str, run_id: str) -> list[Any]:
        said = ""
        try:
            runs = self._services.workspace.runs(self._services.assistant(assistant_id))
            for run in runs.list():
                if run.live:
                    runs.stop(run.id)
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id, preset, run_id)]

    def _pressed(
        self, event: gr.EventData, assistant_id: str, preset: str, run_id: str
    ) -> list[Any]:
        data = pressed_data(event)
        chosen, said = data.get("id", ""), ""
        try:
            runs = self._services.workspace.runs(self._services.assistant(assistant_id))
            run: Run = runs.get(chosen)
            if data.get("action") == "resume":
                runs.resume(run.id)
                said = notice("Training goes on from the last saved step.", "good")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [chosen, said, *self.values(assistant_id, preset, chosen)]

    def _counts(self, assistant: Assistant) -> tuple[int, int]:
        examples = self._services.workspace.store.examples(assistant.id)
        splits = [example.split for example in examples]
        return splits.count("train"), splits.count("validation")

    def _cards(self, assistant: Assistant, chosen: str) -> str:
        examples = self._services.workspace.store.examples(assistant.id)
        rows = sum(example.split == "train" for example in examples)
        runs = self._services.workspace.runs(assistant)
        epochs = {
            name: settings.settled(rows, _SMALL).epochs or 0.0 for name, settings in PRESETS.items()
        }
        minutes = {
            name: runs.estimate(assistant, examples, settings) if rows else None
            for name, settings in PRESETS.items()
        }
        return preset_cards(chosen, epochs, minutes)


def _settings(preset: str, numbers: tuple[float | None, ...]) -> TrainingSettings:
    """The preset with what was changed by hand. Raises InvalidRequest with every mistake."""
    if preset not in PRESETS:
        raise InvalidRequest("Choose one of the three presets.")
    epochs, rate, rank, alpha, batch, length, seed = numbers
    settings = PRESETS[preset]
    return replace(
        settings,
        epochs=epochs or settings.epochs,
        learning_rate=rate or settings.learning_rate,
        rank=int(rank if rank is not None else settings.rank),
        alpha=int(alpha if alpha is not None else settings.alpha),
        batch_size=int(batch if batch is not None else settings.batch_size),
        max_length=int(length if length is not None else settings.max_length),
        seed=int(seed if seed is not None else settings.seed),
    ).checked()

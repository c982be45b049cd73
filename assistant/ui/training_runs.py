"""Earlier runs on the training tab: listed, one whole, renamed, noted, deleted, side by side."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.errors import NotFound
from assistant.records import Assistant
from assistant.registry import labels
from assistant.registry.comparison import MOST, compare_runs
from assistant.registry.sources import Learned, learned
from assistant.runs import Run
from assistant.ui.dialogs import dialog, shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data
from assistant.ui.training_runs_html import compared_html, run_drawer, run_table

_KEPT = 400  # of what runs learned from, remembered while nothing changes


class TrainingRuns:
    """Builds the list inside the current Blocks. panel: where one run is shown whole.

    chosen: State of the run whose panel is open. compared: ids of those side by side, with commas.
    """

    def __init__(
        self, services: Services, places: Places, panel: gr.HTML, chosen: gr.State
    ) -> None:
        self._services = services
        self._places = places
        self._panel = panel
        self._chosen = chosen
        self._learned: dict[tuple[str, str, int], Learned] = {}
        gr.HTML("<h3 class='section' id='runs-title'>Runs</h3>", apply_default_css=False)
        self.compared = gr.State("")
        self.everything = gr.State(False)
        self.said = markup(elem_id="runs-notice", pressed=False)
        self.beside = markup(elem_id="runs-compared")
        self.table = markup(elem_id="runs")
        self.shown: list[Any] = [self.beside, self.table]
        self._build_dialogs()

    def _build_dialogs(self) -> None:
        self.subject = gr.State("")
        with dialog("Name and note of the run", "Save", "run-dialog") as parts:
            self.name = gr.Textbox(
                label="Name",
                info="How it is called everywhere; empty for none.",
                max_length=labels.LONGEST_NAME,
                max_lines=1,
            )
            self.note = gr.Textbox(
                label="Note",
                info="What you tried, and what you think of it.",
                lines=3,
                max_length=labels.LONGEST_NOTE,
            )
        self.naming = parts.dialog
        with dialog("Delete this run?", "Delete", "run-delete", danger=True) as parts:
            pass
        self.deleting = parts.dialog

    def wire(self) -> None:
        view = [self._places.assistant, self._chosen, self.compared, self.everything]
        state = [self.compared, self.everything]
        for html in (self.table, self.beside):
            html.click(self._pressed, view, [*state, self._panel, self.said, *self.shown], **QUICK)
        dialogs = [
            *(self.subject, self.naming.box, self.naming.notice, self.name, self.note),
            *(self.deleting.box, self.deleting.notice),
        ]
        self._panel.click(self._asked, self._places.assistant, dialogs, **QUICK)
        for one in (self.naming, self.deleting):
            one.wire()
        self.saved = self.naming.sure.click(
            self._save,
            [self.subject, self.name, self.note, *view],
            [self.naming.box, self.naming.notice, self.said, *self.shown],
            **QUICK,
        )
        self.deleted = self.deleting.sure.click(
            self._delete,
            [self.subject, *view],
            [self.deleting.box, self.deleting.notice, self.said, *self.shown],
            **QUICK,
        )

    def values(
        self, assistant_id: str, chosen: str = "", compared: str = "", everything: bool = False
    ) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            runs = self._services.workspace.runs(assistant).list()
            sources = {run.id: self.sources(assistant, run) for run in runs}
        except Exception as error:
            return ["", notice(sentence_of(error), "bad")]
        known = [run.id for run in runs]
        beside = [one for one in compared.split(",") if one in known]
        return [
            self._side_by_side(assistant, beside),
            run_table(runs, sources, chosen, beside, everything),
        ]

    def sources(self, assistant: Assistant, run: Run) -> Learned:
        """What a run learned from, read anew only when the documents have changed.

        Raises DocumentsError.
        """
        generation = self._services.workspace.corpus(assistant).generation
        key = (assistant.id, run.id, generation)
        if key not in self._learned:
            if len(self._learned) >= _KEPT:
                self._learned.clear()
            self._learned[key] = learned(self._services.workspace, assistant, run)
        return self._learned[key]

    def _side_by_side(self, assistant: Assistant, run_ids: list[str]) -> str:
        if not run_ids:
            return ""
        if len(run_ids) == 1:
            return notice("Press “Compare” on another run to see the two side by side.", "info")
        try:
            return compared_html(compare_runs(self._services.workspace, assistant, run_ids))
        except Exception as error:
            return notice(sentence_of(error), "bad")

    def _pressed(
        self,
        event: gr.EventData,
        assistant_id: str,
        chosen: str,
        compared: str,
        everything: bool,
    ) -> list[Any]:
        data = pressed_data(event)
        action, run_id = data.get("action", ""), data.get("id", "")
        panel, said = gr.skip(), ""
        if action in ("show", "resume"):  # the tab's own
            return [gr.skip()] * (4 + len(self.shown))
        try:
            if action == "details":
                panel = self._drawer(self._services.assistant(assistant_id), run_id)
            elif action == "keep":
                runs = self._services.workspace.runs(self._services.assistant(assistant_id))
                kept = labels.keep_trial(runs, run_id)
                said = notice(f"Run {kept.title} answers in the chat as any other run.", "good")
            elif action == "compare":
                compared, said = _toggled(compared, run_id)
            elif action == "compare-none":
                compared = ""
            elif action == "all":
                everything = True
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        values = self.values(assistant_id, chosen, compared, everything)
        return [compared, everything, panel, said, *values]

    def _drawer(self, assistant: Assistant, run_id: str) -> str:
        runs = self._services.workspace.runs(assistant)
        run = runs.get(run_id)
        folder = runs.folder / run.id
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        listed = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]
        return run_drawer(run, self.sources(assistant, run), listed, folder)

    def _asked(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        """A press in the drawer: the dialog that belongs to it."""
        data = pressed_data(event)
        action, run_id = data.get("action", ""), data.get("id", "")
        same = [gr.skip()] * 7
        if action not in ("run-edit", "run-delete"):
            return same
        try:
            run = self._services.workspace.runs(self._services.assistant(assistant_id)).get(run_id)
        except Exception as error:
            same[1:3] = [shown(True), notice(sentence_of(error), "bad")]
            return same
        if action == "run-edit":
            return [run.id, shown(True), "", run.name, run.note, shown(False), ""]
        asked = notice(
            f"Run {run.title} with its weights, checkpoints and curves. Votes and evaluations of "
            "it stay; exports of it too.",
            "warn",
        )
        return [run.id, shown(False), "", gr.skip(), gr.skip(), shown(True), asked]

    def _save(self, run_id: str, name: str, note: str, *view: Any) -> list[Any]:
        try:
            runs = self._services.workspace.runs(self._services.assistant(view[0]))
            labels.rename(runs, run_id, name or "")
            labels.annotate(runs, run_id, note or "")
        except Exception as error:
            return [gr.skip(), notice(sentence_of(error), "bad"), "", *self.values(*view)]
        return [shown(False), "", "", *self.values(*view)]

    def _delete(self, run_id: str, *view: Any) -> list[Any]:
        try:
            runs = self._services.workspace.runs(self._services.assistant(view[0]))
            title = labels.delete(runs, run_id).title
        except NotFound:
            title = run_id
        except Exception as error:
            return [gr.skip(), notice(sentence_of(error), "bad"), "", *self.values(*view)]
        return [shown(False), "", notice(f"Deleted: {title}.", "good"), *self.values(*view)]


def _toggled(compared: str, run_id: str) -> tuple[str, str]:
    """The runs side by side with this one added or taken out, and why not where it cannot be."""
    ids = [one for one in compared.split(",") if one]
    if run_id in ids:
        ids.remove(run_id)
    elif len(ids) >= MOST:
        return compared, notice(f"At most {MOST} runs fit side by side.", "info")
    else:
        ids.append(run_id)
    return ",".join(ids), ""

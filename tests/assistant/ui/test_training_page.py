"""The training tab: what it says before, while and after; its handlers, called without a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from assistant.drawing.charts import Line
from assistant.errors import InvalidRequest
from assistant.exporting.export import CheckedAnswer
from assistant.exporting.kept import KeptExport
from assistant.records import Assistant, Example
from assistant.registry.readiness import Cost, Lacking, lacking
from assistant.registry.sources import DocumentRows, Learned
from assistant.registry.waiting import Queued
from assistant.runs import PRESETS, Run, Step
from assistant.training.estimate import GIB, MemoryEstimate, Preflight
from assistant.training.progress import Sample
from assistant.ui.exporting import exports_html
from assistant.ui.services import Places, Services, markup
from assistant.ui.training import TrainingTab, chosen
from assistant.ui.training_html import examples_line, preset_cards, queue_html
from assistant.ui.training_run_html import loss_chart, run_panel, samples_html
from assistant.ui.training_runs import _toggled
from assistant.ui.training_runs_html import run_drawer, run_table
from assistant.ui.training_settings import FIELDS, changes_html, settings_from, standing

NOW = datetime.now(UTC)
TRAINED = Example("e", "How big?", "1.85.", "written", "train")


@pytest.fixture
def tab(services: Services) -> TrainingTab:
    with gr.Blocks():
        places = Places(*(gr.State("") for _ in range(4)))
        return TrainingTab(services, places, markup())


def press(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def text(values: list[Any]) -> str:
    return " ".join(str(value) for value in values)


def run(state: str = "running", error: str = "", steps: int = 3, **changes: Any) -> Run:
    told = tuple(
        Step(n, 10, n / 5, 3.0 - n / 10, 2.5 if n == steps else None, 210.0, 2.0 * n, 20.0 - 2 * n)
        for n in range(1, steps + 1)
    )
    made = Run(
        id="run-1",
        assistant_id="a",
        created_at=NOW,
        state=state,  # type: ignore[arg-type]
        settings=PRESETS["quick"].settled(100, 135_000_000),
        base_model="builtin",
        base_sha256="",
        data_sha256="",
        rows={"train": 100, "validation": 11},
        adapter=None,
        error=error,
        steps=told,
        untrained_loss=None,
        final={},
    )
    return replace(made, **changes)


def preflight(**changes: Any) -> Preflight:
    made = Preflight(
        "cpu", "a chip", 100, 11, 0, 90, 50, 5, 8, 4, 2, False, False,
        MemoryEstimate(GIB, 0, GIB, 0, GIB), 8 * GIB, 16 * GIB, 10**8, 10**10,
        2 * GIB, 3.0, 6.2,
    )  # fmt: skip
    return replace(made, **changes)


def values_by(field: str, value: Any) -> list[Any]:
    values = standing("standard")
    values[[one.name for one in FIELDS].index(field)] = value
    return values


def test_what_is_missing_is_a_sentence_with_the_button_that_mends_it(
    tab: TrainingTab, services: Services, kettle: Assistant
) -> None:
    store = services.workspace.store
    assert lacking(services.workspace, kettle).place == "examples"  # type: ignore[union-attr]
    empty = services.workspace.create("Bare", "Answers nothing")
    assert lacking(services.workspace, empty).label == "Add documents"  # type: ignore[union-attr]
    assert tab.mending(empty.id) == "documents"
    store.add_examples(kettle.id, [replace(TRAINED, split="recall", fact="f")])
    assert "None of the 1 examples is for training" in str(lacking(services.workspace, kettle))
    values = tab.values(kettle.id)
    assert len(values) == len(tab.shown) and "See the examples" in text(values)
    store.add_examples(kettle.id, [replace(TRAINED, id="f", question="How long?")])
    assert lacking(services.workspace, kettle) is None


def test_training_without_examples_says_what_to_do(tab: TrainingTab, kettle: Assistant) -> None:
    said = list(tab._train(kettle.id, "quick", "", "", False, *standing("quick")))[-1]
    assert "no examples to train on" in text(said)


def test_settings_by_hand_are_checked_together() -> None:
    with pytest.raises(InvalidRequest, match=r"Epochs must be .*; Rank must be"):
        values = values_by("epochs", 9000)
        values[[one.name for one in FIELDS].index("rank")] = 0
        settings_from("standard", values)
    kept = settings_from("thorough", values_by("seed", 7))
    assert (kept.seed, kept.preset, kept.rank) == (7, "thorough", 16)
    assert settings_from("quick", values_by("rank", 8.0)).rank == 8
    assert settings_from("quick", values_by("epochs", 0)).epochs is None, "an empty field is 0"
    with pytest.raises(InvalidRequest):
        settings_from("no such", standing("quick"))


def test_what_differs_from_the_preset_is_said_and_mistakes_beside_the_fields() -> None:
    assert "All values are those of the preset" in changes_html("standard", *standing("standard"))
    assert "Rank 64 in place of 16" in changes_html("standard", *values_by("rank", 64))
    said = changes_html("standard", *values_by("dropout", 2))
    assert "Dropout must be at least 0, below 1" in said and 'role="alert"' in said
    assert "All values" in changes_html("standard", *values_by("rank", None))


def test_presets_say_their_cost_only_where_it_was_measured() -> None:
    measured = Cost(100, 6, 4.0, int(3.1 * GIB), 8 * GIB)
    unknown = Cost(100, 6, None, None, 8 * GIB)
    html = preset_cards("quick", {"quick": measured, "standard": unknown, "thorough": unknown})
    assert "About 4 min here, 3.1 of the 8.0 GiB that are free" in html
    assert html.count("Not measured on this machine yet") == 2
    assert html.count('aria-checked="true"') == 1 and "<b>100 rows</b>" in html
    assert measured.sentence == "about 4 minutes, 3.1 of 8.0 GiB" and unknown.sentence == ""


def test_the_line_above_the_cards() -> None:
    assert "2 more watched" in examples_line(5, 2, None)
    assert "a &lt;b&gt;" in examples_line(0, 0, Lacking("a <b>", "x", "documents"))


def test_a_running_training_says_where_it_is() -> None:
    html = run_panel(run())
    assert "Step 3 of 10, 14 s left" in html and "30 %" in html
    assert "210 tokens/s" in html and "2.70" in html and "<polyline" in html
    assert "The chat goes on meanwhile" in html


def test_a_run_says_what_was_measured_and_what_is_done_otherwise() -> None:
    found = preflight(notices=("8 rows at once do not fit.",))
    html = run_panel(run(preflight=found, notices=("The batch was halved.",)))
    assert "about 6 minutes for 50 steps" in html and "8 rows at once do not fit." in html
    assert "The batch was halved." in html and "a chip" in html


def test_a_training_that_failed_says_why_and_can_be_resumed() -> None:
    failed = run("failed", "The machine ran out of <memory>.")
    assert "out of &lt;memory&gt;." in run_panel(failed) and "3 of 10 steps" in run_panel(failed)
    assert 'data-action="resume"' in run_table([failed], {})
    assert "out of &lt;memory&gt;." in run_table([failed], {})
    assert 'data-action="resume"' not in run_table([run()], {})


def test_early_stopping_is_explained() -> None:
    final = {"stopped_early": True, "steps": 40, "step": 25, "chosen_by": "held-out recall"}
    html = run_panel(run("done", final=final))
    assert "Ended early after step 40" in html
    assert "after step 25 of 40 is kept (held-out recall)" in html


def test_answers_to_the_same_question_stand_beside_each_other() -> None:
    samples = [Sample(n, "How <big>?", "1.85 l", f"said {n}", True, n == 9) for n in (0, 5, 9)]
    html = samples_html(samples)
    assert "Before training" in html and "After step 9" in html and "How &lt;big&gt;?" in html
    assert html.count("said ") == 3 and "Between (1)" in html
    assert samples_html(()) == ""


def test_a_loss_chart_needs_two_points() -> None:
    assert loss_chart(run(steps=1).steps[:0]) == ""
    assert "from 2.90 to 2.70" in loss_chart(run().steps)
    assert Line("x", "compared-0", []).points == []


def test_the_run_shown_is_asked_for_at_work_or_the_newest_that_was_begun() -> None:
    runs = [run(state, id=state) for state in ("withdrawn", "done", "running", "stopped")]
    idle = [one for one in runs if not one.live]
    shown = [chosen(runs, "stopped"), chosen(runs, ""), chosen(idle, "gone"), chosen(idle[:1], "")]
    assert [one and one.id for one in shown] == ["stopped", "running", "done", "withdrawn"]
    assert chosen([], "") is None


def test_the_queue_names_places_and_what_can_be_done() -> None:
    live = Queued("r0", "kestrel", "Kestrel", "", 0, None, 60.0)
    first = Queued("r1", "kestrel", "Kestrel", "mine", 1, 60.0, None)
    second = Queued("r2", "other", "<Other>", "", 2, None, None)
    assert queue_html([live]) == ""
    html = queue_html([live, first, second])
    assert html.count('data-action="queue-up"') == 1 and 'data-id="other/r2"' in html
    assert html.count('data-action="queue-out"') == 2 and "&lt;Other&gt;" in html


def test_long_lists_of_runs_are_shown_in_part() -> None:
    runs = [run("done", id=f"run-{n}") for n in range(23)]
    assert "Show all 23 runs" in run_table(runs, {})
    assert "Show all" not in run_table(runs, {}, everything=True)
    assert "Not trained yet" in run_table([], {})


def test_a_stale_run_is_marked_with_the_count_of_its_rows() -> None:
    known = Learned((DocumentRows("manual.md", 3, 60, 41),), 100, 40)
    html = run_table([run("done", name="N" * 60, note="note <x>")], {"run-1": known})
    assert "41 of 100 rows stale" in html and "note &lt;x&gt;" in html


def test_a_run_whole_shows_all_settings(tab: TrainingTab, kettle: Assistant) -> None:
    known = Learned((DocumentRows("manual.md", 3, 60, 0),), 60, 0)
    html = run_drawer(run("done"), known, [("run.json", 100)], Path("runs"))
    for told in ("Learning rate", "Early-stopping patience", "manual.md", "run.json", "Delete"):
        assert told in html


def test_runs_are_put_side_by_side_and_taken_out() -> None:
    assert _toggled("", "a") == ("a", "")
    assert _toggled("a,b", "a") == ("b", "")
    assert "At most" in _toggled("a,b,c,d,e,f", "g")[1]


def test_runs_are_named_compared_and_deleted(
    tab: TrainingTab, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    first, second = add_run(kettle), add_run(kettle)
    values = text(tab.values(kettle.id))
    assert first in values and "this model answers in the chat" in values
    view = (kettle.id, "", "", False)
    saved = tab.runs._save(first, "The <good> one", "a note", *view)
    assert "The &lt;good&gt; one" in text(saved)
    assert "The &lt;good&gt; one" in tab.values(kettle.id, "standard", first)[6]
    again = tab.runs._save(second, "the <GOOD> one", "", *view)
    assert "is named" in text(again)
    beside = tab.runs._pressed(press(action="compare", id=second), kettle.id, "", first, False)
    assert beside[0] == f"{first},{second}" and "2 runs side by side" in text(beside)
    opened = tab.runs._pressed(press(action="details", id=first), *view)
    assert "manual.md" in str(opened[2]) or "Settings" in str(opened[2])
    asked = tab.runs._asked(press(action="run-delete", id=first), kettle.id)
    assert "Votes and evaluations" in text(asked)
    assert "Deleted: " in text(tab.runs._delete(first, *view))
    assert first not in str(tab.runs.values(*view)[1])


def test_the_panel_follows_a_new_name_and_a_deletion(services: Services) -> None:
    with gr.Blocks() as blocks:
        places = Places(*(gr.State("") for _ in range(4)))
        tab = TrainingTab(services, places, markup())
    after = {fn.trigger_after for fn in blocks.fns.values() if fn.fn == tab.values}
    for act in (tab.runs._save, tab.runs._delete):
        assert {number for number, fn in blocks.fns.items() if fn.fn == act} <= after


def test_a_new_run_is_compared_with_the_one_before(
    tab: TrainingTab, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    first = add_run(kettle)
    assert (tab.pair(kettle.id, "").left, tab.pair(kettle.id, "").right) == ("rag", "tuned")
    add_run(kettle)
    assert tab.pair(kettle.id, "").right == f"tuned:{first}"


def test_a_press_on_what_is_gone_says_so(tab: TrainingTab, kettle: Assistant) -> None:
    view = ("standard", "", "", False)
    gone = tab._pressed(press(action="resume", id="../x"), kettle.id, *view)
    assert 'role="alert"' in text(gone)
    assert 'role="alert"' in text(
        tab._queued(press(action="queue-up", id="no/x"), kettle.id, *view)
    )


def test_votes_that_are_too_few_say_so_on_a_button_that_cannot_be_pressed(
    tab: TrainingTab, kettle: Assistant
) -> None:
    html = text(tab.votes.values(kettle.id))
    assert html.count(" disabled>") == 2 and "DPO needs at least" in html
    said = tab.votes._pressed(press(action="votes", id="dpo"), kettle.id)
    assert "Votes train a model that is tuned already" in text(said)


def test_a_sweep_without_minutes_or_kind_is_refused(tab: TrainingTab, kettle: Assistant) -> None:
    said = tab.sweeps._start(press(id="data"), kettle.id, "quick", -1)
    assert "more than 0 minutes" in text(said)
    assert len(said) == 1 + len(tab.sweeps.shown)
    assert len(tab.sweeps.values(kettle.id)) == len(tab.sweeps.shown)


def test_an_export_says_what_its_check_found() -> None:
    same, other = CheckedAnswer("q", "a", "a"), CheckedAnswer("<q>", "a", "b")
    made = KeptExport("r-gguf", "r", "gguf", Path("x"), (("a.gguf", 10**9),), (same, other), "")
    html = exports_html([made], "kestrel")
    assert "1 of 2 answers are word for word" in html and "&lt;q&gt;" in html
    assert "Download as zip" not in html
    small = replace(made, files=(("a", 5),), checked=(), unchecked="It could not be asked.")
    html = exports_html([small], "kestrel")
    assert "Download as zip" in html and "could not be asked" in html


def test_measuring_says_what_is_wrong_with_the_settings(
    tab: TrainingTab, kettle: Assistant
) -> None:
    said = tab.measuring.start(kettle.id, "standard", *values_by("rank", 0))
    assert "Rank must be" in text(said) and len(said) == len(tab.measuring.shown)

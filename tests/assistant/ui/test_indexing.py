from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from assistant.records import Assistant
from assistant.ui.indexing import Indexer, Indexing
from assistant.workspace import Workspace


def upload(folder: Path, name: str, text: str) -> Path:
    """A file as Gradio leaves an upload: in a folder of its own."""
    path = folder / f"upload-{name}" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return path


def until(reached: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(600):
        if reached():
            return
        waited.wait(0.05)
    raise AssertionError("it did not come to that within 30 s")


def finished(indexer: Indexer, assistant: Assistant) -> Indexing:
    until(lambda: not indexer.state(assistant.id).active)
    return indexer.state(assistant.id)


def test_files_go_in_one_that_cannot_be_read_is_named_and_uploads_are_deleted(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    good = upload(tmp_path, "lid.md", "# Lid\n\nThe lid is made of birch.\n")
    bad = upload(tmp_path, "photo.xyz", "not a document")
    indexer = Indexer(workspace)
    indexer.add(kettle, [good, bad])
    state = finished(indexer, kettle)
    outcomes = {result.name: result.outcome for result in state.results}
    assert outcomes == {"lid.md": "added", "photo.xyz": "failed"}
    assert "photo.xyz" in next(r.reason for r in state.results if r.outcome == "failed")
    assert not good.parent.exists() and not bad.parent.exists()
    assert "lid.md" in [document.name for document in workspace.corpus(kettle).documents()]


def test_a_second_batch_waits_for_the_first(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    indexer = Indexer(workspace)
    for number in range(3):
        path = upload(tmp_path, f"part{number}.md", f"# Part {number}\n\nIt is {number} cm long.\n")
        indexer.add(kettle, [path])
    state = finished(indexer, kettle)
    assert [result.outcome for result in state.results] == ["added"] * 3


def test_a_batch_that_waits_is_dropped_when_stopped(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    held, begun = threading.Event(), threading.Event()
    corpus = workspace.corpus(kettle)
    encode = corpus.embedder.encode

    def slow(texts: object, progress: object = None) -> object:
        begun.set()
        held.wait(30)
        return encode(texts, progress)  # type: ignore[arg-type]

    corpus.embedder.encode = slow  # type: ignore[method-assign, assignment]
    indexer = Indexer(workspace)
    indexer.add(kettle, [upload(tmp_path, "one.md", "# One\n\nIt is one.\n")])
    until(begun.is_set)
    waiting = upload(tmp_path, "two.md", "# Two\n\nIt is two.\n")
    indexer.add(kettle, [waiting])
    assert indexer.state(kettle.id).waiting == 1
    indexer.cancel(kettle.id)
    held.set()
    finished(indexer, kettle)
    assert not waiting.exists()
    assert "two.md" not in [document.name for document in corpus.documents()]


def test_nothing_was_added_yet(workspace: Workspace, kettle: Assistant) -> None:
    assert Indexer(workspace).state(kettle.id) == Indexing()

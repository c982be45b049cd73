"""The embedding model of an assistant: which it is, and changing it while it serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.carried_threshold import CosineScale, carried_over
from assistant.errors import InvalidRequest, documents_mapped
from assistant.records import Assistant
from assistant.workspace import Workspace
from retrieval.self_check import MOST_DOCUMENTS, SelfCheckReport, check_documents

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EmbedderChange:
    """What a change of the embedding model came to.

    passages: how many are searched with it now. longer: how many of these are longer than it takes
    in whole, so that their ends are not searched by meaning. check: whether documents are found.
    """

    assistant: Assistant
    passages: int
    longer: int
    check: SelfCheckReport


def embedder_of(workspace: Workspace, assistant: Assistant) -> str:
    """The name of the embedding model that the documents are searched with.

    Raises DocumentsError.
    """
    with documents_mapped():
        return workspace.corpus(assistant).embedder_chosen or assistant.embedder


def change_embedder(
    workspace: Workspace,
    assistant: Assistant,
    name: str,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> EmbedderChange:
    """Search the assistant's documents with another embedding model from now on.

    Passages stay as they were cut, so that examples, citations and held-out sections stay valid;
    only their vectors are made anew, while the model of before goes on serving. Ended early, the
    same change goes on where it stopped. The threshold of relevance is carried over to the scale of
    the new cosines. progress: passages done, and of how many.

    Raises InvalidRequest for no name, DocumentsError where the model cannot be had, the change was
    stopped or the disk is full; the assistant is then searched as before. NotFound where the
    assistant was deleted meanwhile.
    """
    if not name.strip():
        raise InvalidRequest("Name an embedding model: builtin, a hub id or a local folder.")
    folder = Path(name.strip()).expanduser()
    name = str(folder.absolute()) if folder.is_dir() else name.strip()
    embedder = workspace.embedder(name)
    with documents_mapped():
        corpus, retriever = workspace.corpus(assistant), workspace.retriever(assistant)
        present = corpus.embedder
        longer = corpus.reembed(embedder, name, progress, cancelled)
        current = workspace.store.assistant(assistant.id)  # another window may have changed it
        settings = current.retrieval
        if present.name != embedder.name:
            before, after = CosineScale.of(present), CosineScale.of(embedder)
            settings = carried_over(settings, before, after)
        assistant = replace(current, embedder=name, retrieval=settings)
        workspace.store.update_assistant(assistant)
        check = check_documents(retriever, corpus.documents(), MOST_DOCUMENTS)
        return EmbedderChange(assistant, len(corpus.passages()), longer, check)

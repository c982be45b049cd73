"""Where vectors are searched, by the settings, and that they are deleted with their assistant."""

from __future__ import annotations

from collections.abc import Callable

from assistant.errors import documents_mapped
from assistant.settings import Settings
from retrieval.corpus import Corpus
from retrieval.index import IndexChoice
from retrieval.retriever import Retriever


def retriever_over(corpus: Corpus, settings: Settings) -> Retriever:
    """The search over a corpus with the engine of the settings."""
    choice = IndexChoice(settings.vector_index, settings.milvus_token)
    return Retriever(corpus, index_choice=choice)


def forget_vectors(settings: Settings, retriever: Callable[[], Retriever]) -> None:
    """Remove the vectors of what is searched from where they are outside the assistant's folder.

    Raises DocumentsError where a server does not answer: nothing was removed then.
    """
    if settings.vector_index:
        with documents_mapped():
            retriever().forget_index()

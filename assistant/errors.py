"""Every way in which the core can fail.

DuetError
├── NotFound               no assistant, run, comparison, conversation or example of that name
├── InvalidRequest         the request itself is wrong: all its mistakes are listed together
├── Conflict               the thing exists already, or is in use
├── VoteRefused            the comparison cannot be voted on, or the voter has voted
├── ModelError             a model or adapter is missing, damaged or does not fit
├── GenerationError        the backend failed while answering
├── ExamplesError          examples cannot be read, or none are left to train on
├── TrainingError          a run could not be started, or failed
├── ExportError            a model could not be exported; nothing was left behind
├── StoreError             the database or the folder cannot be read or written
└── DocumentsError         a failure of the retrieval layer, mapped at the edge

The text of an error is one sentence for the person who caused it: what happened, what was kept, and
what to do. A failure is never stored as an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retrieval.errors import RetrievalError


class DuetError(Exception):
    """Base of all errors of this package."""


class NotFound(DuetError):
    """Nothing of that name exists."""


class InvalidRequest(DuetError):
    """The request is wrong."""


class Conflict(DuetError):
    """The thing exists already or is in use."""


class VoteRefused(DuetError):
    """The vote changes nothing."""


class ModelError(DuetError):
    """A model or adapter cannot be had."""


class GenerationError(DuetError):
    """The backend failed while answering."""


class ExamplesError(DuetError):
    """Examples cannot be read or used."""


class TrainingError(DuetError):
    """A run could not be started, or failed."""


class ExportError(DuetError):
    """A model could not be exported."""


class StoreError(DuetError):
    """The database or the folder cannot be read or written."""


class DocumentsError(DuetError):
    """Reading, indexing or searching documents failed."""


@contextmanager
def documents_mapped() -> Iterator[None]:
    """Map the errors of the retrieval layer to `DocumentsError`, keeping their sentence."""
    try:
        yield
    except RetrievalError as error:
        raise DocumentsError(str(error)) from error

"""Every way in which reading, indexing or searching documents can fail.

RetrievalError
├── DocumentError          one file; the others of the same request still go in
│   ├── UnsupportedFormat
│   ├── EmptyDocument
│   ├── EncryptedDocument
│   │   └── PasswordNeeded
│   ├── OversizedDocument
│   └── UnreadableDocument
├── DocumentNotFound
├── EmbedderError          the embedding model is missing, changed or cannot be loaded
├── CorpusLocked           another process is writing to the same corpus
├── QuestionsError         a file of test questions has faults; each is named with its line
├── CorpusError            the folder cannot be read or written (disk full, damaged, no permission)
│   └── VectorServerError  the server that holds the vectors does not answer
└── Cancelled              the caller asked to stop; what was finished before is kept

The text of an error is one sentence for the person who caused it: what happened and what to do.
"""


class RetrievalError(Exception):
    """Base of all errors of this package."""


class DocumentError(RetrievalError):
    """One file could not be taken in."""


class UnsupportedFormat(DocumentError):
    """The ending or content of the file is not one that Duet reads."""


class EmptyDocument(DocumentError):
    """The file holds no text."""


class EncryptedDocument(DocumentError):
    """The file asks for a password."""


class PasswordNeeded(EncryptedDocument):
    """The file can be read with its password: none was given, or not the right one."""


class OversizedDocument(DocumentError):
    """The file, or the text in it, is larger than the limit."""


class UnreadableDocument(DocumentError):
    """The file is damaged or its reader failed."""


class DocumentNotFound(RetrievalError):
    """No document of that name or id is in the corpus."""


class EmbedderError(RetrievalError):
    """The embedding model is missing, does not match its hash, or cannot be loaded."""


class CorpusLocked(RetrievalError):
    """Another process is writing to the corpus."""


class QuestionsError(RetrievalError):
    """A file of test questions was not taken."""


class CorpusError(RetrievalError):
    """The corpus folder cannot be read or written."""


class VectorServerError(CorpusError):
    """The server that holds the vectors cannot be used."""


class Cancelled(RetrievalError):
    """The caller asked to stop; finished documents are kept."""

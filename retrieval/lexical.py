"""Words: BM25 over SQLite's FTS5, in the corpus's own file and transactions.

FTS5 rather than bm25s: a document is added or removed in a moment where bm25s rebuilds everything,
and its recall is no worse (tests/benchmarks/retrieval_quality.py).
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_TOKENIZER = "porter unicode61 remove_diacritics 2"
# What stands over a text: the title only where there is no heading path.
_ABOVE = "iif(title = '', heading_path, title)"

LEXICAL_SCHEMA = (
    "CREATE VIRTUAL TABLE lexical USING fts5 (heading_path, text, content = 'passages', "
    f"content_rowid = 'id', tokenize = '{_TOKENIZER}')",
    "CREATE VIRTUAL TABLE lexical_terms USING fts5vocab ('lexical', 'row')",
)

STOP_WORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being "
    "between both but by can could did do does doing down during each few for from further had "
    "has have having he her here hers him his how i if in into is it its itself just many may me "
    "might more most much must "
    "my no nor not now of off on once only or other our ours out over own s same she should so "
    "some such t than that the their theirs them then there these they this those through to too "
    "under until up very was we were what when where which while who whom why will with would you "
    "your yours d ll m re ve".split()
)
_WORD = re.compile(r"\w+(?:[.,:/_-]\w+)*")
_QUERY_WORDS = 64
# A common word is in a great part of the passages: only the rows that are wanted leave SQLite.
_BEST = """
WITH scored AS (SELECT rowid AS id, -bm25(lexical) AS score FROM lexical WHERE lexical MATCH ?1)
SELECT id, score FROM (SELECT id, score FROM scored ORDER BY score DESC, id LIMIT ?2)
UNION SELECT id, score FROM scored WHERE id IN (SELECT value FROM json_each(?3))
ORDER BY score DESC, id
"""


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """Passages that hold a word of the question: ids and BM25, both of shape (n,).

    All BM25 are above 0, larger is better.
    """

    ids: np.ndarray[tuple[int], np.dtype[np.int64]]
    scores: np.ndarray[tuple[int], np.dtype[np.float64]]


def index_passage(connection: sqlite3.Connection, passage_id: int) -> None:
    """Take in a stored passage."""
    connection.execute(
        f"INSERT INTO lexical (rowid, heading_path, text) SELECT id, {_ABOVE}, text "
        "FROM passages WHERE id = ?",
        (passage_id,),
    )


def forget_version(connection: sqlite3.Connection, document_id: str, version: int) -> None:
    """Take out the searched passages of a version; call it while they are still stored as such."""
    connection.execute(
        "INSERT INTO lexical (lexical, rowid, heading_path, text) SELECT 'delete', id, "
        f"{_ABOVE}, text FROM passages WHERE document_id = ? AND version = ? AND searched",
        (document_id, version),
    )


def question_words(question: str) -> list[str]:
    """The words to look for: no stop words unless there is nothing else, each once."""
    words = list(dict.fromkeys(_WORD.findall(question.casefold())))
    telling = [word for word in words if word not in STOP_WORDS]
    return (telling or words)[:_QUERY_WORDS]


def bm25(
    connection: sqlite3.Connection, question: str, top: int | None = None, among: Sequence[int] = ()
) -> LexicalScores:
    """BM25 (k1 1.2, b 0.75) of every passage that holds a word of the question.

    A compound such as `AX-200` or `1.8` counts as a phrase. top: only of that many best ones, and
    of those of the ids `among` that hold a word; best first then.
    """
    words = question_words(question)
    rows: list[tuple[int, float]] = []
    if words:
        query = " OR ".join(f'"{word}"' for word in words)
        if top is None:
            rows = connection.execute(
                "SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ?", (query,)
            ).fetchall()
        else:
            rows = connection.execute(_BEST, (query, top, json.dumps(list(among)))).fetchall()
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    table = table[table[:, 1] > 0]
    return LexicalScores(table[:, 0].astype(np.int64), table[:, 1])


class TermWeights:
    """Inverse document frequencies of a question's terms, to say how much of it a passage holds."""

    def __init__(self, connection: sqlite3.Connection, question: str) -> None:
        words = [word for word in question_words(question) if word not in STOP_WORDS]
        terms = set(terms_of(" ".join(words)))
        total = connection.execute("SELECT count(*) FROM passages WHERE searched").fetchone()[0]
        self._weights = {term: _idf(total, _document_frequency(connection, term)) for term in terms}
        self._sum = sum(self._weights.values())

    def overlap(self, text: str) -> float:
        """Share in [0, 1] of the question's IDF mass whose terms the text holds.

        0 for a question of stop words alone.
        """
        if not self._sum:
            return 0.0
        held = self._weights.keys() & set(terms_of(text))
        return sum(self._weights[term] for term in held) / self._sum


class TermRarity:
    """Inverse document frequencies over the whole corpus, each looked up once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        row = connection.execute("SELECT count(*) FROM passages WHERE searched").fetchone()
        self._total = int(row[0])
        self._known: dict[str, float] = {}

    def idf(self, term: str) -> float:
        """Of a stem as `terms_of` gives it; above 0."""
        if term not in self._known:
            holding = _document_frequency(self._connection, term)
            self._known[term] = _idf(self._total, holding)
        return self._known[term]


def _document_frequency(connection: sqlite3.Connection, term: str) -> int:
    row = connection.execute("SELECT doc FROM lexical_terms WHERE term = ?", (term,)).fetchone()
    return int(row[0]) if row else 0


def _idf(total: int, holding: int) -> float:
    """ln(1 + (N - n + 0.5) / (n + 0.5)), as in Lucene: above 0 for every n."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


class _Analyser:
    """FTS5's own tokenizer, reached through a scratch index in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.execute(
            f"CREATE VIRTUAL TABLE scratch USING fts5 (text, tokenize = '{_TOKENIZER}')"
        )
        self._connection.execute(
            "CREATE VIRTUAL TABLE scratch_terms USING fts5vocab ('scratch', 'row')"
        )

    def terms(self, text: str) -> list[str]:
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                self._connection.execute("INSERT INTO scratch VALUES (?)", (text,))
                rows = self._connection.execute("SELECT term FROM scratch_terms").fetchall()
            finally:
                self._connection.execute("ROLLBACK")
        return [row[0] for row in rows]


_analyser: _Analyser | None = None
_analyser_lock = threading.Lock()


def terms_of(text: str) -> Sequence[str]:
    """The distinct stems of a text, just as the index holds them."""
    global _analyser
    with _analyser_lock:
        if _analyser is None:
            _analyser = _Analyser()
    return _analyser.terms(text)

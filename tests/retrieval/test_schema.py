"""Folders of an earlier version of Duet, opened by this one."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from retrieval import schema
from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder
from retrieval.errors import CorpusError
from retrieval.lexical import bm25
from retrieval.loaders.parsed import Block, Parsed
from retrieval.retriever import Retriever
from retrieval.splitter import split

# As version 1 made it, word for word.
VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    removed_at TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX documents_name ON documents (name) WHERE removed_at IS NULL;
CREATE TABLE versions (
    document_id TEXT NOT NULL REFERENCES documents (id),
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    pages INTEGER,
    passages INTEGER NOT NULL,
    words INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    added_at TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (document_id, version)
);
CREATE INDEX versions_sha256 ON versions (sha256);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL REFERENCES documents (id),
    version INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    live INTEGER NOT NULL,
    page INTEGER,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    section TEXT NOT NULL,
    content TEXT NOT NULL,
    heading_path TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX passages_version ON passages (document_id, version);
CREATE INDEX passages_content ON passages (content);
CREATE INDEX passages_live ON passages (id) WHERE live;
CREATE TABLE vectors (content TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE lexical USING fts5 (heading_path, text, content = 'passages',
    content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE lexical_terms USING fts5vocab ('lexical', 'row');
PRAGMA user_version = 1;
"""

SHARED = (
    "The grinder is cleaned once a week. Take out the hopper, brush the burrs and wipe the funnel "
    "with a dry cloth. After 200 cups the burrs are replaced by a workshop in Lyon."
)
TEXTS = {"a.txt": SHARED, "b.txt": SHARED.replace("Take", "Please take"), "c.txt": "A green lamp."}


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """A folder of version 1: three documents, the third of them in its second version."""
    embedder = HashingEmbedder()
    connection = sqlite3.connect(tmp_path / "corpus.db")
    connection.executescript(VERSION_1)
    meta = {"generation": "7", "corpus_id": "c0", "embedder": embedder.name, "dimension": "64"}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    for name, text in TEXTS.items():
        [draft] = split(Parsed(text, (Block(0, len(text), "text", (), None),)), embedder)
        vector = embedder.encode([draft.indexed_text])[0].astype("<f4").tobytes()
        for version in (1, 2) if name == "c.txt" else (1,):
            connection.execute(
                "INSERT INTO versions VALUES (?, ?, ?, 9, NULL, 1, 3, '[]', "
                "'2026-03-03T00:00:00+00:00', ?)",
                (name, version, f"{name}{version}", text),
            )
            live = name != "c.txt" or version == 2
            connection.execute(
                "INSERT INTO passages (document_id, version, ordinal, live, start, stop, section, "
                "content, heading_path, text) VALUES (?, ?, 0, ?, 0, ?, ?, ?, '[]', ?)",
                (name, version, live, len(text), draft.section, draft.content, text),
            )
            if live:
                connection.execute(
                    "INSERT INTO lexical (rowid, heading_path, text) "
                    "VALUES (last_insert_rowid(), '[]', ?)",
                    (text,),
                )
        connection.execute("INSERT INTO documents VALUES (?, ?, ?, NULL)", (name, name, version))
        connection.execute("INSERT INTO vectors VALUES (?, ?)", (draft.content, vector))
    connection.commit()
    connection.close()
    return tmp_path


def test_a_folder_of_version_1_is_brought_up_in_place(version_1: Path) -> None:
    corpus = Corpus.open(version_1, HashingEmbedder())
    assert [(d.name, d.version, d.duplicates, d.language) for d in corpus.documents()] == [
        ("a.txt", 1, 0, "en"),
        ("b.txt", 1, 1, "en"),
        ("c.txt", 2, 0, None),
    ]
    assert all(document.self_check is None for document in corpus.documents())
    assert [p.id for p in corpus.passages()] == [1, 2, 4]
    assert corpus.generation == 8
    assert corpus.identity == "c0"
    hits = Retriever(corpus).search("hopper burrs lamp", top=10)
    assert {(h.passage.document, h.also_in) for h in hits} == {
        ("a.txt", ("b.txt",)),
        ("c.txt", ()),
    }
    corpus.remove("a.txt")
    [hit] = Retriever(corpus).search("hopper", top=1)
    assert hit.passage.document == "b.txt"
    corpus.close()


def test_it_is_searched_just_as_a_corpus_made_new(version_1: Path, tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for name, text in TEXTS.items():
        (uploads / name).write_text(text, encoding="utf-8")
    new = Corpus.open(tmp_path / "new", HashingEmbedder())
    new.add([uploads])
    old = Corpus.open(version_1, HashingEmbedder())
    found = [
        [(h.passage.document, h.also_in, h.bm25 > 0) for h in Retriever(c).search("lamp burrs")]
        for c in (old, new)
    ]
    assert found[0] == found[1]
    tables = []
    for corpus in (old, new):
        corpus.close()
        with sqlite3.connect(corpus.folder / "corpus.db") as connection:
            columns = "SELECT m.name, c.name, c.type FROM sqlite_master m, "
            columns += "pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2"
            indexes = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1"
            tables.append([connection.execute(sql).fetchall() for sql in (columns, indexes)])
            connection.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
        connection.close()
    assert tables[0] == tables[1]


def test_passages_of_before_keep_their_vectors_and_new_ones_have_a_title(
    version_1: Path, tmp_path: Path
) -> None:
    Corpus.open(version_1, HashingEmbedder()).close()
    database = sqlite3.connect(version_1 / "corpus.db")
    database.executescript("ALTER TABLE passages DROP COLUMN title; PRAGMA user_version = 2;")
    database.close()
    corpus = Corpus.open(version_1, HashingEmbedder())
    for passage in corpus.passages():
        digest = hashlib.sha256(passage.text.encode()).hexdigest()
        with corpus.snapshot() as snapshot:
            assert digest in snapshot.known_vectors([digest])
        assert passage.indexed_text == passage.text
    changed = tmp_path / "c.txt"
    changed.write_text("A green lamp, and a red one.", encoding="utf-8")
    corpus.add([changed])
    [passage] = corpus.passages("c.txt")
    assert passage.indexed_text == "c\nA green lamp, and a red one."
    corpus.remove("c.txt")
    with corpus.snapshot() as snapshot:
        assert not len(bm25(snapshot.connection, "lamp").ids)
    corpus.close()


def test_ended_in_the_middle_it_is_usable_and_begun_again(
    version_1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "place", _ended)
        with pytest.raises(KeyboardInterrupt):
            Corpus.open(version_1, HashingEmbedder())
    with sqlite3.connect(version_1 / "corpus.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute(
            "SELECT count(*) FROM lexical WHERE lexical MATCH 'hopper'"
        ).fetchone() == (2,)
    connection.close()
    corpus = Corpus.open(version_1, HashingEmbedder())
    assert len(corpus.documents()) == 3
    corpus.close()


def test_a_full_disk_leaves_version_1(version_1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "place", full)
        with pytest.raises(CorpusError, match="is full: what was stored before is kept"):
            Corpus.open(version_1, HashingEmbedder())
    corpus = Corpus.open(version_1, HashingEmbedder())
    assert len(corpus.documents()) == 3
    corpus.close()


def _ended(*_: object) -> None:
    raise KeyboardInterrupt

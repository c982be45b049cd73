"""Zip archives: members become documents, harmful ones cost a sentence."""

from __future__ import annotations

import base64
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.corpus import Corpus, Limits
from retrieval.documents import AddResult, IndexingProgress
from retrieval.embedder import HashingEmbedder
from retrieval.errors import OversizedDocument, UnreadableDocument
from retrieval.loaders.archive import Bounds, unpack

Write = Callable[[str, str | bytes], Path]
BOUNDS = Bounds(file_bytes=1_000_000, unpacked_bytes=3_000_000, members=50)


@pytest.fixture
def packed(tmp_path: Path) -> Callable[[str, dict[str, str | bytes]], Path]:
    def made(name: str, members: dict[str, str | bytes]) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return made


Packed = Callable[[str, dict[str, str | bytes]], Path]


def outcomes(results: list[AddResult]) -> list[tuple[str, str]]:
    return [(result.name, result.outcome) for result in results]


def test_members_become_documents_in_the_place_of_the_archive(
    corpus: Corpus, packed: Packed, write: Write
) -> None:
    archive = packed("a.zip", {"in/one.md": "# One\n\nFirst.", "two.txt": "Second."})
    reports: list[IndexingProgress] = []
    results = corpus.add(
        [write("z.txt", "Last."), archive, write("b.txt", "Third.")], reports.append
    )
    assert outcomes(results) == [
        ("z.txt", "added"),
        ("a.zip/in/one.md", "added"),
        ("a.zip/two.txt", "added"),
        ("b.txt", "added"),
    ]
    assert corpus.text("a.zip/in/one.md") == "One\n\nFirst."
    assert reports[-1].documents_done == reports[-1].documents_total == 4
    assert outcomes(corpus.add([archive])) == [
        ("a.zip/in/one.md", "unchanged"),
        ("a.zip/two.txt", "unchanged"),
    ]


def test_a_new_version_of_a_member_replaces_the_old_one(corpus: Corpus, packed: Packed) -> None:
    corpus.add([packed("a.zip", {"one.md": "Old words."})])
    (result,) = corpus.add([packed("a.zip", {"one.md": "New words."})])
    assert result.outcome == "replaced"
    assert [document.version for document in corpus.documents()] == [2]


def test_each_bad_member_has_its_sentence_and_the_others_go_in(
    corpus: Corpus, packed: Packed, tmp_path: Path
) -> None:
    archive = packed(
        "a.zip",
        {
            "good.md": "Good words.",
            "../../climbed.md": "out",
            "/etc/absolute.md": "out",
            "C:\\windows.md": "out",
            "empty.md": "",
            "picture.png": "x",
            "inner.zip": "PK",
            "__MACOSX/._good.md": "junk",
            ".hidden.md": "hidden",
            "folder/": "",
        },
    )
    results = {result.name: result for result in corpus.add([archive])}
    failed = {name: result.reason for name, result in results.items() if result.outcome == "failed"}
    assert [name for name in results if name not in failed] == ["a.zip/good.md"]
    assert "leads out of its archive" in failed["a.zip/../../climbed.md"]
    assert "leads out of its archive" in failed["a.zip//etc/absolute.md"]
    assert "leads out of its archive" in failed["a.zip/C:/windows.md"]
    assert "empty file" in failed["a.zip/empty.md"]
    assert "not in a format" in failed["a.zip/picture.png"]
    assert "archive within an archive" in failed["a.zip/inner.zip"]
    assert len(failed) == 6
    assert all(name in reason for name, reason in failed.items())
    assert not list(tmp_path.parent.rglob("climbed.md"))


def test_a_bomb_is_refused_by_what_it_declares(corpus: Corpus, packed: Packed) -> None:
    bomb = packed("bomb.zip", {f"{number}.txt": bytes(150 * 2**20) for number in range(8)})
    assert bomb.stat().st_size < 2 * 2**20
    (result,) = corpus.add([bomb])
    assert result.outcome == "failed"
    assert "bomb.zip unpacks to more than 1024 MiB" in result.reason


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_is_read(
    packed: Packed, tmp_path: Path
) -> None:
    bomb = packed("bomb.zip", {"a.txt": bytes(50_000_000)})
    data = bytearray(bomb.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 10)  # the declared size
    bomb.write_bytes(data)
    (member,) = unpack(bomb, bomb.name, tmp_path, BOUNDS, ())
    assert member.file == "" and "damaged" in member.reason
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if path != bomb) == 0


def test_members_count_against_the_whole(packed: Packed, tmp_path: Path) -> None:
    many = packed("many.zip", {f"{number}.txt": "x" for number in range(51)})
    with pytest.raises(OversizedDocument, match="holds 51 files"):
        unpack(many, many.name, tmp_path, BOUNDS, ())
    large = packed("large.zip", {"a.txt": bytes(1_500_000), "b.txt": b"fits"})
    refused, taken = unpack(large, large.name, tmp_path, BOUNDS, ())
    assert "more than the limit" in refused.reason and taken.file == "1"


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"no archive", bytes(100)])
def test_what_is_no_archive(corpus: Corpus, write: Write, content: bytes) -> None:
    (result,) = corpus.add([write("a.zip", content)])
    assert "a.zip is damaged or not a zip archive" in result.reason


def test_an_archive_without_files(corpus: Corpus, packed: Packed) -> None:
    (result,) = corpus.add([packed("a.zip", {"folder/": ""})])
    assert "a.zip holds no files" in result.reason


def test_a_member_named_as_another_file(corpus: Corpus, packed: Packed, write: Write) -> None:
    write("in/a.zip/one.md", "Of the folder.")
    write("in/b.txt", "b")
    archive = packed("a.zip", {"one.md": "Of the archive."})
    results = corpus.add([archive, write("in/b.txt", "b").parent])
    assert sorted(outcomes(results)) == [
        ("a.zip/one.md", "added"),
        ("a.zip/one.md", "failed"),
        ("b.txt", "added"),
    ]


def test_a_damaged_member_costs_itself(packed: Packed, tmp_path: Path) -> None:
    path = packed("a.zip", {"a.txt": "first words " * 50, "b.txt": "second"})
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(data)
    first, second = unpack(path, path.name, tmp_path, BOUNDS, ())
    assert "damaged" in first.reason and second.file


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_of_another_packing_costs_itself(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "first words " * 50, compress_type=method)
        archive.writestr("b.txt", "second")
    data = bytearray(path.read_bytes())
    for place in range(45, 60):
        data[place] ^= 0x5A
    path.write_bytes(data)
    first, second = unpack(path, path.name, tmp_path, BOUNDS, ())
    assert "a.txt is damaged" in first.reason and second.file


def test_names_that_deceive_are_shown_as_they_are(corpus: Corpus, packed: Packed) -> None:
    results = corpus.add([packed("a.zip", {"a\u202egpj.md": "Words.", "b\nc.md": "Others."})])
    assert outcomes(results) == [("a.zip/a\ufffdgpj.md", "added"), ("a.zip/b\ufffdc.md", "added")]


# Made by `zip -P secret`: the library that reads locked archives cannot write them.
LOCKED = base64.b64decode(
    "UEsDBAoACQAAAHeRdl2074IVKAAAABwAAAAIAAAAbm90ZS50eHRuqGN8n3kUiai2avMnbvcB3NJ2v5aXthnimh37"
    "Fj6dQIc5uk8uqUN6UEsHCLTvghUoAAAAHAAAAFBLAQIeAwoACQAAAHeRdl2074IVKAAAABwAAAAIAAAAAAAAAAEA"
    "AACkgQAAAABub3RlLnR4dFBLBQYAAAAAAQABADYAAABeAAAAAAA="
)


def test_a_locked_archive_asks_for_its_password(corpus: Corpus, write: Write) -> None:
    path = write("l.zip", LOCKED)
    (asked,) = corpus.add([path])
    assert (asked.name, asked.outcome, asked.needs_password) == ("l.zip/note.txt", "failed", True)
    assert "l.zip/note.txt asks for a password" in asked.reason
    (wrong,) = corpus.add([path], passwords={"": "guess"})
    assert wrong.needs_password and "does not open with the password given" in wrong.reason
    (right,) = corpus.add([path], passwords={"l.zip": "secret"})
    assert right.outcome == "added" and not right.needs_password
    assert corpus.text("l.zip/note.txt") == "Locked words of the archive."


def test_limits_of_an_archive_are_those_of_the_corpus(tmp_path: Path, packed: Packed) -> None:
    corpus = Corpus.open(tmp_path / "small", HashingEmbedder(), Limits(members=1))
    results = corpus.add([packed("a.zip", {"a.md": "x", "b.md": "y"})])
    assert "holds 2 files" in results[0].reason
    corpus.close()


def test_unpack_raises_for_a_damaged_directory(packed: Packed, tmp_path: Path) -> None:
    path = packed("a.zip", {"a.txt": "words"})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UnreadableDocument, match=r"a\.zip is damaged"):
        unpack(path, path.name, tmp_path, BOUNDS, ())

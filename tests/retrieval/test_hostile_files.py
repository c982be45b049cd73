"""Files that are damaged, harmful, locked or merely odd: each gets its sentence, none gets out."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval import errors
from retrieval.corpus import Corpus
from retrieval.reader import Limits, Reader

Write = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits(seconds=60)) as reader:
        yield reader


def read(reader: Reader, path: Path) -> str:
    reader.check(path, path.name)
    return reader.read(path, path.name).text


def test_a_linked_file_is_not_read_into_a_document(
    reader: Reader, shared_data: Path, make_docx: Callable[..., Path], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of this machine", encoding="utf-8")
    original = shared_data / "documents" / "markitdown" / "rlink.docx"
    pointed = tmp_path / "rlink.docx"
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(pointed, "w") as target:
        for entry in source.infolist():
            data = source.read(entry).replace(
                b"file:///tmp/test_rlink.txt", secret.as_uri().encode()
            )
            target.writestr(entry.filename, data)
    text = read(reader, pointed)
    assert "secret" not in text
    assert "YSBzZWNyZXQ" not in text  # "a secret" in base64


def test_shift_jis_is_recognised(reader: Reader, shared_data: Path) -> None:
    text = read(reader, shared_data / "documents" / "markitdown" / "test_mskanji.csv")
    assert "名前: 佐藤太郎; 年齢: 30; 住所: 東京" in text


@pytest.mark.parametrize("name", ["evil.html", "evil.md"])
def test_scripts_and_remote_images_are_no_text(reader: Reader, write: Write, name: str) -> None:
    text = read(
        reader,
        write(
            name,
            "<p>Before</p>\n<script>steal()</script>\n<SCRIPT src='https://evil.example/x.js'>"
            "more()</SCRIPT>\n<img src='https://evil.example/t.png' onerror='steal()' alt=''>\n"
            "<style>body{}</style>\n<iframe src='https://evil.example'></iframe>\n<p>After</p>\n",
        ),
    )
    assert text.split() == ["Before", "After"]


def test_an_empty_file(reader: Reader, write: Write) -> None:
    with pytest.raises(errors.EmptyDocument, match=r"empty\.md is an empty file"):
        read(reader, write("empty.md", b""))


@pytest.mark.parametrize("content", ["  \n\n \t", "---\ntitle: x\n---\n", "<!-- x -->"])
def test_a_file_without_words(reader: Reader, write: Write, content: str) -> None:
    with pytest.raises(errors.EmptyDocument, match="holds no text"):
        read(reader, write("blank.md", content))


def test_binary_under_a_text_name(reader: Reader, write: Write) -> None:
    with pytest.raises(errors.UnreadableDocument, match=r"notes\.txt is not a text file"):
        read(reader, write("notes.txt", bytes(range(256)) * 40))


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
def test_text_under_another_name(reader: Reader, write: Write, name: str) -> None:
    with pytest.raises(errors.UnreadableDocument, match=name):
        read(reader, write(name, "plain words"))


def test_an_encrypted_word_file(reader: Reader, write: Write) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(errors.EncryptedDocument, match="password"):
        read(reader, write("locked.docx", data))


def test_a_zip_bomb_is_not_unpacked(reader: Reader, make_docx: Callable[..., Path]) -> None:
    bomb = make_docx("bomb.docx", ["x"], {"word/media/zeros.bin": bytes(300 * 1024 * 1024)})
    assert bomb.stat().st_size < 1024 * 1024
    with pytest.raises(errors.OversizedDocument, match="unpacks to more than"):
        read(reader, bomb)


def test_a_zip_with_names_that_climb_out(
    reader: Reader, make_docx: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_docx("climb.docx", ["harmless words"], {"../../climbed.txt": b"out"})
    assert read(reader, path) == "harmless words"
    assert not list(tmp_path.parent.rglob("climbed.txt"))


def test_entities_that_multiply(reader: Reader, tmp_path: Path) -> None:
    laughs = '<!DOCTYPE w [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9)
    )
    document = (
        f'<?xml version="1.0"?>{laughs}]><w:document xmlns:w="http://schemas.openxmlformats.org/'
        'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body>'
        "</w:document>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("word/document.xml", document)
    path = tmp_path / "laughs.docx"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(errors.DocumentError, match=r"laughs\.docx"):
        read(reader, path)


def test_one_endless_line(reader: Reader, write: Write) -> None:
    text = read(reader, write("line.txt", "word " * 200_000))
    assert len(text) == 5 * 200_000 - 1


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv", "a.json", "a.py", "a.rst"])
def test_ten_megabytes_without_a_line_break(reader: Reader, write: Write, name: str) -> None:
    words = "word " * 1_900_000
    line = f'["{words}"]' if name == "a.json" else words
    try:
        assert len(read(reader, write(name, line))) > 9_000_000
    except errors.DocumentError as error:  # a sentence is an answer too, a crash is none
        assert name in str(error)


def test_an_endless_line_becomes_passages(corpus: Corpus, write: Write) -> None:
    (result,) = corpus.add([write("line.txt", "words without an end " * 20_000)])
    assert result.outcome == "added"
    assert result.document is not None and result.document.passages > 100


def test_too_much_text(write: Write) -> None:
    with (
        Reader(Limits(text_characters=1000)) as reader,
        pytest.raises(errors.OversizedDocument, match="more than the limit of 1,000"),
    ):
        read(reader, write("long.txt", "word " * 300))


def test_too_large_a_file(write: Write) -> None:
    with (
        Reader(Limits(file_bytes=1024 * 1024)) as reader,
        pytest.raises(errors.OversizedDocument, match="more than the limit of 1 MiB"),
    ):
        read(reader, write("large.txt", b"x" * (3 * 1024 * 1024)))


def test_a_file_that_needs_too_much_memory_and_the_next_one(write: Write) -> None:
    with Reader(Limits(memory_bytes=200 * 1024 * 1024)) as reader:
        with pytest.raises(errors.OversizedDocument, match="memory"):
            read(reader, write("heavy.txt", b"line\n\n" * 12_000_000))
        assert read(reader, write("light.txt", "light enough")) == "light enough"


def test_a_file_that_takes_too_long_and_the_next_one(write: Write) -> None:
    slow = write("slow.md", ("**" + "a" * 60 + " ") * 300 + "\n")
    with (
        Reader(Limits(seconds=0.001)) as reader,
        pytest.raises(errors.UnreadableDocument, match="took longer"),
    ):
        read(reader, slow)
    with Reader(Limits()) as reader:
        assert "a" * 60 in read(reader, slow)


def test_a_reader_killed_from_outside_and_the_next_file(write: Write) -> None:
    with Reader(Limits()) as reader:
        assert read(reader, write("a.txt", "first")) == "first"
        assert reader._own is not None
        (child,) = reader._own._waiting
        os.kill(child.pid, signal.SIGKILL)
        while child.alive:
            time.sleep(0.01)
        assert read(reader, write("b.txt", "second")) == "second"
        assert read(reader, write("c.txt", "third")) == "third"


def test_a_module_in_the_current_folder_is_not_run(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')", encoding="utf-8")
    path = write("a.txt", "words")
    monkeypatch.chdir(tmp_path)
    with Reader(Limits()) as reader:
        assert read(reader, path) == "words"

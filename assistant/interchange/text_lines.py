"""The lines of a text file of unknown encoding, one at a time and none of endless length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ExamplesError

LONGEST_LINE = 4_000_000  # characters; an example of more is none
_CHUNK = 1 << 20  # bytes
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file and the encoding that all of it can be read in."""

    path: Path
    encoding: str

    @property
    def guessed(self) -> bool:
        """Whether nothing in the file says its encoding, and it is not UTF-8."""
        return self.encoding == "cp1252"

    def lines(self, newline: str | None = None) -> Iterator[str | None]:
        """Each line with its end, None for one that is longer than LONGEST_LINE.

        newline: as `open` takes it. Raises ExamplesError where the file cannot be read any more.
        """
        try:
            with self.path.open(encoding=self.encoding, newline=newline) as file:
                while line := file.readline(LONGEST_LINE):
                    whole = len(line) < LONGEST_LINE or line[-1] in "\r\n"
                    while not whole:
                        rest = file.readline(LONGEST_LINE)
                        whole = not rest or rest[-1] in "\r\n"
                        line = ""
                    yield line or None
        except OSError as error:
            raise unreadable(self.path, error) from error


def text_file(path: Path) -> TextFile:
    """The file with its encoding: by its byte order mark, else UTF-8, else Windows-1252.

    Raises ExamplesError where it cannot be read, is in none of these, or is no text.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        marks = (name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark))
        encoding = next(marks, "utf-8")
        fault = _undecodable(path, encoding)
        if fault is None:
            return TextFile(path, encoding)
        if encoding == "utf-8" and _undecodable(path, "cp1252") is None:
            return TextFile(path, "cp1252")
    except OSError as error:
        raise unreadable(path, error) from error
    raise ExamplesError(f"{path.name} is in an unknown encoding (line {fault}): save it as UTF-8.")


def unreadable(path: Path, error: OSError) -> ExamplesError:
    """The error for a file that the system does not give."""
    return ExamplesError(
        f"{path.name} cannot be read ({error.strerror or error}): nothing was taken in."
    )


def _undecodable(path: Path, encoding: str) -> int | None:
    """The line whose bytes the encoding does not have, None where it has all of them.

    Raises ExamplesError for a text that holds NUL, as only what is no text does.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            content = file.read(_CHUNK)
            try:
                text = decoder.decode(content, final=not content)
            except UnicodeDecodeError as error:
                # A decoder may hold back bytes of the chunk before; they hold no line end.
                return line + error.object[: error.start].count(b"\n")
            if "\0" in text:
                raise ExamplesError(
                    f"{path.name} is not a text file: save it as UTF-8 JSONL or CSV, or as Parquet."
                )
            if not content:
                return None
            line += text.count("\n")

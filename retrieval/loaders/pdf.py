"""PDF through pypdfium2: text with page numbers, headings by the size of their letters."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import EmptyDocument, PasswordNeeded, UnreadableDocument
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder
from retrieval.loaders.text import add_paragraph

_SIGNATURE_BYTES = 1024
_WRONG_PASSWORD = 4
_LETTERS_OF_A_TEXT_PAGE = 8
_HEADING_RATIO = 1.12
_HEADING_WORDS = 14
_RUNNING_SHARE = 0.6
_NUMBER = re.compile(r"\d+|\b[ivxlc]+$")
_HYPHEN = re.compile(r"(?<=\w)[\u00ad\ufffe\u0002]\r?\n?(?=\w)")
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]")


@dataclass(frozen=True, slots=True)
class _Line:
    """size: height of the letters in points, 0 where unknown."""

    text: str
    size: float


def read_pdf(path: Path, name: str, opening: Opening) -> Parsed:
    """A PDF file. Raises PasswordNeeded, EmptyDocument for scans, UnreadableDocument."""
    import pypdfium2

    with path.open("rb") as file:
        if b"%PDF-" not in file.read(_SIGNATURE_BYTES):
            raise UnreadableDocument(
                f"{name} is not a PDF inside, whatever its name says: add the original document."
            )
    document = _opened(path, name, opening.passwords)
    try:
        pages = [_lines(document, number) for number in range(len(document))]
    except pypdfium2.PdfiumError as error:
        raise _damaged(name) from error
    finally:
        document.close()
    return _put_together(pages, name)


def _opened(path: Path, name: str, passwords: tuple[str, ...]) -> Any:
    import pypdfium2

    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(path, password=password)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) != _WRONG_PASSWORD:
                raise _damaged(name) from error
    if passwords:
        raise PasswordNeeded(f"{name} does not open with the password given: try another.")
    raise PasswordNeeded(f"{name} asks for a password: give it, or save a copy without one.")


def _damaged(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged and cannot be opened: open it in a PDF viewer and save it again."
    )


def _put_together(pages: list[list[_Line]], name: str) -> Parsed:
    blank = [number for number, lines in enumerate(pages, 1) if not _has_text(lines)]
    if len(blank) == len(pages):
        raise EmptyDocument(
            f"{name} holds no text, only pictures of its pages ({_counted(len(pages))}): "
            "run text recognition (OCR) over it and add the result."
        )
    pages = _without_running_heads(pages)
    levels = _heading_levels(pages)
    builder = TextBuilder()
    for number, lines in enumerate(pages, 1):
        builder.page = number
        for level, text in _stretches(lines, levels):
            if level:
                builder.heading(text, level)
            else:
                for paragraph in _paragraphs(text):
                    add_paragraph(builder, paragraph)
    warnings: tuple[str, ...] = ()
    if blank:
        warnings = (f"{_counted(len(blank))} of {len(pages)} hold no text (pictures only).",)
    return builder.parsed(pages=len(pages), warnings=warnings)


def _without_running_heads(pages: list[list[_Line]]) -> list[list[_Line]]:
    """The pages without the first or last line that most of them share but for the page number."""
    inked = [[line for line in lines if line.text.strip()] for lines in pages]
    for place in (0, -1):
        edges = Counter(
            _NUMBER.sub("#", lines[place].text.strip()) for lines in inked if len(lines) > 2
        )
        running = {
            text
            for text, count in edges.items()
            if count >= max(2, _RUNNING_SHARE * len(pages)) and text
        }
        inked = [
            [
                line
                for number, line in enumerate(lines)
                if number != place % len(lines)
                or _NUMBER.sub("#", line.text.strip()) not in running
            ]
            for lines in inked
        ]
    return inked


def _lines(document: Any, number: int) -> list[_Line]:
    import pypdfium2.raw as raw

    page = document[number]
    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range(errors="replace")
        lines = []
        place = 0
        for line in text.split("\n"):
            inked = place + len(line) - len(line.lstrip())
            size = raw.FPDFText_GetFontSize(text_page.raw, inked) if line.strip() else 0.0
            lines.append(_Line(line.rstrip("\r"), _height(raw, text_page, inked, size)))
            place += len(line) + 1
        return lines
    finally:
        text_page.close()
        page.close()


def _height(raw: Any, text_page: Any, place: int, size: float) -> float:
    """The font size on the page: documents often set size 1 and scale by the text's matrix."""
    if size <= 0:
        return 0.0
    matrix = raw.FS_MATRIX()
    if not raw.FPDFText_GetMatrix(text_page.raw, place, ctypes.byref(matrix)):
        return round(size, 1)
    return float(round(size * (matrix.c**2 + matrix.d**2) ** 0.5, 1))


def _has_text(lines: list[_Line]) -> bool:
    return sum(character.isalnum() for line in lines for character in line.text) >= (
        _LETTERS_OF_A_TEXT_PAGE
    )


def _heading_levels(pages: list[list[_Line]]) -> dict[float, int]:
    """Level of each letter size that is clearly above that of the running text, 1 the largest."""
    weights: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            if line.size:
                weights[line.size] += len(line.text.strip())
    if not weights:
        return {}
    body, letters = weights.most_common(1)[0]
    if letters < sum(weights.values()) / 3:
        return {}  # no size is the running text: a form or a poster, whose sizes say little
    larger = sorted((size for size in weights if size >= body * _HEADING_RATIO), reverse=True)
    return {size: min(level, 4) for level, size in enumerate(larger, 1)}


def _stretches(lines: list[_Line], levels: dict[float, int]) -> Iterator[tuple[int, str]]:
    """Runs of lines as (heading level or 0, text); a heading over two lines is one."""
    run: list[str] = []
    run_level = 0
    for line in lines:
        level = levels.get(line.size, 0)
        if not _is_title(line.text):
            level = 0
        if level != run_level and run:
            yield run_level, _joined(run, run_level)
            run = []
        run_level = level
        run.append(line.text)
    if run:
        yield run_level, _joined(run, run_level)


def _is_title(text: str) -> bool:
    return (
        sum(character.isalpha() for character in text) >= 3 and len(text.split()) <= _HEADING_WORDS
    )


def _joined(run: list[str], level: int) -> str:
    text = _HYPHEN.sub("", (" " if level else "\n").join(run))
    return _PRESENTATION_FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)


def _paragraphs(text: str) -> Iterator[str]:
    """Lines that fill the column run on; a short line ends its paragraph."""
    lines = [line.rstrip() for line in text.split("\n")]
    widest = max((len(line) for line in lines), default=0)
    paragraph: list[str] = []
    for line in lines:
        if line.strip():
            paragraph.append(line)
        ends = not line.strip() or len(line) < 0.75 * widest
        if ends and paragraph and (not line.strip() or _ends_sentence(paragraph[-1])):
            yield "\n".join(paragraph)
            paragraph = []
    if paragraph:
        yield "\n".join(paragraph)


def _ends_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?", ":"))


def _counted(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"

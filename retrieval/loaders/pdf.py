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
from retrieval.loaders.hyphens import Hyphens
from retrieval.loaders.ocr import recognised, tesseract
from retrieval.loaders.opening import Opening
from retrieval.loaders.page_edges import without_running_heads
from retrieval.loaders.page_lines import Line
from retrieval.loaders.page_tables import cells_of, with_tables
from retrieval.loaders.parsed import Parsed, TextBuilder
from retrieval.loaders.right_to_left import in_logical_order
from retrieval.loaders.text import add_paragraph

_SIGNATURE_BYTES = 1024
_WRONG_PASSWORD = 4
_LETTERS_OF_A_TEXT_PAGE = 8
_HEADING_RATIO = 1.12
_HEADING_WORDS = 14
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]")


def read_pdf(path: Path, name: str, opening: Opening) -> Parsed:
    """A PDF file. Raises PasswordNeeded, EmptyDocument for scans, UnreadableDocument.

    Pages without text are recognised by Tesseract where it is installed, which a warning tells.
    """
    import pypdfium2

    with path.open("rb") as file:
        if b"%PDF-" not in file.read(_SIGNATURE_BYTES):
            raise UnreadableDocument(
                f"{name} is not a PDF inside, whatever its name says: add the original document."
            )
    document = _opened(path, name, opening.passwords)
    try:
        pages = [_lines(document, number) for number in range(len(document))]
        scanned = _scanned(document, pages, opening)
    except pypdfium2.PdfiumError as error:
        raise _damaged(name) from error
    finally:
        document.close()
    return _put_together(pages, scanned, name)


@dataclass(frozen=True, slots=True)
class _Scanned:
    """Numbers, from 1, of pages read by OCR and of those left without text. able: is OCR here."""

    read: tuple[int, ...]
    unread: tuple[int, ...]
    able: bool

    def warnings(self) -> tuple[str, ...]:
        """What to tell of them."""
        told = []
        if self.read:
            told.append(
                f"Read by text recognition (OCR), so letters may be wrong: {_named(self.read)}."
            )
        if self.unread and self.able:
            told.append(f"Pictures in which text recognition found no text: {_named(self.unread)}.")
        elif self.unread:
            told.append(
                f"Pictures only, without text: {_named(self.unread)}; install Tesseract and add "
                "the file again to have them read."
            )
        return tuple(told)


def _scanned(document: Any, pages: list[list[Line]], opening: Opening) -> _Scanned:
    """Fill in the pages that have no text but something drawn on them."""
    program = tesseract()
    read, unread = [], []
    for place, lines in enumerate(pages):
        if _has_text(lines):
            continue
        page = document[place]
        try:
            if next(iter(page.get_objects(max_depth=1)), None) is None:
                continue  # an empty page
            opening.working()
            text = recognised(page, program, opening.ocr_seconds) if program else ""
        finally:
            page.close()
        found = [Line(line) for line in text.split("\n")]
        if _has_text(found):
            pages[place] = found
            read.append(place + 1)
        else:
            unread.append(place + 1)
    opening.working()
    return _Scanned(tuple(read), tuple(unread), program is not None)


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


def _put_together(pages: list[list[Line]], scanned: _Scanned, name: str) -> Parsed:
    if not any(map(_has_text, pages)):
        raise EmptyDocument(_nothing_there(pages, scanned, name))
    body = _body_size(pages)
    pages, told = without_running_heads(pages, body)
    levels = _heading_levels(pages)
    hyphens = Hyphens(lambda: "\n".join(line.text for lines in pages for line in lines))
    builder = TextBuilder()
    for number, lines in enumerate(pages, 1):
        builder.page = number
        for part in with_tables(lines):
            if isinstance(part, str):
                builder.lines(part)
                continue
            for level, text in _stretches(part, levels, hyphens):
                if level:
                    builder.heading(text, level)
                else:
                    for paragraph in _paragraphs(text):
                        add_paragraph(builder, paragraph)
    return builder.parsed(pages=len(pages), warnings=(*scanned.warnings(), *told))


def _nothing_there(pages: list[list[Line]], scanned: _Scanned, name: str) -> str:
    counted = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
    if not scanned.unread:
        return f"{name} holds no text ({counted}): add a file with words in it."
    if scanned.able:
        return (
            f"{name} holds only pictures ({counted}), and text recognition found no text in them: "
            "add a sharper scan or the original document."
        )
    return (
        f"{name} holds no text, only pictures of its pages ({counted}): install Tesseract and add "
        "it again, or run text recognition (OCR) over it elsewhere."
    )


def _named(pages: tuple[int, ...]) -> str:
    """Page numbers as people write them: `pages 1-3, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1][1:] = [page]
        else:
            runs.append([page])
    shown = ", ".join("-".join(map(str, run)) for run in runs)
    return f"page {shown}" if len(pages) == 1 else f"pages {shown}"


def _lines(document: Any, number: int) -> list[Line]:
    import pypdfium2.raw as raw

    page = document[number]
    text_page = page.get_textpage()
    try:
        text = in_logical_order(text_page, text_page.get_text_range(errors="replace"))
        lines = []
        place = 0
        for line in text.split("\n"):
            after = place + len(line) + 1
            inked = place + len(line) - len(line.lstrip())
            size = top = 0.0
            if line.strip():
                size = raw.FPDFText_GetFontSize(text_page.raw, inked)
                top = text_page.get_charbox(inked)[3]
            line = line.rstrip("\r")
            height = _height(raw, text_page, inked, size)
            lines.append(Line(line, height, top, cells_of(text_page, line, place, height)))
            place = after
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


def _has_text(lines: list[Line]) -> bool:
    return sum(character.isalnum() for line in lines for character in line.text) >= (
        _LETTERS_OF_A_TEXT_PAGE
    )


def _weights(pages: list[list[Line]]) -> Counter[float]:
    """Characters in each letter size."""
    weights: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            if line.size:
                weights[line.size] += len(line.text.strip())
    return weights


def _body_size(pages: list[list[Line]]) -> float:
    """The letter size of most of the text, 0 where it is unknown."""
    weights = _weights(pages)
    return weights.most_common(1)[0][0] if weights else 0.0


def _heading_levels(pages: list[list[Line]]) -> dict[float, int]:
    """Level of each letter size that is clearly above that of the running text, 1 the largest."""
    weights = _weights(pages)
    if not weights:
        return {}
    body, letters = weights.most_common(1)[0]
    if letters < sum(weights.values()) / 3:
        return {}  # no size is the running text: a form or a poster, whose sizes say little
    larger = sorted((size for size in weights if size >= body * _HEADING_RATIO), reverse=True)
    return {size: min(level, 4) for level, size in enumerate(larger, 1)}


def _stretches(
    lines: list[Line], levels: dict[float, int], hyphens: Hyphens
) -> Iterator[tuple[int, str]]:
    """Runs of lines as (heading level or 0, text); a heading over two lines is one."""
    run: list[str] = []
    run_level = 0
    for line in lines:
        level = levels.get(line.size, 0)
        if not _is_title(line.text):
            level = 0
        if level != run_level and run:
            yield run_level, _joined(run, run_level, hyphens)
            run = []
        run_level = level
        run.append(line.text)
    if run:
        yield run_level, _joined(run, run_level, hyphens)


def _is_title(text: str) -> bool:
    return (
        sum(character.isalpha() for character in text) >= 3 and len(text.split()) <= _HEADING_WORDS
    )


def _joined(run: list[str], level: int, hyphens: Hyphens) -> str:
    text = hyphens.joined("\n".join(run))
    if level:
        text = text.replace("\n", " ")
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

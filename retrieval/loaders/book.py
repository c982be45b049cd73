"""EPUB: the chapters in their order, each with its headings."""

from __future__ import annotations

import io
import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from retrieval.errors import EncryptedDocument, UnreadableDocument
from retrieval.loaders.office import check_package
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder
from retrieval.loaders.web import add_html

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html")
_FONT_LOCKS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(path: Path, name: str, _: Opening) -> Parsed:
    """An EPUB book. Raises EncryptedDocument for copy protection, UnreadableDocument."""
    data = path.read_bytes()
    check_package(data, name, "EPUB", "EPUB", _CONTAINER)
    builder = TextBuilder()
    missing = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            _refuse_protected(book, name)
            opf = _rootfile(_xml(book.read(_CONTAINER)))
            package = _xml(book.read(opf))
            if title := _text(package, "title"):
                builder.heading(title, 1)
            for place in _spine(package, posixpath.dirname(opf)):
                try:
                    source = book.read(place).decode("utf-8", "replace")
                except KeyError:
                    missing += 1
                    continue
                add_html(builder, source, name, within=1)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise UnreadableDocument(
            f"{name} is damaged as a book: open it in a reading program and save it again."
        ) from error
    warnings = (f"{missing} chapters are named but missing in the file.",) if missing else ()
    return builder.parsed(warnings=warnings)


def _refuse_protected(book: zipfile.ZipFile, name: str) -> None:
    """Locked fonts do not matter; locked chapters do."""
    if _ENCRYPTION not in book.namelist():
        return
    methods = [
        node.get("Algorithm", "")
        for node in _xml(book.read(_ENCRYPTION)).iter()
        if str(node.tag).endswith("}EncryptionMethod")
    ]
    if any(method not in _FONT_LOCKS for method in methods):
        raise EncryptedDocument(
            f"{name} is protected against copying, so its text cannot be read: add a copy without "
            "protection."
        )


def _xml(data: bytes) -> Any:
    """Raises ValueError where it is no XML."""
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def _rootfile(container: Any) -> str:
    for node in container.iter():
        if str(node.tag).endswith("}rootfile"):
            return str(node.get("full-path", ""))
    raise ValueError("no package is named")


def _text(package: Any, wanted: str) -> str:
    for node in package.iter():
        if str(node.tag).endswith("}" + wanted) and node.text:
            return str(node.text)
    return ""


def _spine(package: Any, folder: str) -> list[str]:
    """Names in the archive of the chapters, in reading order."""
    places = {}
    order = []
    for node in package.iter():
        kind = str(node.tag).rpartition("}")[2]
        navigation = "nav" in (node.get("properties") or "").split()
        if kind == "item" and node.get("media-type") in _PAGES and not navigation:
            href = unquote(node.get("href") or "").partition("#")[0]
            places[node.get("id")] = posixpath.normpath(posixpath.join(folder, href))
        elif kind == "itemref":
            order.append(node.get("idref"))
    return [places[reference] for reference in order if reference in places]

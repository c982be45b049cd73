"""XML: a feed (RSS, Atom) as its items, anything else as its elements with their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retrieval.errors import UnreadableDocument
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line
from retrieval.loaders.text import refuse_binary
from retrieval.loaders.web import add_html

_ITEMS = frozenset(("item", "entry"))
_BODIES = ("encoded", "content", "description", "summary")
_SAID = ("author", "creator", "pubDate", "published", "updated", "date", "category")


def read_xml(path: Path, name: str, _: Opening) -> Parsed:
    """An XML file. Entities of its own and files it names are not read."""
    data = path.read_bytes()
    refuse_binary(data, name)
    root = _root(data, name)
    builder = TextBuilder()
    items = [node for node in root.iter() if _name(node) in _ITEMS]
    if items and _name(root) in ("rss", "feed", "RDF"):
        _add_feed(builder, root, items, name)
    elif _name(root) == "html":
        add_html(builder, data.decode("utf-8", "replace"), name)
    else:
        builder.lines("\n".join(_elements(root)))
    return builder.parsed()


def _root(data: bytes, name: str) -> Any:
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(
            f"{name} is not valid XML: check how it was made, or add it as txt."
        ) from error


def _name(node: Any) -> str:
    """The element's name without its namespace; empty for what is no element."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _add_feed(builder: TextBuilder, root: Any, items: list[Any], name: str) -> None:
    channel = root.find("channel") if root.find("channel") is not None else root
    builder.heading(_child(channel, ("title",)), 1)
    if about := _child(channel, ("description", "subtitle")):
        add_html(builder, about, name, within=1)
    for item in items:
        builder.heading(_child(item, ("title",)) or "Item", 2)
        said = [
            f"{_name(child)}: {text}"
            for child in item
            if _name(child) in _SAID and (text := clean_line(" ".join(child.itertext())))
        ]
        builder.lines("\n".join(dict.fromkeys(said)))
        add_html(builder, _child(item, _BODIES), name, within=2)


def _child(node: Any, names: tuple[str, ...]) -> str:
    """The text of the first child with one of the names, in the order of the names."""
    for wanted in names:
        for child in node:
            if _name(child) == wanted and (text := "".join(child.itertext()).strip()):
                return text
    return ""


def _elements(root: Any) -> Iterator[str]:
    """A line for each element with text or attributes: its name and what it says."""
    for node in root.iter():
        if not (name := _name(node)):
            continue
        said = [clean_line(node.text or "")]
        said += [f"{key.rpartition('}')[2]}={clean_line(value)}" for key, value in node.items()]
        said = [part for part in said if part]
        if said:
            yield f"{name}: {'; '.join(said)}"
        if tail := clean_line(node.tail or ""):
            yield tail

"""Which parts of a web page are not what the page is about: menus, footers, cookie notices.

By what the parts say of themselves (element, role, class) and by their share of link text. A part
goes only where both speak against it, so that a list of links within an article stays, and so does
a footer with an address. The idea of link density: Kohlschuetter, Fankhauser, Nejdl, "Boilerplate
Detection using Shallow Text Features" (WSDM 2010).
"""

from __future__ import annotations

import re
from typing import Any

_UNREAD_ROLES = frozenset(("navigation", "search", "menu", "menubar", "dialog", "alertdialog"))
_EDGE_ELEMENTS = frozenset(("footer", "header", "aside"))
_EDGE_ROLES = frozenset(("contentinfo", "banner", "complementary"))
_CONTENT = frozenset(("main", "article"))
_BLOCKS = frozenset(("div", "section", "ul", "ol", "table", "p", "form", *_EDGE_ELEMENTS))
_NAMED = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navbox|menu|menubar|breadcrumbs?|sidebar|footer|share|"
    r"sharing|social|related|pager|pagination|tags|toc|skip|jump|editsection|catlinks|widgets?)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"cookie|consent|gdpr", re.IGNORECASE)
_RIGHTS = re.compile(r"\u00a9|\bcopyright\b|all rights reserved", re.IGNORECASE)
_DENSE = 0.5
_ALMOST_ALL = 0.9
_FEW_LINKS = 3
_MANY_LINKS = 5
_SHORT = 300
_NOTICE = 3000


class Boilerplate:
    """Judges the parts of one page."""

    def __init__(self, root: Any) -> None:
        self.parts = 0
        self._has_content = root.find(".//main") is not None or root.find(".//article") is not None

    def is_unread(self, node: Any, tag: str) -> bool:
        """Whether to leave the part out; counts those left out."""
        found = _is_navigation(node, tag) or (tag in _BLOCKS and self._is_edge(node, tag))
        self.parts += found
        return found

    def _is_edge(self, node: Any, tag: str) -> bool:
        names = " ".join(filter(None, (node.get("class"), node.get("id"), node.get("aria-label"))))
        if _CONSENT.search(names) and _is_consent(node):
            return True
        edge = tag in _EDGE_ELEMENTS or node.get("role") in _EDGE_ROLES
        if edge and _within(node, _CONTENT):
            return False
        if edge or _NAMED.search(names):
            links, dense, text = _links(node)
            rights = edge and len(text) < _SHORT and _RIGHTS.search(text) is not None
            return (links >= _FEW_LINKS and dense >= _DENSE) or rights
        if tag in ("ul", "ol") and self._has_content and not _within(node, _CONTENT):
            links, dense, _ = _links(node)
            return links >= _MANY_LINKS and dense >= _ALMOST_ALL
        return False


def _is_navigation(node: Any, tag: str) -> bool:
    return tag == "nav" or node.get("role") in _UNREAD_ROLES


def _is_consent(node: Any) -> bool:
    text = "".join(node.itertext())
    return len(text) < _NOTICE and _CONSENT.search(text) is not None


def _within(node: Any, tags: frozenset[str]) -> bool:
    return next(node.iterancestors(*tags), None) is not None


def _links(node: Any) -> tuple[int, float, str]:
    """How many links, their share of the characters in [0, 1], and the text."""
    text = " ".join("".join(node.itertext()).split())
    links = [" ".join("".join(link.itertext()).split()) for link in node.iter("a")]
    links = [link for link in links if link]
    return len(links), sum(map(len, links)) / max(1, len(text)), text

"""What a document calls what it is about: "the bundle" for Harbour Table, "the firm" for its owner.

Out of its document such a word means nothing, so that examples say the name in its place. A word is
taken for a name only where the document's title holds the name, and it either states that the name
is the thing ("Harbour Table is the bundle for offices") or is an account of an organisation ("About
Ottervane Kettleworks").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.documents import Passage

_NAME = r"[A-Z][\w’'&-]+(?: (?:& )?[A-Z][\w’'-]+){0,3}"
_TITLE_NAME = re.compile(rf"\b{_NAME}")
_ACCOUNT = re.compile(rf"About (?:the )?(?P<name>{_NAME})")
_ORGANISATION = (
    "agency association business charity club company cooperative firm foundation hospital "
    "organisation organization school society union university"
).split()
_THING = r"([a-z-]+)(?= (?:for|that|which|by|with|in|to)\b|[,.;:])"
_PREMISES = "works factory plant headquarters premises".split()


@dataclass(frozen=True, slots=True)
class Aliases:
    """The words by which one document speaks of `name`: nouns mean it, premises belong to it."""

    name: str
    nouns: tuple[str, ...]
    premises: tuple[str, ...] = ()

    def spelled_out(self, sentence: str) -> str:
        """The sentence with the name in place of the first such word, or behind the first of what
        belongs to it; as it is where it has the name already."""
        if self.name in sentence:
            return sentence
        for noun in self.nouns:
            sentence, found = re.subn(rf"\b[Tt]he {noun}\b(?! of\b)", self.name, sentence, count=1)
            if found:
                return sentence
        for noun in self.premises:
            sentence, found = re.subn(
                rf"\b([Tt]he {noun})\b(?! of\b|['’])", rf"\1 of {self.name}", sentence, count=1
            )
            if found:
                return sentence
        return sentence


def aliases(passages: Sequence[Passage], common: frozenset[str]) -> dict[str, Aliases]:
    """For the documents that have such words, by their id. common: words that the documents also
    write in lower case, which are no names."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    titles: dict[str, str] = {}
    for passage in passages:
        texts[passage.document_id].append(passage.text)
        titles.setdefault(passage.document_id, (*passage.heading_path, passage.title)[0])
    found = {
        document: _aliases(titles[document], "\n".join(text), common)
        for document, text in texts.items()
    }
    return {document: one for document, one in found.items() if one is not None}


def _aliases(title: str, text: str, common: frozenset[str]) -> Aliases | None:
    account = _ACCOUNT.fullmatch(title)
    if account and not _common(account["name"], common):
        nouns = tuple(noun for noun in _ORGANISATION if re.search(rf"\b[Tt]he {noun}\b", text))
        return Aliases(account["name"], nouns, tuple(_PREMISES)) if nouns else None
    for match in _TITLE_NAME.finditer(title):
        name = match[0]
        stated = re.search(rf"^{re.escape(name)} is (?:the|our|an?) {_THING}", text, re.MULTILINE)
        if stated and not _common(name, common):
            return Aliases(name, (stated[1],))
    return None


def _common(name: str, common: frozenset[str]) -> bool:
    return all(word.lower() in common for word in re.findall(r"\w+", name))

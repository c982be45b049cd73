"""The sample's documents parse to what its shipped run was trained on, to the character.

The run names the sections that it saw by their hashes: a reader that gives another text would make
them strangers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from retrieval.embedder import HashingEmbedder
from retrieval.loaders.formats import load
from retrieval.splitter import split

DOCUMENTS = Path(__file__).resolve().parents[3] / "datasets" / "aurora" / "documents"

# First 16 hexadecimal digits of the SHA-256 of the text and of its section hashes in order.
PARSED = {
    "cleaning-and-descaling.html": ("ce5f601c0fd78021", "2c9326779913b8da"),
    "company.md": ("db1fa84bd42908b0", "bb9553b8a9658981"),
    "error-codes.md": ("6e00aeb9fa7c7546", "04a84f934828aa12"),
    "faq.html": ("be28fab57d0cd4e8", "50a6a0bcd76324f1"),
    "manual.pdf": ("3bc60344018959aa", "e701b2e8caa1a79a"),
    "office-bundle.docx": ("9af2cd2bd668b441", "ad55bf93f09ac7e0"),
    "price-list.csv": ("fa324eb47aa38338", "abfc6343a8bcb35d"),
    "quick-start.md": ("dfe4d1473e01f7d8", "5411c3871b2d7cc6"),
    "release-note-2.3.md": ("70113f8b8d10aab0", "bc6d5a21282fd01f"),
    "returns-and-shipping.md": ("4c1c00901dda69f2", "7dc2b464d8db2aad"),
    "service-network.docx": ("6b5b3775b8cdae63", "530d3fce21719992"),
    "spare-parts.csv": ("691a285dba3ac376", "87cb27c7d8407dd2"),
    "sustainability.pdf": ("0705220475fd0e8d", "0dfee133345996d1"),
    "warranty.docx": ("14b5576e51f9ceb6", "fab5c7455a7cd6b4"),
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_every_document_of_the_sample_is_held() -> None:
    assert {path.name for path in DOCUMENTS.iterdir()} == set(PARSED)


@pytest.mark.parametrize("name", PARSED)
def test_text_and_sections_are_as_they_were(name: str) -> None:
    parsed = load(DOCUMENTS / name, name, text_characters=1_000_000)
    sections = dict.fromkeys(draft.section for draft in split(parsed, HashingEmbedder()))
    assert (digest(parsed.text), digest("\n".join(sections))) == PARSED[name]

"""Which examples a filter takes, each of its parts alone and together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.example_filter import Filter, Here, filtered
from assistant.records import Example

HASH = "a" * 64
HERE = Here(frozenset([HASH]), frozenset(["Manual.md"]))
PLAIN = Example(
    "a", "How big is the Tank?", "1.85 litres.", "generated", "train", document="Manual.md",
    method="number", section=HASH,
)  # fmt: skip
EXAMPLES = (
    PLAIN,
    replace(PLAIN, id="b", split="recall", flags=("ambiguous",)),
    replace(PLAIN, id="c", source="written", method="by hand", document="", section=""),
    replace(PLAIN, id="d", section="f" * 64, flags=("personal data",)),
    replace(PLAIN, id="e", answerable=False, section=""),
    replace(PLAIN, id="g", section="", document="gone.md"),
    replace(PLAIN, id="f", section="f" * 64, rejected=True, flags=("ambiguous",)),
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), "abcdeg"),
        (Filter(words="TANK  manual"), "abde"),
        (Filter(words="tank nothing"), ""),
        (Filter(split="recall"), "b"),
        (Filter(source="written"), "c"),
        (Filter(method="number"), "abdeg"),
        (Filter(document="Manual.md"), "abde"),
        (Filter(section=HASH), "ab"),
        (Filter(standing="flagged"), "bd"),
        (Filter(standing="ambiguous"), "b"),
        (Filter(standing="personal data"), "d"),
        (Filter(standing="unanswerable"), "e"),
        (Filter(standing="stale"), "dg"),
        (Filter(standing="rejected"), "f"),
        (Filter(words="1.85", split="train", standing="flagged", document="Manual.md"), "d"),
    ],
)
def test_a_filter_takes_what_fits_all_of_it(wanted: Filter, found: str) -> None:
    assert "".join(one.id for one in filtered(EXAMPLES, wanted, HERE)) == found

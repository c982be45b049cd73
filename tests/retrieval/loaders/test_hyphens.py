"""Words parted at line ends: the typesetter's hyphen goes, the word's own stays."""

from __future__ import annotations

import pytest

from retrieval.loaders.hyphens import Hyphens


def joined(text: str, elsewhere: str = "") -> str:
    return Hyphens(lambda: f"{text}\n{elsewhere}").joined(text)


@pytest.mark.parametrize("mark", ["-\n", "-\r\n", "\ufffe", "\u0002", "\u00ad\n"])
def test_a_parted_word_is_one_again(mark: str) -> None:
    assert joined(f"the retrie{mark}val of passages") == "the retrieval of passages"


@pytest.mark.parametrize(
    ("text", "elsewhere", "expected"),
    [
        ("a state-of-the-\nart model", "the art of it", "a state-of-the-art model"),
        ("a user-\nfriendly page", "the user is friendly", "a user-friendly page"),
        ("a well-\nknown name", "a well-known one", "a well-known name"),
        ("Jean-\nPaul came", "", "Jean-Paul came"),
        ("COVID-\n19 cases", "", "COVID-19 cases"),
        ("pages 10-\n20 of it", "", "pages 10-20 of it"),
        ("Vor-\nund Nachteile", "", "Vor- und Nachteile"),
        ("pre-\nand post-war", "", "pre- and post-war"),
        ("1990-\nlater years", "", "1990-later years"),
        ("a dash -\nand more", "", "a dash -\nand more"),
        ("- one\n- two", "", "- one\n- two"),
        ("ends here\u2014\nand goes on", "", "ends here\u2014\nand goes on"),
        ("x = a -\n    b", "", "x = a -\n    b"),
    ],
)
def test_real_hyphens_stay(text: str, elsewhere: str, expected: str) -> None:
    assert joined(text, elsewhere) == expected


@pytest.mark.parametrize(
    ("text", "elsewhere", "expected"),
    [
        ("well-docu-\nmented", "it is documented", "well-documented"),
        ("the under-\nstand and stand under", "we understand it", "the understand and stand under"),
        ("Wider-\nspruch", "", "Widerspruch"),
        ("über-\nführt", "", "überführt"),
    ],
)
def test_what_the_rest_of_the_document_writes_decides(
    text: str, elsewhere: str, expected: str
) -> None:
    assert joined(text, elsewhere) == expected


def test_text_without_line_end_hyphens_is_untouched_and_the_document_not_asked_for() -> None:
    def asked() -> str:
        raise AssertionError("the document was asked for")

    text = "a well-known page\nwith lines - and dashes"
    assert Hyphens(asked).joined(text) is text

from __future__ import annotations

import pytest

from assistant.facts import content_words, names, numbers, sentence_spans


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,250 grams", "1250 grams"),
        ("1.80 litres", "1.8 litres"),
        ("1,8 Liter", "1.8 litres"),
        ("two scoops", "2 scoops"),
        ("+45 minutes", "45 minutes"),
    ],
)
def test_numbers_have_one_form(one: str, other: str) -> None:
    assert numbers(one) == numbers(other) != frozenset()


def test_numbers_keep_different_values_apart() -> None:
    assert numbers("9 bar and 90 bar") == {"9", "90"}
    assert numbers("version 2.3 of 12:30") == {"2.3", "12:30"}
    assert numbers("the E47 code") == frozenset()


def test_names_are_capitals_inside_a_sentence_and_codes() -> None:
    text = "Repairs go to Osk & Daughters in Brannock. The AquaLoop shows E47."
    assert names(text) == {"osk", "daughters", "brannock", "aqualoop", "e47"}


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert names("Water is hot. Descale monthly.") == frozenset()


def test_possessives_are_cut_off() -> None:
    assert "kestrel" in names("The Kestrel's tank and Kestrel’s lid")


def test_content_words_ignore_stop_words_and_endings() -> None:
    assert content_words("The filters are fitted") == content_words("a filter fitted")


def test_sentences_end_at_stops_and_lines_but_not_at_abbreviations_or_decimals() -> None:
    text = "It holds 1.85 litres, e.g. for tea.  Fill it.\n- Cold water\n"
    spans = [text[start:end] for start, end in sentence_spans(text)]
    assert spans == ["It holds 1.85 litres, e.g. for tea.", "Fill it.", "- Cold water"]


def test_text_without_sentences() -> None:
    assert sentence_spans("  \n ") == []
    assert sentence_spans("no stop") == [(0, 7)]

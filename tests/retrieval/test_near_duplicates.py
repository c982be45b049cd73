"""What says the same, and what only looks like it."""

from __future__ import annotations

import random

import pytest

from retrieval.near_duplicates import band_keys, near_duplicates, packed, similarity, unpacked

TEXT = (
    "The grinder of the Aurora is cleaned once a week. Take out the hopper, brush the burrs and "
    "wipe the funnel with a dry cloth. After 200 cups the burrs are replaced by a workshop in "
    "Lyon. Never use water on the burrs, since they rust within hours and lose their edge."
)


def told_apart(left: str, right: str) -> bool:
    shared = set(band_keys(left).tolist()) & set(band_keys(right).tolist())
    return not shared or not near_duplicates(left, right)


@pytest.mark.parametrize(
    "change",
    [
        ("", ""),
        ("The grinder", "THE GRINDER"),
        ("cleaned once a week. ", "cleaned\n\n  once a week.\n"),
        ("Never use water", "Please never use water"),
        ("brush the burrs and", "brush burrs, and"),
        ("a dry cloth", "a dry cl\u00adoth"),
        ("the hopper", "the hop-\nper"),
        ("within hours", "within hour"),
        ("wipe the funnel", "**wipe** the funnel"),
    ],
)
def test_another_form_of_the_same_words(change: tuple[str, str]) -> None:
    other = TEXT.replace(*change)
    assert set(band_keys(TEXT).tolist()) & set(band_keys(other).tolist())
    assert near_duplicates(TEXT, other)
    assert near_duplicates(other, TEXT)


@pytest.mark.parametrize(
    "change",
    [
        ("200 cups", "300 cups"),
        ("200 cups", "200 °C"),
        ("200 cups", "-200 cups"),
        ("200 cups", "cups"),
        ("Lyon", "Lille"),
        ("Aurora", "Borealis"),
        ("in Lyon", "in Lyon or Lille"),
        ("Never use", "Use"),
        ("Never use", "Always use"),
        ("once a week", "once a month"),
        ("with a dry cloth", "without a dry cloth"),
        ("a dry cloth", "a wet cloth"),
        ("a workshop in Lyon", "an owner in Lyon"),
        ("lose their edge", "lose their edge, except those of steel"),
        ("are replaced", "may be replaced"),
    ],
)
def test_another_number_name_or_word_says_something_else(change: tuple[str, str]) -> None:
    other = TEXT.replace(*change)
    assert other != TEXT
    assert told_apart(TEXT, other)
    assert told_apart(other, TEXT)


def test_rows_of_a_table_are_not_even_candidates() -> None:
    row = "| Kettle AX | of steel with a lid of glass and a handle of wood | price {} EUR | blue |"
    keys = [set(band_keys(row.format(price)).tolist()) for price in (20, 21, 22)]
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]


def test_short_texts_have_no_keys_and_no_near_duplicates() -> None:
    assert band_keys("The tank holds two litres of water.").shape == (0,)
    assert not near_duplicates("The tank holds two litres.", "the tank holds two litres")


def test_keys_survive_being_stored_and_do_not_change_between_processes() -> None:
    keys = band_keys(TEXT)
    assert unpacked(packed(keys)) == keys.tolist()
    assert packed(keys)[:8].hex() == "015db6d705f5d0b5"


def test_texts_of_one_corpus_in_scripts_without_capitals() -> None:
    chinese = "水箱可容纳两升水 非常安静 请每周清洗一次水箱 不要使用洗碗机 " * 4
    assert told_apart(chinese, chinese.replace("水箱", "锅炉", 1))


def test_candidates_are_found_with_the_probability_that_is_promised() -> None:
    chosen = random.Random(0)
    words = [f"word{chr(97 + k % 26)}{chr(97 + k // 26)}" for k in range(200)]
    found, pairs = 0, 0
    for _ in range(200):
        left = chosen.sample(words, 120)
        right = list(left)
        for place in range(10, 110, 25):
            right[place] = "other"
        if similarity(" ".join(left), " ".join(right)) >= 0.7:
            pairs += 1
            keys = [set(band_keys(" ".join(text)).tolist()) for text in (left, right)]
            found += bool(keys[0] & keys[1])
    assert pairs == 200
    assert found >= 195

"""Nested parts of the examples that keep facts, refusals and splits together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.records import Example
from assistant.sweeps.subsets import subset


def examples() -> list[Example]:
    """60 facts of three wordings, one of which is watched in every third; 20 refusals; tests."""
    made = []
    for fact in range(60):
        for wording in range(3):
            split = "validation" if wording == 2 and fact % 3 == 0 else "train"
            made.append(
                Example(f"e{fact}-{wording}", "Q?", "A.", "written", split, fact=f"f{fact}")
            )
    made += [
        Example(f"r{number}", "Q?", "No.", "written", "train", answerable=False)
        for number in range(20)
    ]
    return [*made, Example("t", "Q?", "A.", "written", "recall", fact="f1")]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 1.0])
def test_all_wordings_of_a_fact_go_together(share: float) -> None:
    chosen = subset(examples(), share)
    for fact in {one.fact for one in chosen if one.fact}:
        assert sum(one.fact == fact for one in chosen) == 3
    assert all(one.split != "recall" for one in chosen)


def test_a_smaller_part_lies_whole_in_every_larger_one() -> None:
    ids = [{one.id for one in subset(examples(), share)} for share in (0.1, 0.25, 0.5, 1.0)]
    assert ids[0] < ids[1] < ids[2] < ids[3]
    assert len(ids[3]) == 200


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_refusals_and_splits_stay_in_proportion(share: float) -> None:
    chosen = subset(examples(), share)
    assert abs(len(chosen) / 200 - share) < 0.03
    assert sum(not one.answerable for one in chosen) == pytest.approx(20 * share, abs=1)
    watched = sum(one.split == "validation" for one in chosen)
    assert watched == pytest.approx(20 * share, abs=1)


def test_the_draw_hangs_on_the_facts_alone() -> None:
    whole = examples()
    shuffled = [replace(one, question="Otherwise?") for one in reversed(whole)]
    assert {one.id for one in subset(whole, 0.25)} == {one.id for one in subset(shuffled, 0.25)}


def test_even_the_smallest_part_has_one_of_each() -> None:
    chosen = subset(examples(), 0.001)
    assert {one.answerable for one in chosen} == {True, False}


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="no share"):
        subset(examples(), 0)

"""The confidence sequence: what it promises, and how long it says that it takes."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest
from scipy.special import betaln

from assistant.ratings.sequence import (
    ALPHA,
    confidence_sequence,
    more_votes_needed,
    settled,
)
from retrieval.statistics import votes_needed


def test_equal_contenders_looked_at_after_every_vote_seldom_have_a_winner() -> None:
    runs, votes = 1_000, 500
    wins = (np.random.default_rng(20260301).random((runs, votes)) < 0.5).cumsum(axis=1)
    low, high = confidence_sequence(wins, np.arange(1, votes + 1) - wins)
    named = ((low > 0.5) | (high < 0.5)).any(axis=1)
    assert named.mean() <= 0.05
    # A test repeated at 5 % would be fooled far more often (FIELD: 28 % by 200 votes).
    assert named.mean() > 0.005


@pytest.mark.parametrize("rate", [0.3, 0.9])
def test_the_sequence_keeps_the_true_rate(rate: float) -> None:
    wins = (np.random.default_rng(1).random((1_000, 300)) < rate).cumsum(axis=1)
    low, high = confidence_sequence(wins, np.arange(1, 301) - wins)
    assert ((low > rate) | (high < rate)).any(axis=1).mean() <= 0.05


def test_the_ends_are_where_the_martingale_reaches_twenty() -> None:
    wins, losses = 14, 6
    for end in confidence_sequence(wins, losses):
        mixture = 1 / ((wins + losses + 1) * comb(wins + losses, wins))
        assert mixture / (end**wins * (1 - end) ** losses) == pytest.approx(20)


def test_ends_of_one_sided_records() -> None:
    low, high = confidence_sequence(np.array([0, 5, 0]), np.array([0, 0, 5]))
    assert (low[0], high[0]) == (0, 1)
    assert high[1] == 1 and low[2] == 0
    assert low[1] == pytest.approx(1 - high[2])


def test_whom_it_names() -> None:
    assert not settled(0, 0) and not settled(5, 0) and not settled(7, 0)
    assert settled(8, 0) and settled(0, 8)  # 2^8 / 9 is above 20
    for wins, losses in ((30, 12), (33, 12), (12, 33), (500, 450), (600, 450)):
        low, high = confidence_sequence(wins, losses)
        assert settled(wins, losses) == bool(low > 0.5 or high < 0.5)


def test_votes_still_needed() -> None:
    assert more_votes_needed(8, 0) == 0
    assert more_votes_needed(7, 0) == 1
    assert more_votes_needed(0, 7) == 1
    assert more_votes_needed(50, 50) is None and more_votes_needed(0, 0) is None
    assert more_votes_needed(501, 499) is None


def test_votes_still_needed_are_enough_four_times_in_five() -> None:
    wins, losses = 14, 6
    needed = more_votes_needed(wins, losses)
    assert needed is not None
    rate = (wins + 0.5) / (wins + losses + 1)
    won = (np.random.default_rng(4).random((4_000, needed)) < rate).cumsum(axis=1) + wins
    low, high = confidence_sequence(won, wins + losses + np.arange(1, needed + 1) - won)
    named = ((low > 0.5) | (high < 0.5)).any(axis=1).mean()
    assert named == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("rate", "fixed"), [(0.6, 194), (0.65, 85), (0.7, 47), (0.8, 19)])
def test_looking_at_any_time_costs_more_votes_than_one_look(rate: float, fixed: int) -> None:
    assert votes_needed(rate) == fixed
    # A record so short that its weight is nothing beside what is to come.
    anytime = _from_scratch(rate)
    assert fixed < anytime < 3 * fixed


def _from_scratch(rate: float) -> int:
    """Votes after which 80 % of simulated records of this rate are settled."""
    votes = 800
    wins = (np.random.default_rng(5).random((500, votes)) < rate).cumsum(axis=1)
    n = np.arange(1, votes + 1)
    named = betaln(wins + 1, n - wins + 1) + n * log(2) >= log(1 / ALPHA)
    first = np.where(named.any(axis=1), named.argmax(axis=1) + 1, votes + 1)
    return int(np.quantile(first, 0.8))

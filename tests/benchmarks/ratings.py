"""A million votes over 20 contenders: counting, rating, 100 bootstrap rounds, and reading a file.

    uv run python tests/benchmarks/ratings.py [--votes 1000000] [--contenders 20] [--rounds 100]

Limit: rating, bootstrap and the pairs' evidence in under 2 s. Reading the same votes as CSV is
timed beside it and has no limit.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np

from assistant.ratings.comparisons import Comparisons
from assistant.ratings.rating import rate
from assistant.ratings.records import Ratings, RatingSettings
from assistant.ratings.vote_file import read_votes


def votes_of(count: int, contenders: int, seed: int = 0) -> tuple[Comparisons, np.ndarray]:
    """Votes drawn from known strengths, a fifth of them ties or both-bads."""
    draw = np.random.default_rng(seed)
    strengths = draw.normal(0, 1, contenders)
    first = draw.integers(0, contenders, count)
    second = (first + draw.integers(1, contenders, count)) % contenders
    wins = draw.random(count) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    outcomes = np.where(wins, 0, 1)
    neither = draw.random(count) < 0.2
    outcomes[neither] = draw.integers(2, 4, int(neither.sum()))
    names = tuple(f"contender {number}" for number in range(contenders))
    return Comparisons(names, first, second, outcomes), strengths


def written(held: Comparisons, path: Path) -> None:
    words = ("model_a", "model_b", "tie", "both_bad")
    with path.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(("model_a", "model_b", "winner"))
        columns = (held.first.tolist(), held.second.tolist(), held.outcomes.tolist())
        for first, second, outcome in zip(*columns, strict=True):
            writer.writerow((held.names[first], held.names[second], words[outcome]))


def timed_rating(held: Comparisons, rounds: int) -> tuple[Ratings, float]:
    begun = time.perf_counter()
    rated = rate(held, RatingSettings(bootstrap=rounds))
    return rated, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--contenders", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=100)
    chosen = parser.parse_args()
    held, strengths = votes_of(chosen.votes, chosen.contenders)
    _, first = timed_rating(held, chosen.rounds)
    rated, again = timed_rating(held, chosen.rounds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.csv"
        written(held, path)
        begun = time.perf_counter()
        read = read_votes(path)
        reading = time.perf_counter() - begun
    assert len(read) == len(held)
    order = [held.names[place] for place in np.argsort(-strengths)]
    assert [one.contender for one in rated.ratings] == order or chosen.votes < 100_000
    print(
        f"{chosen.votes:,} votes over {chosen.contenders} contenders, {chosen.rounds} rounds: "
        f"{first:.2f} s the first time, {again:.2f} s again (limit 2 s)"
    )
    print(f"reading them as CSV: {reading:.2f} s, {chosen.votes / reading:,.0f} rows/s")


if __name__ == "__main__":
    main()

"""Shares, agreement with oneself and kappa, against figures computed by hand and published ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random
from typing import Any

import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from assistant.ratings.judgements import Judgements, judgements_from
from assistant.ratings.raters import (
    agreement_between,
    agreement_with_oneself,
    biases,
    share_of,
)
from assistant.records import CHOICES, Choice, Contender, Decoding, Judgement


def judged(choice: Choice, comparison: str = "m1", voter: str = "ann", **changes: Any) -> Judgement:
    plain = Judgement(
        *(comparison, voter, True, choice, "2026-03-04T12:00:00+00:00", {}, "How much?", "x", "y"),
        *(100, 100, 1.0, 1.0, None, None),
    )
    return plain._replace(**changes)


def held(votes: list[Judgement]) -> Judgements:
    known = {
        name: Contender("tuned", "a1", "builtin", name, None, None, None, "cd" * 32, Decoding())
        for name in "xy"
    }
    return judgements_from(votes, known)


@pytest.mark.parametrize(("count", "n"), [(0, 5), (5, 5), (7, 10), (63, 100), (50, 100)])
def test_shares_have_the_exact_interval(count: int, n: int) -> None:
    share = share_of("left", count, n)
    known = binomtest(count, n)
    exact = known.proportion_ci(0.95, "exact")
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high))
    assert share.p_value == pytest.approx(known.pvalue)
    assert share.low is not None and share.high is not None
    assert share.differs == (not share.low <= 0.5 <= share.high)


def test_a_share_of_nothing() -> None:
    share = share_of("left", 0, 0)
    assert (share.share, share.low, share.high, share.differs) == (None, None, None, False)
    with pytest.raises(ValueError, match="no share"):
        share_of("left", 2, 1)


def test_biases_count_only_votes_in_which_the_sides_differ() -> None:
    votes = [
        judged("left", left_length=200, right_seconds=0.5, right_document="a.pdf"),
        judged("right", left_length=200, right_seconds=0.5),
        judged("right", left_document="a.pdf", right_document="a.pdf"),
        judged("left", left_document="a.pdf"),
        judged("tie", left_length=900),
        judged("both_bad", left_length=900),
    ]
    found = {share.name: (share.count, share.n) for share in biases(held(votes))}
    assert found == {"left": (2, 4), "longer": (1, 2), "faster": (1, 2), "citing": (1, 2)}


def test_a_voter_who_always_presses_left_disagrees_with_themselves() -> None:
    def asked(choice: Choice, left: str, voter: str = "ann", question: str = "How much?") -> Any:
        other = "y" if left == "x" else "x"
        return judged(choice, voter=voter, question=question, left=left, right=other)

    lefts = [asked("left", "x"), asked("left", "y"), asked("left", "x")]
    found = agreement_with_oneself(held(lefts))
    assert (found.count, found.n) == (0, 2)
    steady = [asked("left", "x"), asked("right", "y", question=" how  MUCH?"), asked("tie", "x")]
    found = agreement_with_oneself(held(steady))
    assert (found.count, found.n) == (1, 2)
    apart = [asked("left", "x"), asked("left", "x"), asked("right", "y", voter="bob")]
    assert agreement_with_oneself(held(apart)).n == 0
    assert (
        agreement_with_oneself(held([asked("left", "x"), asked("left", "y", question="?")])).n == 0
    )
    ties = [asked("tie", "x"), asked("tie", "y")]
    assert (agreement_with_oneself(held(ties)).count, agreement_with_oneself(held(ties)).n) == (
        1,
        1,
    )


def test_kappa_of_two() -> None:
    pairs = [("left", "left")] * 20 + [("left", "right")] * 5 + [("right", "left")] * 10
    pairs += [("right", "right")] * 15
    votes = [
        judged(choice, f"m{number}", voter)  # type: ignore[arg-type]
        for number, both in enumerate(pairs)
        for voter, choice in zip(("ann", "bob"), both, strict=True)
    ]
    found = agreement_between(held(votes))
    assert (found.method, found.comparisons, found.voters) == ("cohen", 50, 2)
    # po = 35/50, pe = .5 * .6 + .5 * .4: kappa = (.7 - .5) / .5
    assert (found.observed, found.kappa) == (pytest.approx(0.7), pytest.approx(0.4))
    assert found.kappa == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_kappa_of_many() -> None:
    # Wikipedia's article on Fleiss' kappa, its five categories as four and one that nobody used
    # would change the figure: so a table of four categories, worked by hand.
    table = [(3, 0, 0, 0), (0, 3, 0, 0), (1, 2, 0, 0), (0, 0, 2, 1)]
    votes = []
    for item, row in enumerate(table):
        said = [choice for choice, count in zip(CHOICES, row, strict=True) for _ in range(count)]
        votes += [judged(choice, f"m{item}", f"v{place}") for place, choice in enumerate(said)]
    found = agreement_between(held(votes))
    # P = (1, 1, 1/3, 1/3), mean 2/3; p = (4, 5, 2, 1)/12, expected 46/144.
    assert (found.method, found.voters) == ("fleiss", 3)
    assert found.observed == pytest.approx(2 / 3)
    assert found.kappa == pytest.approx((2 / 3 - 46 / 144) / (1 - 46 / 144))


def test_kappa_where_it_is_not_defined() -> None:
    same = [judged("left", f"m{item}", voter) for item in range(4) for voter in ("ann", "bob")]
    found = agreement_between(held(same))
    assert (found.observed, found.kappa) == (1.0, None)
    alone = agreement_between(held([judged("left"), judged("left", "m2")]))
    assert (alone.method, alone.comparisons, alone.observed, alone.kappa) == ("", 0, None, None)
    assert agreement_between(held([])) == alone


def test_many_votes_are_counted_as_one_would_by_hand() -> None:
    draw = Random(0)
    votes = [
        judged(
            draw.choice(CHOICES),
            f"m{draw.randrange(40)}",
            f"v{number}",
            time=f"2026-03-04T12:{number // 60:02}:{number % 60:02}+00:00",
            question=draw.choice(("How much?", "how  much?", "When?")),
            left=draw.choice("xy"),
            right=draw.choice("xy"),
            left_length=draw.randint(1, 3),
            right_length=draw.randint(1, 3),
        )._replace(voter=f"v{draw.randrange(60)}")
        for number in range(900)
    ]
    votes = list({(vote.comparison_id, vote.voter): vote for vote in votes}.values())
    votes.sort(key=lambda vote: vote.time)
    longer = biases(held(votes))[1]
    unequal = [
        vote
        for vote in votes
        if vote.choice in ("left", "right") and vote.left_length != vote.right_length
    ]
    assert longer.n == len(unequal) and longer.count == sum(
        (vote.left_length > vote.right_length) == (vote.choice == "left") for vote in unequal
    )
    same = repeats = 0
    last: dict[Any, Judgement] = {}
    other = {"left": "right", "right": "left"}
    for vote in votes:
        words = " ".join(vote.question.casefold().split())
        before = last.get((vote.voter, words))
        if vote.left != vote.right:
            if before is not None and before.left == vote.right:
                repeats += 1
                same += other.get(before.choice, before.choice) == vote.choice
            last[vote.voter, words] = vote
    oneself = agreement_with_oneself(held(votes))
    assert repeats > 50 and (oneself.count, oneself.n) == (same, repeats)
    by_comparison = defaultdict(list)
    for vote in votes:
        by_comparison[vote.comparison_id].append(vote.choice)
    items = [Counter(said) for said in by_comparison.values() if len(said) > 1]
    agreeing = [
        sum(n * (n - 1) for n in item.values()) / (item.total() * (item.total() - 1))
        for item in items
    ]
    between = agreement_between(held(votes))
    assert (between.method, between.comparisons) == ("fleiss", len(items))
    assert between.observed == pytest.approx(sum(agreeing) / len(items))

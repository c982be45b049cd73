"""Use by day and by contender version, and the rates that are watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from assistant.monitoring.control_chart import ControlChart, DayCount, control_chart
from assistant.monitoring.records import AnswerUse, Impression, ThumbUse, Use, VoteUse
from assistant.monitoring.unanswered import QuestionGroup
from assistant.records import CRITERIA, ContenderKind

ALL = "all"


@dataclass(frozen=True, slots=True)
class Share:
    """count of n; rate is None where n is 0."""

    count: int
    n: int

    @property
    def rate(self) -> float | None:
        return self.count / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class UseRow:
    """What happened on a day (or on all, day ""), with one version or with all ("all").

    Seconds to the first token: median and 95th percentile of the answers that a model gave.
    tokens_per_second: their median. wins: of decisive votes. cosine: mean of the best passage's.
    marks: mean and number by criterion. None stands where nothing was measured.
    """

    day: str
    version: str
    kind: ContenderKind | None
    questions: int
    answers: int
    refusals: Share
    votes: int
    wins: Share
    both_bad: Share
    thumbs_down: Share
    useful: Share
    right: Share
    first_token_p50: float | None
    first_token_p95: float | None
    tokens_per_second: float | None
    cosine: float | None
    marks: Mapping[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class UseOverTime:
    """total: of the whole time. days: all versions together. versions: each over the whole time,
    most used first. version_days: each version on each day. charts: the watched rates. unanswered:
    questions that were refused, in groups, largest first."""

    since: datetime
    total: UseRow
    days: tuple[UseRow, ...]
    versions: tuple[UseRow, ...]
    version_days: tuple[UseRow, ...]
    charts: tuple[ControlChart, ...]
    unanswered: tuple[QuestionGroup, ...] = ()

    @property
    def alarms(self) -> tuple[str, ...]:
        """One sentence for each watched rate whose last day is outside its band."""
        return tuple(
            sentence for chart in self.charts if (sentence := _alarm(chart, self.days)) is not None
        )


@dataclass(slots=True)
class _Bucket:
    """All that falls on one day and one version."""

    answers: list[AnswerUse] = field(default_factory=list)
    votes: list[tuple[VoteUse, str]] = field(default_factory=list)
    thumbs: list[ThumbUse] = field(default_factory=list)
    impressions: list[Impression] = field(default_factory=list)


def since_days(days: int, now: datetime | None = None) -> datetime:
    """The beginning, in UTC, of the first of this many days, today being the last."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=max(days, 1) - 1)


def use_over_time(
    use: Use, since: datetime, unanswered: Sequence[QuestionGroup] = ()
) -> UseOverTime:
    """Count use by day of UTC and by version."""
    buckets: dict[tuple[str, str], _Bucket] = defaultdict(_Bucket)
    for answer in use.answers:
        for key in _keys(answer.created_at, answer.contender_id):
            buckets[key].answers.append(answer)
    for vote in use.votes:
        day = _day(vote.created_at)
        for key in {(when, who) for when in ("", day) for who in (ALL, vote.left, vote.right)}:
            buckets[key].votes.append((vote, key[1]))
    for thumb in use.thumbs:
        for key in _keys(thumb.created_at, thumb.contender_id):
            buckets[key].thumbs.append(thumb)
    for given in use.impressions:
        for key in _keys(given.created_at, given.contender_id):
            buckets[key].impressions.append(given)
    buckets.setdefault(("", ALL), _Bucket())
    rows = [_row(*key, use.kinds.get(key[1]), own) for key, own in sorted(buckets.items())]
    days = tuple(row for row in rows if row.day and row.version == ALL)
    versions = [row for row in rows if not row.day and row.version != ALL]
    return UseOverTime(
        since=since,
        total=next(row for row in rows if not row.day and row.version == ALL),
        days=days,
        versions=tuple(sorted(versions, key=lambda row: -row.answers)),
        version_days=tuple(row for row in rows if row.day and row.version != ALL),
        charts=tuple(
            control_chart(
                name,
                [DayCount(row.day, share(row).count, share(row).n) for row in days],
            )
            for name, share in WATCHED.items()
        ),
        unanswered=tuple(unanswered),
    )


WATCHED: dict[str, Callable[[UseRow], Share]] = {
    "Refusals": lambda row: row.refusals,
    "Both bad": lambda row: row.both_bad,
    "Thumbs down": lambda row: row.thumbs_down,
    "Said not to be useful": lambda row: Share(row.useful.n - row.useful.count, row.useful.n),
    "Said not to be right": lambda row: Share(row.right.n - row.right.count, row.right.n),
}


def _row(day: str, version: str, kind: ContenderKind | None, own: _Bucket) -> UseRow:
    spoken = [answer for answer in own.answers if answer.tokens_out > 0]
    first = np.array([answer.seconds_to_first_token for answer in spoken])
    speeds = [answer.tokens_per_second for answer in spoken if answer.tokens_per_second > 0]
    cosines = [answer.cosine for answer in own.answers if answer.cosine is not None]
    given = own.impressions
    useful = [one.useful for one in given if one.useful is not None]
    right = [one.right for one in given if one.right is not None]
    decisive = [pair for pair in own.votes if pair[0].choice in ("left", "right")]
    return UseRow(
        day=day,
        version=version,
        kind=kind,
        questions=len({answer.turn for answer in own.answers}),
        answers=len(own.answers),
        refusals=Share(sum(answer.abstained for answer in own.answers), len(own.answers)),
        votes=len(own.votes),
        wins=Share(
            sum(version == _winner(vote) for vote, _ in decisive),
            0 if version == ALL else len(decisive),
        ),
        both_bad=Share(sum(v.choice == "both_bad" for v, _ in own.votes), len(own.votes)),
        thumbs_down=Share(sum(not thumb.up for thumb in own.thumbs), len(own.thumbs)),
        useful=Share(sum(useful), len(useful)),
        right=Share(sum(right), len(right)),
        first_token_p50=float(np.percentile(first, 50)) if spoken else None,
        first_token_p95=float(np.percentile(first, 95)) if spoken else None,
        tokens_per_second=float(np.median(speeds)) if speeds else None,
        cosine=float(np.mean(cosines)) if cosines else None,
        marks=_marks(own.votes),
    )


def _winner(vote: VoteUse) -> str:
    return vote.left if vote.choice == "left" else vote.right


def _marks(votes: Iterable[tuple[VoteUse, str]]) -> dict[str, tuple[float, int]]:
    given: dict[str, list[int]] = defaultdict(list)
    for vote, version in votes:
        for side, contender in (("left", vote.left), ("right", vote.right)):
            if version in (ALL, contender):
                for criterion, mark in vote.marks.get(side, {}).items():
                    given[criterion].append(mark)
    return {
        criterion: (sum(given[criterion]) / len(given[criterion]), len(given[criterion]))
        for criterion in CRITERIA
        if given[criterion]
    }


def _alarm(chart: ControlChart, days: Sequence[UseRow]) -> str | None:
    """A sentence where the last day on which anything was counted is outside."""
    if not chart.points or chart.baseline is None:
        return None
    last = chart.points[-1]
    if last.state not in ("above", "below"):
        return None
    where = "above" if last.state == "above" else "below"
    return (
        f"{chart.name} on {last.day}: {last.count} of {last.n} ({100 * last.rate:.0f} %) is "
        f"{where} the band of {100 * last.low:.0f} to {100 * last.high:.0f} % that the first "
        f"{chart.baseline_days} days give."
    )


def _keys(moment: datetime, version: str) -> list[tuple[str, str]]:
    return [(when, who) for when in ("", _day(moment)) for who in (ALL, version)]


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()

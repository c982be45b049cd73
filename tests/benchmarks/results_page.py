"""How long the results tab takes to open on 50,000 votes: read, rated, and written as HTML.

    uv run python tests/benchmarks/results_page.py [--votes 50000]

A store is made in a temporary folder: 12 versions of the four kinds, 20 voters, 208 days, answers
of 50 to 350 characters with two cited passages where they retrieve. Printed are the reading of the
votes, which the page does when it opens, for its next step; the first opening of the tab after
that, one when nothing has changed, and one after a further vote; wall seconds, and seconds of CPU,
since other work on the machine lengthens the former. Limit: 1 s.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert

from assistant.comparison import Arena
from assistant.ratings.judgements import judgements
from assistant.records import (
    CHOICES,
    KINDS,
    Answer,
    Assistant,
    Citation,
    Comparison,
    Contender,
    Conversation,
    Decoding,
    Usage,
    Vote,
)
from assistant.settings import Settings
from assistant.store import Store, schema
from assistant.store.rows import contender_values
from assistant.ui.preparation import Preparation
from assistant.ui.results import SECTIONS
from assistant.ui.services import Services
from assistant.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
ASSISTANT = Assistant("a1", "aurora", "Aurora", "Answers", "", "builtin", "builtin", START)
TALK = Conversation("c1", "a1", "", "rag", "tuned", True, START, START)


def fill(url: str, votes: int) -> list[Contender]:
    """Rows are written past the store, which would take minutes for as many."""
    with Store.open(url) as store:
        store.add_assistant(ASSISTANT)
        store.add_conversation(TALK)
    draw = random.Random(0)
    decoding = Decoding()
    versions = [
        Contender(kind, "a1", "builtin", f"r{run}", None, run, None, "cd" * 32, decoding)
        for kind in KINDS
        for run in range(3)
    ]
    ids = {version: version.id for version in versions}
    passages = [
        asdict(Citation(1, f"d{n}", f"manual {n}.pdf", n, 1, 0, 480, "passage text " * 37, 0, 30))
        for n in range(12)
    ]
    answers: list[dict[str, Any]] = []
    comparisons: list[dict[str, Any]] = []
    cast: list[dict[str, Any]] = []
    for number in range(votes):
        sides = draw.sample(versions, 2)
        for place, side in enumerate(sides, start=1):
            answers.append(
                {
                    "id": 2 * number + place,
                    "assistant_id": "a1",
                    "contender_id": ids[side],
                    "text": "An answer of some length. " * draw.randint(2, 14),
                    "fingerprint": "ab" * 8,
                    "citations": draw.sample(passages, 2) if side.retrieves else [],
                    "abstained": False,
                    "stopped": False,
                    "seconds_to_first_token": 0.5,
                    "tokens_per_second": 20.0,
                    "tokens_in": 500,
                    "tokens_out": draw.randint(10, 80),
                }
            )
        when = START + timedelta(minutes=6 * number)
        comparisons.append(
            {
                "id": f"m{number}",
                "assistant_id": "a1",
                "conversation_id": "c1",
                "question": f"Question number {draw.randrange(3000)}?",
                "left_answer": 2 * number + 1,
                "left_stopped": False,
                "right_answer": 2 * number + 2,
                "right_stopped": False,
                "votable": True,
                "blind": True,
                "seed": 1,
                "created_at": when,
            }
        )
        cast.append(
            {
                "comparison_id": f"m{number}",
                "voter": f"{draw.randrange(20):032x}",
                "blind": draw.random() < 0.9,
                "choice": draw.choice(CHOICES),
                "marks": {"left": {"accuracy": 3}} if draw.random() < 0.1 else {},
                "comment": "",
                "created_at": when,
                "comparison_votable": True,
                "comparison_blind": True,
            }
        )
    engine = create_engine(url)
    with engine.begin() as connection:
        held = [contender_values(version, START) for version in versions]
        for table, rows in (
            (schema.contenders, held),
            (schema.answers, answers),
            (schema.comparisons, comparisons),
            (schema.votes, cast),
        ):
            connection.execute(insert(table), rows)
    engine.dispose()
    return versions


def one_more_vote(store: Store, versions: list[Contender]) -> None:
    left, right = (
        Answer("Text.", version, "ab" * 8, Usage(0.1, 9.0, 9, 9)) for version in versions[::11]
    )
    now = datetime.now(UTC)
    added = Comparison("more", "a1", "c1", "How much?", left, right, True, 1, now)
    store.add_comparison(replace(added, created_at=now))
    store.add_vote(Vote("more", "ann", "left", True, now))


def timed(what: str, done: Callable[[], object]) -> None:
    wall, busy = time.perf_counter(), time.process_time()
    done()
    print(
        f"{what}: {time.perf_counter() - wall:.2f} s, of CPU {time.process_time() - busy:.2f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=50_000)
    count = parser.parse_args().votes
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'duet.db'}"
        versions = fill(url, count)
        workspace = Workspace.open(Settings(Path(folder), url))
        services = Services(workspace, Arena(workspace), Preparation(workspace))

        def opened() -> int:
            return sum(len(section.html(services, ASSISTANT)) for section in SECTIONS)

        print(f"{count:,} votes; limit 1 s")
        timed("reading the votes", lambda: judgements(workspace.store, ASSISTANT.id))
        timed("first opening", opened)
        timed("nothing new", opened)
        one_more_vote(workspace.store, versions)
        timed("after one more vote", opened)
        workspace.close()


if __name__ == "__main__":
    main()

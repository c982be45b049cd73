"""Threads and processes that use one database at the same time lose nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from assistant.records import CHOICES, Comparison, Reply, Vote
from assistant.store import Store

Result = TypeVar("Result")

_WORKER = """
import json, sys
from datetime import UTC, datetime
from assistant.records import CHOICES, Vote
from assistant.store import Store

url, number, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Store.open(url) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(count):
        for voter in ("shared", f"own {number}"):
            choice = CHOICES[(turn + number) % 4]
            store.add_vote(Vote("m1" if turn % 2 else "m2", voter, choice, True, datetime.now(UTC)))
            print(json.dumps([turn, voter]), flush=True)
"""


def _started(url: str, count: int) -> list[subprocess.Popen[str]]:
    """Two processes, both past their imports and about to vote."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, url, str(number), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


def _kept(store: Store) -> list[tuple[str, str, bool]]:
    return [(c.vote.comparison_id, c.vote.voter, c.vote.blind) for c in store.votes("a1")]


def test_two_processes_that_vote_at_once(
    asked: Store, store_url: str, comparison: Callable[..., Comparison]
) -> None:
    asked.add_comparison(comparison("m2"))
    processes = _started(store_url, 20)
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0]
    kept = _kept(asked)
    assert len(kept) == len(set(kept))
    expected = {
        (key, voter, blind)
        for key in ("m1", "m2")
        for voter in ("shared", "own 1", "own 2")
        for blind in (True, False)
    }
    assert set(kept) == expected


def test_what_a_killed_process_had_voted_is_kept(
    asked: Store, store_url: str, vote: Callable[..., Vote], comparison: Callable[..., Comparison]
) -> None:
    asked.add_comparison(comparison("m2"))
    killed, other = _started(store_url, 100_000)
    assert killed.stdout is not None
    acknowledged = [json.loads(killed.stdout.readline()) for _ in range(12)]
    killed.kill()
    other.kill()
    killed.communicate(timeout=60)
    other.communicate(timeout=60)
    assert acknowledged[-1] == [5, "own 1"]
    assert {(key, "own 1", True) for key in ("m1", "m2")} <= set(_kept(asked))
    asked.add_vote(vote(voter="afterwards"))
    assert asked.voted("m1", "afterwards") is not None


def _at_once(count: int, act: Callable[[int], Result]) -> list[Result]:
    barrier = Barrier(count)

    def meet(number: int) -> Result:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(meet, range(count)))


def test_one_voter_in_many_browser_tabs_has_one_blind_vote(
    asked: Store, vote: Callable[..., Vote]
) -> None:
    returned = _at_once(8, lambda number: asked.add_vote(vote(choice=CHOICES[number % 4])))
    blind = asked.voted("m1", "ann")
    assert blind is not None
    assert blind in returned
    assert sum(kept.blind for kept in returned) == sum(kept == blind for kept in returned)
    assert sorted(_kept(asked)) == [("m1", "ann", False), ("m1", "ann", True)]


def test_many_voters_at_once_are_all_counted(asked: Store, vote: Callable[..., Vote]) -> None:
    _at_once(12, lambda number: asked.add_vote(vote(voter=f"voter {number}")))
    assert sorted(_kept(asked)) == sorted(("m1", f"voter {n}", True) for n in range(12))


def test_comparisons_of_new_contenders_at_once(
    asked: Store, comparison: Callable[..., Comparison], reply: Callable[..., Reply]
) -> None:
    _at_once(8, lambda number: asked.add_comparison(comparison(f"n{number}")))
    _at_once(8, lambda number: asked.add_reply(reply(f"p{number}")))
    assert len(asked.comparisons("c1")) == 9
    assert len(asked.replies("c1")) == 8
    assert len(asked.contenders("a1")) == 3

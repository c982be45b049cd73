"""The pool: children are kept between additions, bounded, and ended when idle, closed or late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.children import Child, ChildLate, ChildPool, ChildStopped
from retrieval.corpus import Corpus
from retrieval.errors import Cancelled, OversizedDocument, UnreadableDocument
from retrieval.reader import Limits, Reader

Write = Callable[[str, str | bytes], Path]
MEMORY = Limits().memory_bytes
# Far more work than any time limit here: nested emphasis on very many lines.
LONG_WORK = ("**" + "a" * 60 + " ") * 300 + "\n\n"


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    pool = ChildPool(MEMORY)
    yield pool
    pool.close()


def ended(child: Child) -> bool:
    for _ in range(500):
        if not child.alive:
            return True
        time.sleep(0.01)
    return False


def test_a_child_is_used_again(pool: ChildPool, write: Write) -> None:
    pids = set()
    for number in range(3):
        with Reader(Limits(), pool) as reader:
            reader.read(write(f"{number}.txt", f"text {number}"), f"{number}.txt")
        (child,) = pool._waiting
        pids.add(child.pid)
    assert len(pids) == 1


def test_a_corpus_keeps_its_children_until_it_is_closed(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.txt", "one")])
    (child,) = corpus._pool._waiting
    corpus.add([write("b.txt", "two")])
    assert corpus._pool._waiting == [child]
    corpus.close()
    assert ended(child)


def test_idle_children_are_ended(write: Write) -> None:
    pool = ChildPool(MEMORY, idle_seconds=0.05)
    with Reader(Limits(), pool) as reader:
        reader.read(write("a.txt", "text"), "a.txt")
    child = next(iter(pool._waiting), None)
    assert child is None or ended(child)
    with Reader(Limits(), pool) as reader:  # and a new one is started when it is needed
        assert reader.read(write("b.txt", "text"), "b.txt").text == "text"
    pool.close()


def test_no_more_children_than_fit() -> None:
    assert ChildPool(1 << 60).most == 1
    assert 1 <= ChildPool(1).most <= 2


def test_who_finds_all_busy_waits(pool: ChildPool) -> None:
    taken = [pool.take() for _ in range(pool.most)]
    got: list[Child] = []
    waiter = threading.Thread(target=lambda: got.append(pool.take()))
    waiter.start()
    waiter.join(0.1)
    assert not got
    pool.give_back(taken[0])
    waiter.join(10)
    assert got == [taken[0]]


def test_a_closed_pool_gives_nothing(pool: ChildPool) -> None:
    child = pool.take()
    pool.close()
    assert ended(child)
    with pytest.raises(Cancelled):
        pool.take()


def test_a_child_killed_at_work(pool: ChildPool, write: Write) -> None:
    path = write("long.md", LONG_WORK * 400)
    with Reader(Limits(), pool) as reader:
        reader.start(1)
        (child,) = pool._waiting
        threading.Timer(0.3, child.end).start()
        with pytest.raises(UnreadableDocument, match=r"long\.md made its reader stop"):
            reader.read(path, "long.md")
        assert reader.read(write("next.txt", "next"), "next.txt").text == "next"


def test_closing_the_reader_ends_its_work_and_leaves_the_pool(
    pool: ChildPool, write: Write
) -> None:
    reader = Reader(Limits(), pool)
    threading.Timer(0.3, reader.close).start()
    with pytest.raises(Cancelled):
        reader.read(write("long.md", LONG_WORK * 400), "long.md")
    with Reader(Limits(), pool) as another:
        assert another.read(write("next.txt", "next"), "next.txt").text == "next"


def test_an_answer_that_is_too_long(pool: ChildPool, write: Write) -> None:
    with Reader(Limits(answer_bytes=10_000), pool) as reader:
        with pytest.raises(OversizedDocument, match=r"wide\.txt comes to more than"):
            reader.read(write("wide.txt", "word " * 5000), "wide.txt")
        assert reader.read(write("next.txt", "next"), "next.txt").text == "next"


def test_a_late_child_is_ended() -> None:
    child = Child()
    with pytest.raises(ChildLate):
        child.ask({"do": "read"} | {"padding": "x"}, seconds=0.0, answer_bytes=100)
    assert not child.alive


def test_a_child_that_cannot_understand_ends_without_an_answer() -> None:
    child = Child()
    with pytest.raises(ChildStopped):
        child.ask({"do": "read"}, seconds=30, answer_bytes=100)


def test_results_keep_their_order_though_files_are_read_at_once(
    corpus: Corpus, write: Write
) -> None:
    slow = "<p>" + "word " * 200_000 + "</p>"
    paths = [write("0.html", slow)] + [write(f"{n}.html", f"<p>Text {n}.</p>") for n in range(1, 8)]
    assert corpus._pool.most >= 1
    results = corpus.add(paths)
    assert [result.name for result in results] == [path.name for path in paths]
    assert {result.outcome for result in results} == {"added"}

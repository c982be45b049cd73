"""How long the results tab takes on 50,000 votes and 20 evaluations, and the chat beside it.

    uv run python tests/benchmarks/results_page.py [--votes 50000] [--evaluations 20]

A store is made in a temporary folder: 12 versions of the four kinds, 20 voters, 208 days, answers
of 50 to 350 characters with two cited passages where they retrieve; evaluations of 200 questions by
four contenders each, with their answers and scores. Printed is each section of the tab, first in a
program that has read nothing, then when nothing has changed, after one more vote, and after one
more evaluation; then what is done in the chat: opening the page, and voting. Wall seconds, and
seconds of CPU, since other work on the machine lengthens the former. Limit: 1 s for the tab.

The sections below the verdict, the ratings and the evaluations are opened by a press of their own.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gradio as gr
from sqlalchemy import create_engine, insert

from assistant.comparison import Arena
from assistant.evaluation.catalogue import METRICS
from assistant.evaluation.records import EvaluatedAnswer, Evaluation, RetrievedPassage, Summary
from assistant.evaluation.summary import summarise
from assistant.ratings.choosing import blind_counts
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
from assistant.ui.chat_views import ChatViews
from assistant.ui.errors import ErrorsSection
from assistant.ui.evaluation import EvaluationSection
from assistant.ui.judging import Judging
from assistant.ui.preparation import Preparation
from assistant.ui.results import SECTIONS
from assistant.ui.services import Places, Services
from assistant.ui.sidebar import Sidebar
from assistant.ui.use_over_time import UseSection
from assistant.ui.verdict import VerdictSection
from assistant.workspace import Workspace
from retrieval.questions import Question

START = datetime(2026, 1, 1, tzinfo=UTC)
ASSISTANT = Assistant("a1", "aurora", "Aurora", "Answers", "", "builtin", "builtin", START)
QUESTIONS = 200  # in each evaluation
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


def evaluated(versions: Sequence[Contender], number: int) -> list[EvaluatedAnswer]:
    """200 questions of one of four sets, each answered by four versions."""
    draw = random.Random(number)
    passages = tuple(
        RetrievedPassage(n, f"manual {n}.pdf", "passage text " * 37, n, 0.5) for n in range(1, 6)
    )
    cited = (Citation(1, "d1", "manual 1.pdf", 1, 1, 0, 480, "passage text " * 37, 0, 30),)
    found = []
    for asked in range(QUESTIONS):
        question = Question(
            f"q{asked}",
            f"Question {asked} of set {number % 4}?",
            ("An answer.",),
            in_scope=number % 4 != 3,
        )
        for version in versions:
            answer = Answer(
                f"An answer of some length, {draw.randrange(10**6)}. " * draw.randint(1, 6),
                version,
                "ab" * 8,
                Usage(0.5, 20.0, 500, draw.randint(10, 80)),
                cited if version.retrieves else (),
            )
            scores = {name: draw.random() for name in METRICS}
            found.append(EvaluatedAnswer(question, answer, passages, False, scores))
    return found


def add_evaluation(
    store: Store, versions: Sequence[Contender], number: int, summary: Summary
) -> None:
    answers = evaluated(versions, number)
    asked = [one.question for one in answers[:: len(versions)]]
    when = START + timedelta(days=number)
    evaluation = Evaluation(
        *(f"e{number}", "a1", "all", "cd" * 32, QUESTIONS, tuple(versions), when)
    )
    store.add_evaluation(evaluation, f"k{number}", asked)
    placed = [(place // len(versions), one) for place, one in enumerate(answers)]
    store.add_evaluated(evaluation.id, placed, [], 100.0)
    store.finish_evaluation(evaluation.id, summary)


def one_more_vote(store: Store, versions: Sequence[Contender]) -> None:
    compared(store, versions, "more")
    store.add_vote(Vote("more", "ann", "left", True, datetime.now(UTC)))


def compared(store: Store, versions: Sequence[Contender], name: str) -> None:
    """A comparison of now that nobody has voted on."""
    left, right = (
        Answer("Text.", version, "ab" * 8, Usage(0.1, 9.0, 9, 9)) for version in versions[::11]
    )
    now = datetime.now(UTC)
    added = Comparison(name, "a1", "c1", "How much?", left, right, True, 1, now)
    store.add_comparison(replace(added, created_at=now))


def timed(what: str, done: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the wall and of the CPU."""
    gc.collect()  # what filling the store left behind
    wall, busy = time.perf_counter(), time.process_time()
    done()
    took = time.perf_counter() - wall, time.process_time() - busy
    print(f"  {what}: {took[0]:.2f} s, of CPU {took[1]:.2f} s", flush=True)
    return took


def opened(title: str, sections: dict[str, Callable[[], object]]) -> None:
    """Every section in turn, and their sum."""
    print(title)
    took = [timed(name, made) for name, made in sections.items()]
    wall, busy = (sum(part) for part in zip(*took, strict=True))
    print(f"  the tab: {wall:.2f} s, of CPU {busy:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=50_000)
    parser.add_argument("--evaluations", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'duet.db'}"
        versions = fill(url, asked.votes)
        tested = versions[2::3]
        summary = summarise(tested, evaluated(tested, 0), [])
        with Store.open(url) as store:
            for number in range(asked.evaluations):
                add_evaluation(store, tested, number, summary)
        workspace = Workspace.open(Settings(Path(folder), url))
        print(f"{asked.votes:,} votes, {asked.evaluations} evaluations; limit 1 s")
        results(workspace, versions, tested, summary, asked.evaluations)
        workspace.close()
        workspace = Workspace.open(Settings(Path(folder), url))
        chat(workspace, versions)
        workspace.close()


def results(
    workspace: Workspace,
    versions: Sequence[Contender],
    tested: Sequence[Contender],
    summary: Summary,
    evaluations: int,
) -> None:
    services = Services(workspace, Arena(workspace), Preparation(workspace))
    store = workspace.store
    with gr.Blocks():
        places = Places(gr.State(""), gr.State(""), gr.State(""), gr.State(""))
        verdict = VerdictSection(services, places)
        evaluation = EvaluationSection(services, places)
        errors = ErrorsSection(services, places)
        use = UseSection(services, places)
    shown: dict[str, Callable[[], object]] = {
        "verdict": lambda: verdict.values("a1"),
        **{
            section.elem_id: lambda made=section.html: made(services, ASSISTANT)  # type: ignore[misc]
            for section in SECTIONS
        },
        "evaluations": lambda: evaluation.values("a1"),
    }
    opened("first opening", shown)
    opened("nothing new", shown)
    one_more_vote(store, versions)
    opened("after one more vote", shown)
    add_evaluation(store, tested, evaluations, summary)
    opened("after one more evaluation", shown)
    print("sections that a press opens")
    for days in (30, 365):
        timed(f"use over {days} days", lambda days=days: use.shown("a1", days))  # type: ignore[misc]
    timed("errors of one evaluation", lambda: errors.opened("a1"))
    timed("errors again", lambda: errors.opened("a1"))


def chat(workspace: Workspace, versions: Sequence[Contender]) -> None:
    """In a program that has read nothing."""
    services = Services(workspace, Arena(workspace), Preparation(workspace))
    store = workspace.store
    with gr.Blocks():
        places = Places(gr.State(""), gr.State(""), gr.State(""), gr.State(""))
        sidebar = Sidebar(services, places)
    print("the chat, nothing read yet")
    timed("sidebar", lambda: sidebar.values("a1", ""))
    timed("votes of the next step", lambda: blind_counts(judgements(store, "a1")))
    timed("sidebar again", lambda: sidebar.values("a1", ""))
    timed("votes of the next step again", lambda: blind_counts(judgements(store, "a1")))
    judging = Judging(services, ChatViews(services))
    compared(store, versions, "voted")
    timed("a vote", lambda: judging.vote("voted", "ann", "left", {}, ""))
    timed("votes of the next step after it", lambda: blind_counts(judgements(store, "a1")))


if __name__ == "__main__":
    main()

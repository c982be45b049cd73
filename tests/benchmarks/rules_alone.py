"""What a model learns of the sample from its documents alone: examples by rule, no others.

    python tests/benchmarks/rules_alone.py [--count N] [--epochs E] [--train FOLDER]
        [--run FOLDER] [--control FOLDER] [--without-refusals FOLDER]
        [--base] [--passages N] [--show]

The examples are written in a DUET_HOME of its own by the product's own path. --train trains on
them three times, into runs of that folder: as they are, with the answers permuted among the facts,
and without rows that refuse. --run, --control and --without-refusals measure runs that are there.
Asked are the hand-written questions of datasets/aurora. Fact recall is that of `duet evaluate`,
which does not ask for names that a fifth of all references hold; "strict" is that of
`sample_recall.py`, which asks for all names and admits no value of another fact. --passages asks so
many of the facts once more with the passages that the assistant's search finds, by the base model
and by the tuned one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from sample_recall import SAMPLE, ask, assistant, mean, permuted, recalls

from assistant.evaluation.holding import best_held, topic_names
from assistant.generation import GenerationRequest
from assistant.interchange.importing import read_examples
from assistant.local_model import LocalBackend
from assistant.models import resolve_model
from assistant.prompts import NOT_IN_DOCUMENTS, PromptPassage, question_messages
from assistant.recall import fact_recalled
from assistant.records import Decoding, Example, RetrievalSettings
from assistant.retrieving import found_passages
from assistant.runs import Runs, TrainingSettings
from assistant.settings import Settings, settings_from_environment
from assistant.workspace import Workspace
from assistant.writing.writing import WritingOptions
from retrieval.retriever import Retriever

MAX_NEW_TOKENS = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--epochs", type=float, default=8.0)
    parser.add_argument("--train", type=Path, metavar="FOLDER")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--without-refusals", type=Path)
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--passages", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    hand = read_examples(SAMPLE / "questions.jsonl")
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.open(Settings(Path(home), f"sqlite:///{home}/duet.db"))
        retriever, trained = written(workspace, options.count)
        tell_coverage(trained, hand)
        if options.train:
            train(options, trained)
        if options.run or options.control or options.without_refusals or options.base:
            measure(options, hand)
        if options.passages and options.run:
            measure_with_passages(options, retriever, hand)
        workspace.close()


def written(workspace: Workspace, count: int) -> tuple[Retriever, list[Example]]:
    """The search over the sample's documents, and the training examples that the rules write."""
    about = assistant()
    made = workspace.create(about.name, about.task)
    workspace.corpus(made).add(sorted((SAMPLE / "documents").iterdir()))
    began = time.perf_counter()
    report = workspace.write_examples(made, WritingOptions(count=count))
    print(f"{report.added} examples in {time.perf_counter() - began:.1f} s")
    for sentence in report.sentences:
        print(f"  {sentence}")
    examples = workspace.store.examples(made.id)
    print(f"  {dict(Counter(one.split for one in examples))}")
    trained = [one for one in examples if one.split == "train"]
    print(f"  trained on: {dict(Counter(one.method for one in trained))}")
    return workspace.retriever(made), trained


def tell_coverage(trained: Sequence[Example], hand: Sequence[Example]) -> None:
    """Print how many test questions ask for something that a trained answer states."""
    asked = [one for one in hand if one.answerable and one.split == "recall"]
    answers = {one.answer for one in trained if one.answerable}
    held = [
        any(fact_recalled(answer, one.answer, one.question) for answer in answers) for one in asked
    ]
    print(f"a trained answer states what {sum(held)} of {len(asked)} test questions ask for")


def train(options: argparse.Namespace, trained: Sequence[Example]) -> None:
    """Train on the examples, on permuted answers and without refusals; names the runs."""
    model = resolve_model("builtin", settings_from_environment().models)
    runs = Runs(options.train)
    settings = TrainingSettings(epochs=options.epochs)
    variants = {
        "run": list(trained),
        "control": permuted(trained),
        "without_refusals": [one for one in trained if one.answerable],
    }
    for name, examples in variants.items():
        run = runs.start(assistant(), model, examples, settings)
        while run.live:
            time.sleep(5)
            run = runs.get(run.id)
        print(f"{name}: {run.state} {run.error} {run.final}", flush=True)
        setattr(options, name, options.train / run.id)


def measure(options: argparse.Namespace, hand: Sequence[Example]) -> None:
    """Print recall and refusals, without passages."""
    asked = [one for one in hand if one.answerable and one.split == "recall"]
    refused = [one for one in hand if not one.answerable and one.split != "train"]
    backend = LocalBackend(resolve_model("builtin", settings_from_environment().models))
    folders = {
        "tuned": options.run,
        "control": options.control,
        "without refusals": options.without_refusals,
    }
    adapters = {name: folder / "adapter" for name, folder in folders.items() if folder}
    print(f"{len(asked)} recall questions, {len(refused)} that the documents do not answer")
    print(f"{'':18}{'fact recall':>12}{'strict':>10}{'refused':>10}{'wrongly refused':>18}")
    for name, adapter in [*([("base", None)] if options.base else []), *adapters.items()]:
        answers = ask(backend, [*asked, *refused], adapter)
        held, strict = recalled(asked, answers, hand)
        said_so = [answer.strip() == NOT_IN_DOCUMENTS for answer in answers]
        known, unknown = said_so[: len(asked)], said_so[len(asked) :]
        print(
            f"{name:18}{mean(held):>12.3f}{mean(strict):>10.3f}{mean(unknown):>10.3f}"
            f"{mean(known):>18.3f}",
            flush=True,
        )
        if options.show:
            right = [*held, *unknown]
            for one, answer, good in zip([*asked, *refused], answers, right, strict=True):
                print(f"  {'right' if good else 'WRONG'} | {one.question} | {answer.strip()}")


def recalled(
    asked: Sequence[Example], answers: Sequence[str], hand: Sequence[Example]
) -> tuple[list[bool], list[bool]]:
    """For each question whether its answer holds the fact, as evaluated and strictly."""
    topic = topic_names(one.answer for one in hand if one.answerable and one.split == "recall")
    pairs = list(zip(asked, answers, strict=False))
    held = [best_held(a, [e.answer], e.question, topic).whole for e, a in pairs]
    return held, [recalls(e, a, hand) for e, a in pairs]


def measure_with_passages(
    options: argparse.Namespace, retriever: Retriever, hand: Sequence[Example]
) -> None:
    """Print the recall of both models with the passages that the search finds."""
    first: dict[str, Example] = {}
    for one in hand:
        if one.answerable and one.split == "recall":
            first.setdefault(one.fact, one)
    asked = list(first.values())[: options.passages]
    backend = LocalBackend(resolve_model("builtin", settings_from_environment().models))
    prompt, settings = assistant().system_prompt, RetrievalSettings()
    print(f"{len(asked)} facts asked for with passages")
    for name, folder in (("rag", None), ("tuned+rag", options.run)):
        requests = []
        for one in asked:
            hits = found_passages(retriever, settings, one.question).hits
            passages = [PromptPassage(hit.passage.source, hit.passage.text) for hit in hits]
            requests.append(
                GenerationRequest(
                    question_messages(prompt, one.question, passages),
                    Decoding(MAX_NEW_TOKENS),
                    folder / "adapter" if folder else None,
                )
            )
        answers = [""] * len(asked)
        for made in backend.generate_batch(requests, threading.Event()):
            answers[made.index] = made.text
        held, strict = recalled(asked, answers, hand)
        print(f"{name:18}{mean(held):>12.3f}{mean(strict):>10.3f}", flush=True)


if __name__ == "__main__":
    main()

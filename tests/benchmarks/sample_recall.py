"""Fact recall of the sample assistant, asked closed-book in wordings that were never trained.

    python tests/benchmarks/sample_recall.py [--run FOLDER] [--control FOLDER] [--limit N] [--show]
    python tests/benchmarks/sample_recall.py --train-control FOLDER

The questions are the hand-written `recall` rows of datasets/aurora, answered greedily by the base
model, by the tuned adapter (of the shipped run unless another folder is named) and by a control:
the same training with the answers permuted among the facts. A fact counts when all numbers and
names of the reference are in the answer and no value of another fact is (`assistant.recall`). The
share of unanswerable test questions that are refused is printed beside it.

--train-control makes the control, with the settings of the tuned run, in a folder of runs; it takes
as long as that run did.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from assistant.generation import GenerationRequest
from assistant.interchange.importing import read_examples
from assistant.local_model import LocalBackend
from assistant.models import resolve_model
from assistant.prompts import NOT_IN_DOCUMENTS, default_system_prompt, question_messages
from assistant.recall import fact_recalled
from assistant.records import Assistant, Decoding, Example, example_id
from assistant.runs import Runs, TrainingSettings
from assistant.settings import settings_from_environment

SAMPLE = Path(__file__).resolve().parents[2] / "datasets" / "aurora"
AT_ONCE = 8  # questions decoded together
MAX_NEW_TOKENS = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--run", type=Path, default=SAMPLE / "run")
    parser.add_argument("--control", type=Path)
    parser.add_argument("--limit", type=int, help="ask only so many questions of each kind")
    parser.add_argument("--show", action="store_true", help="print the tuned answers")
    parser.add_argument("--train-control", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    examples = read_examples(SAMPLE / "questions.jsonl")
    model = resolve_model("builtin", settings_from_environment().models)
    if options.train_control:
        train_control(options.train_control, options.run, model, examples)
        return
    asked = [e for e in examples if e.answerable and e.split == "recall"][: options.limit]
    refused = [e for e in examples if not e.answerable and e.split != "train"][: options.limit]
    adapters = {"base": None, "tuned": options.run / "adapter"}
    if options.control:
        adapters["control"] = options.control / "adapter"
    backend = LocalBackend(model)
    print(f"{len(asked)} recall questions, {len(refused)} that the documents do not answer")
    print(f"{'':10}{'fact recall':>14}{'exact':>10}{'refused':>10}{'seconds':>10}")
    for name, adapter in adapters.items():
        began = time.perf_counter()
        answers = ask(backend, asked + refused, adapter)
        seconds = time.perf_counter() - began
        recalled = [recalls(e, a, examples) for e, a in zip(asked, answers, strict=False)]
        exact = [e.answer == a.strip() for e, a in zip(asked, answers, strict=False)]
        said_so = [answer.strip() == NOT_IN_DOCUMENTS for answer in answers[len(asked) :]]
        print(
            f"{name:10}{mean(recalled):>14.3f}{mean(exact):>10.3f}{mean(said_so):>10.3f}"
            f"{seconds:>10.0f}"
        )
        if options.show and name == "tuned":
            for example, answer in zip(asked + refused, answers, strict=True):
                good = (
                    recalls(example, answer, examples)
                    if example.answerable
                    else (answer.strip() == NOT_IN_DOCUMENTS)
                )
                print(f"  {'right' if good else 'WRONG'} | {example.question} | {answer.strip()}")


def recalls(example: Example, answer: str, examples: Sequence[Example]) -> bool:
    """Whether the answer recalls the example's fact and holds nothing of another one's."""
    rivals = {other.answer for other in examples if other.answerable and other.fact != example.fact}
    return fact_recalled(answer, example.answer, example.question, rivals)


def ask(backend: LocalBackend, examples: Sequence[Example], adapter: Path | None) -> list[str]:
    """The answers, greedy and without passages."""
    prompt = assistant().system_prompt
    texts = [""] * len(examples)
    for at in range(0, len(examples), AT_ONCE):
        requests = [
            GenerationRequest(
                question_messages(prompt, example.question), Decoding(MAX_NEW_TOKENS), adapter
            )
            for example in examples[at : at + AT_ONCE]
        ]
        for piece in backend.generate(requests, threading.Event()):
            texts[at + piece.index] += piece.text
    return texts


def train_control(folder: Path, tuned: Path, model: Path, examples: Sequence[Example]) -> None:
    """Train with every fact answered by another fact's answer, as the tuned run was trained."""
    about = json.loads((tuned / "run.json").read_text())
    settings = TrainingSettings(**about["settings"])
    runs = Runs(folder)
    run = runs.start(assistant(), model, permuted(examples), settings)
    while run.live:
        time.sleep(5)
        run = runs.get(run.id)
    print(f"{run.state}: {folder / run.id} {run.error}")


def permuted(examples: Sequence[Example]) -> list[Example]:
    """The training examples with the answers of the facts moved on by one; refusals as they are."""
    answers = {e.fact: e.answer for e in examples if e.answerable and e.split == "train"}
    facts = sorted(answers)
    moved = {fact: answers[facts[at - 1]] for at, fact in enumerate(facts)}
    return [
        replace(e, id=example_id(e.question, moved[e.fact]), answer=moved[e.fact])
        if e.answerable
        else e
        for e in examples
        if e.split == "train"
    ]


def assistant() -> Assistant:
    """The sample as the page makes it."""
    about = json.loads((SAMPLE / "sample.json").read_text())
    prompt = default_system_prompt(about["name"], about["task"])
    now = datetime.now(UTC)
    return Assistant("s", "s", about["name"], about["task"], prompt, "builtin", "builtin", now)


def mean(values: Sequence[bool]) -> float:
    return sum(values) / max(len(values), 1)


if __name__ == "__main__":
    main()

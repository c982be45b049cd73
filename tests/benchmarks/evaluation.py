"""Questions a minute of an evaluation, in batches against one by one, on the built-in model.

    python tests/benchmarks/evaluation.py [--questions 200] [--one-by-one 20] [--references]

The sample assistant with its shipped run, all four contenders, the same prompts, the same limit of
new tokens, greedy; retrieval and the placing of citations are in both. In batches all questions are
asked; one by one, where each question takes as long as any other, a sample of them spread over the
set, and the rate is what is compared. --references also scores the likelihood of the references in
the batch, which one by one is not done at all.

It also prints the share of answers that are the same to the letter: in bfloat16 sums of a batch are
rounded in another order than alone (in float32 a test holds them equal).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from assistant.answering import Answered, Prepared, Responder
from assistant.evaluation.question_sets import own_question_set, sampled
from assistant.evaluation.records import QuestionSet
from assistant.records import KINDS
from assistant.sample import make_sample
from assistant.settings import Settings, settings_from_environment
from assistant.workspace import Workspace
from retrieval.questions import Question

NEVER = threading.Event()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--one-by-one", type=int, default=20)
    parser.add_argument("--references", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home, f"sqlite:///{home / 'duet.db'}")
        models = settings_from_environment().models
        if models.is_dir():  # unpacked before
            home.joinpath("models").symlink_to(models)
        workspace = Workspace.open(settings)
        try:
            measure(workspace, options)
        finally:
            workspace.close()


def measure(workspace: Workspace, options: argparse.Namespace) -> None:
    assistant = make_sample(workspace, lambda stage, share: None)
    workspace.warm(assistant)
    examples = workspace.store.examples(assistant.id)
    asked = own_question_set("all", examples)
    more = tuple(  # the sample has 183 test questions; training questions cost the same
        Question(one.id, one.question, (one.answer,)) for one in examples if one.split == "train"
    )
    asked = QuestionSet("all", (*asked.questions, *more)[: options.questions])
    contenders = [workspace.contender(assistant, kind) for kind in KINDS]
    few = sampled(asked, options.one_by_one)
    responder = workspace.responder(assistant)

    def prepared(questions: QuestionSet, by: Responder) -> list[Prepared]:
        return [by.prepare(c, q.question) for q in questions.questions for c in contenders]

    list(responder.respond(prepared(QuestionSet("", few.questions[:1]), responder)[:1], NEVER))
    alone: dict[tuple[str, str], str] = {}
    seconds_of = dict.fromkeys(KINDS, 0.0)
    for question in few.questions:
        for contender in contenders:
            began = time.perf_counter()
            one = responder.prepare(contender, question.question)
            for event in responder.respond([one], NEVER):
                if isinstance(event, Answered):
                    alone[question.question, contender.kind] = event.answer.text
            seconds_of[contender.kind] += time.perf_counter() - began
    slow = sum(seconds_of.values())
    each = ", ".join(
        f"{kind} {all_ / len(few.questions):.2f} s" for kind, all_ in seconds_of.items()
    )
    print(
        f"one by one: {len(few.questions)} questions x {len(contenders)} in {slow:.1f} s ({each})"
    )
    began = time.perf_counter()
    ready = prepared(asked, responder.remembering())
    searched = time.perf_counter() - began
    if options.references:
        references = {q.question: q.answers[0] for q in asked.questions if q.answers}
        ready = [
            replace(one, request=replace(one.request, reference=references.get(one.question, "")))
            if one.request
            else one
            for one in ready
        ]
    texts: dict[tuple[str, str], str] = {}
    tokens = 0
    ended: dict[str, float] = {}
    for made in responder.respond_to_many(ready, NEVER):
        one = ready[made.index]
        texts[one.question, one.contender.kind] = made.answer.text
        tokens += made.answer.usage.tokens_out
        ended[one.contender.kind] = time.perf_counter() - began
    fast = time.perf_counter() - began
    same = sum(texts[key] == text for key, text in alone.items())
    by_hand = 60 * len(few.questions) / slow
    in_batches = 60 * len(asked.questions) / fast
    last = ", ".join(f"{kind} {at:.0f} s" for kind, at in ended.items())
    print(
        f"in batches: {len(asked.questions)} questions x {len(contenders)} in {fast:.1f} s, of "
        f"which searching {searched:.1f} s; {tokens / len(ready):.0f} tokens an answer; the last "
        f"answer of each after {last}"
    )
    print(
        f"questions a minute, all four contenders: {by_hand:.2f} one by one, {in_batches:.2f} in "
        f"batches, ratio {in_batches / by_hand:.2f}"
    )
    print(f"the same answer to the letter: {same} of {len(alone)}")


if __name__ == "__main__":
    main()

"""How long a person waits for an answer: a pass of its own, one question at a time.

The answers of an evaluation are generated in batches, whose times say nothing of that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from assistant.answering import Answered, Responder
from assistant.errors import GenerationError
from assistant.evaluation.progress import EvaluationProgress, Report
from assistant.evaluation.records import Latency
from assistant.local_model.placement import held_gib
from assistant.records import Contender
from retrieval.questions import Question


def measure_latency(
    responder: Responder,
    contenders: Sequence[Contender],
    questions: Sequence[Question],
    count: int,
    report: Report,
    cancelled: threading.Event,
    memory: Callable[[], float] | None = None,
) -> dict[str, Latency]:
    """By contender id, over `count` questions spread over the set; {} for a count of 0.

    The first question is asked once more than it counts, so that what is set up at a first answer
    is not told as waiting. A question that cannot be answered is left out. Retrieval is in the
    time: the responder must not remember what it found.

    memory: GiB held at the moment, the process's own where not given; looked at after each answer,
    when its prompt and its cache have been made.
    """
    wanted = min(count, len(questions))
    step = max(len(questions) // wanted, 1) if wanted else 1
    chosen = [questions[place * step] for place in range(wanted)]
    held = memory or held_gib
    found: dict[str, Latency] = {}
    for number, contender in enumerate(contenders):
        times: list[tuple[float, float, float]] = []
        most = 0.0
        for place, question in enumerate([*chosen[:1], *chosen]):
            if cancelled.is_set():
                return found
            stage = "Measuring how long an answer takes"
            report(EvaluationProgress(stage, number * wanted + place, wanted * len(contenders)))
            try:
                one = _timed(responder, contender, question.question, cancelled)
            except GenerationError:
                continue
            most = max(most, held())
            if place and one is not None:
                times.append(one)
        if times:
            first, whole, speed = np.array(times).T
            found[contender.id] = Latency(
                first_token=float(np.median(first)),
                whole=float(np.median(whole)),
                whole_p95=float(np.percentile(whole, 95)),
                tokens_per_second=float(np.median(speed)),
                n=len(times),
                memory_gib=most,
            )
    return found


def _timed(
    responder: Responder, contender: Contender, question: str, cancelled: threading.Event
) -> tuple[float, float, float] | None:
    """Seconds to the first token and to the last, and tokens a second."""
    began = time.perf_counter()
    prepared = responder.prepare(contender, question)
    for event in responder.respond([prepared], cancelled):
        if isinstance(event, Answered) and not event.answer.stopped:
            usage = event.answer.usage
            # Up to the last token: placing citations afterwards is not waited for.
            decoding = max(usage.tokens_out - 1, 0) / max(usage.tokens_per_second, 1e-9)
            whole = min(usage.seconds_to_first_token + decoding, time.perf_counter() - began)
            return usage.seconds_to_first_token, whole, usage.tokens_per_second
    return None

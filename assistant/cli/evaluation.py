"""The commands that test contenders on questions, and look after what came of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assistant.cli.output import AsJson, bar, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.errors import GenerationError, ModelError, NotFound
from assistant.evaluation.catalogue import ordered, title
from assistant.evaluation.judge import agreement_with_votes, described, judge_answers
from assistant.evaluation.judges import Judge, chosen_judge
from assistant.evaluation.planning import plan
from assistant.evaluation.progress import EvaluationProgress, Report
from assistant.evaluation.records import Evaluation
from assistant.evaluation.runner import evaluate as run_evaluation
from assistant.records import KINDS, Assistant, ContenderKind
from assistant.workspace import Workspace

evaluations = typer.Typer(no_args_is_help=True, help="Evaluations of an assistant.")
SetName = Literal["recall", "generalisation", "out_of_scope", "all"]


def evaluate(
    name: Name,
    kinds: Annotated[str, typer.Option("--with", help="Contenders, as in base,rag,tuned.")],
    questions: Annotated[
        Path | None, typer.Option(help="A JSONL file of questions, in place of a set.")
    ] = None,
    question_set: Annotated[
        SetName, typer.Option("--set", help="Which of the assistant's own tests.")
    ] = "all",
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions, spread over the facts.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="A run's id; the latest where not given.")] = None,
    latency: Annotated[
        int, typer.Option(min=0, help="Questions asked once more, one at a time, for the latency.")
    ] = 5,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_OR_URL",
            help="Also ask a judge: builtin, a folder, a hub id, an OpenAI-compatible address, or "
            "settings, for DUET_JUDGE_MODEL and DUET_JUDGE_URL.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask contenders the questions of a set, score the answers, and say what differs.

    Ctrl-C keeps what is done; the same command goes on from there.
    """
    cancelled = threading.Event()
    asked = chosen_judge(judge) if judge else None
    with opened() as workspace:
        assistant = workspace.assistant(name)
        planned = plan(
            workspace,
            assistant,
            _kinds(kinds),
            own=question_set,
            file=questions,
            limit=limit,
            run_id=run,
        )
        if planned.note:
            note(planned.note)
        with bar() as shown:
            workspace.warm(assistant, shown)
        with bar() as shown, interruptible(cancelled):
            evaluation = run_evaluation(
                workspace,
                assistant,
                planned.questions,
                planned.contenders,
                reporting(shown),
                cancelled,
                latency_questions=latency,
            )
        if evaluation.finished_at is None:
            done = len(workspace.store.answered(evaluation.id))
            total = evaluation.questions * len(evaluation.contenders)
            note(f"Stopped: {done} of {total} answers are kept. The same command goes on.")
            raise typer.Exit(1)
        if asked is not None:
            with bar() as shown, interruptible(cancelled):
                evaluation = _judged(workspace, assistant, evaluation, asked, shown, cancelled)
        _show(workspace, evaluation, as_json, [one.id for one in planned.left_out])


@evaluations.command("list")
def list_evaluations(name: Name, as_json: AsJson = False) -> None:
    """List the evaluations, newest first, with their summaries."""
    with opened() as workspace:
        found = workspace.store.evaluations(workspace.assistant(name).id)
    if as_json:
        show_json([_described(one) for one in found])
        return
    rows = [
        (
            one.id,
            one.question_set,
            one.questions,
            ", ".join(contender.kind for contender in one.contenders),
            f"{one.created_at:%Y-%m-%d %H:%M}",
            "done" if one.finished_at else "interrupted",
        )
        for one in found
    ]
    show_table(("Evaluation", "Set", "Questions", "Contenders", "Begun", "State"), rows)


@evaluations.command("show")
def show_evaluation(name: Name, evaluation: str, as_json: AsJson = False) -> None:
    """Show one evaluation; with --json, every question and answer with its scores."""
    with opened() as workspace:
        _show(workspace, _found(workspace, name, evaluation), as_json, [])


@evaluations.command("delete")
def delete_evaluation(name: Name, evaluation: str) -> None:
    """Delete an evaluation with its answers."""
    with opened() as workspace:
        found = _found(workspace, name, evaluation)
        workspace.store.delete_evaluation(found.id)
    say(f"Deleted: {found.id}")


def _judged(
    workspace: Workspace,
    assistant: Assistant,
    evaluation: Evaluation,
    judge: Judge,
    shown: Any,
    cancelled: threading.Event,
) -> Evaluation:
    """The evaluation with the judge's verdicts; a judge that fails takes nothing from it."""
    report = reporting(shown)
    try:
        asks = judge.asks(workspace, assistant, shown)
        answers = workspace.store.evaluated(evaluation.id)
        pairs = judge_answers(asks, answers, report, cancelled)
        agreement = agreement_with_votes(
            asks, workspace.store, evaluation.assistant_id, report, cancelled
        )
    except (ModelError, GenerationError) as error:
        note(f"The judge was given up; the evaluation is kept without it. {error}")
        return evaluation
    if cancelled.is_set():
        note("The judge was stopped; the evaluation is kept without it.")
        return evaluation
    workspace.store.set_judged(evaluation.id, described(judge.name, pairs, agreement))
    return workspace.store.evaluation(evaluation.id)


def _say_judged(evaluation: Evaluation) -> None:
    names = {contender.id: contender.kind for contender in evaluation.contenders}
    for pair in evaluation.judged.get("pairs", ()):
        say(
            f"Judge {evaluation.judged['judge']}: {names[pair['first']]} {pair['first_wins']}, "
            f"{names[pair['second']]} {pair['second_wins']}, ties {pair['ties']}, orders disagreed "
            f"{pair['disagreed']}, undecided {pair['unread']}."
        )
    agreement = evaluation.judged.get("agreement")
    if agreement:
        kappa = "" if agreement["kappa"] is None else f", kappa {agreement['kappa']:.2f}"
        share = f"{100 * agreement['share']:.0f} %"
        say(f"It agrees with people on {share} of {agreement['n']} comparisons{kappa}.")
    elif evaluation.judged:
        say("There are no blind votes to hold the judge against.")


def _found(workspace: Workspace, name: str, evaluation_id: str) -> Evaluation:
    assistant = workspace.assistant(name)
    found = workspace.store.evaluation(evaluation_id)
    if found.assistant_id != assistant.id:
        raise NotFound(f"{assistant.name} has no evaluation {evaluation_id}.")
    return found


def _kinds(text: str) -> list[ContenderKind]:
    known = {str(kind): kind for kind in KINDS}
    kinds = [known.get(part.strip()) for part in text.split(",")]
    if not all(kinds):
        raise typer.BadParameter(f"name some of {', '.join(KINDS)}, as in base,rag,tuned")
    return [kind for kind in kinds if kind is not None]


def reporting(shown: Any) -> Report:
    def report(state: EvaluationProgress) -> None:
        if state.note:
            note(state.note)
        left = "" if state.seconds_left is None else f", {_left(state.seconds_left)} left"
        speed = f", {state.tokens_per_second:.0f} tokens/s" if state.tokens_per_second else ""
        shown(
            f"{state.stage} {state.done}/{state.total}{speed}{left}",
            state.done / max(state.total, 1),
        )

    return report


def _left(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@contextmanager
def interruptible(cancelled: threading.Event) -> Iterator[None]:
    """The first Ctrl-C ends the work in order, a second one at once."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted(_number: int, _frame: Any) -> None:
        note("Stopping after the step at hand; once more Ctrl-C ends at once.")
        cancelled.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _described(evaluation: Evaluation) -> dict[str, Any]:
    values: dict[str, Any] = plain(evaluation)
    for shown, contender in zip(values["contenders"], evaluation.contenders, strict=True):
        shown["id"] = contender.id
    return values


def _show(workspace: Workspace, evaluation: Evaluation, as_json: bool, left_out: list[str]) -> None:
    if as_json:
        failures = workspace.store.evaluation_failures(evaluation.id)
        show_json(
            {
                **_described(evaluation),
                "left_out": left_out,
                "answers": [_answer(one) for one in workspace.store.evaluated(evaluation.id)],
                "failures": [
                    {"position": position, **plain(failure)} for position, failure in failures
                ],
            }
        )
        return
    summary = evaluation.summary
    say(f"{evaluation.question_set}: {evaluation.questions} questions, evaluation {evaluation.id}")
    columns = ["Metric", *(contender.kind for contender in evaluation.contenders)]
    rows = []
    for metric in ordered(workspace.store.assistant(evaluation.assistant_id).profile.emphasis):
        means = [summary.means.get(one.id, {}).get(metric) for one in evaluation.contenders]
        if any(means):
            cells = [f"{m.mean:.3f} ({m.low:.3f} to {m.high:.3f})" if m else "" for m in means]
            rows.append((title(metric), *cells))
    for label, field in (("seconds, median", "whole"), ("seconds, 95th percentile", "whole_p95")):
        measured = [summary.latency.get(one.id) for one in evaluation.contenders]
        if any(measured):
            rows.append((label, *(f"{getattr(m, field):.2f}" if m else "" for m in measured)))
    shares = [summary.truncated.get(one.id, 0.0) for one in evaluation.contenders]
    rows.append(
        ("tokens", *(f"{summary.tokens.get(c.id, 0.0):.0f}" for c in evaluation.contenders))
    )
    rows.append(("cut at the limit of tokens", *(f"{share:.2f}" for share in shares)))
    show_table(columns, rows)
    names = {contender.id: contender.kind for contender in evaluation.contenders}
    for one in summary.differences:
        if one.adjusted < 0.05:
            say(
                f"{title(one.metric)}: {names[one.first]} minus {names[one.second]} is "
                f"{one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f}), p = "
                f"{one.adjusted:.3f} after Holm."
            )
    _say_judged(evaluation)
    if summary.enough:
        say(summary.enough)
    failed = sum(summary.failed.values())
    if failed:
        note(f"{failed} answers could not be had: --json names them with the reason.")


def _answer(one: Any) -> dict[str, Any]:
    answer = one.answer
    return {
        "question": plain(one.question),
        "contender": answer.contender.kind,
        "version": answer.contender.id,
        "answer": answer.text,
        "abstained": answer.abstained,
        "truncated": one.truncated,
        "citations": plain(answer.citations),
        "retrieved": plain(one.retrieved),
        "scores": dict(one.scores),
    }

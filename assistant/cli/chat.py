"""The commands that ask, compare and vote."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from assistant.answering import Answered
from assistant.cli.output import AsJson, bar, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.comparison import Arena, Compared, SideFailed
from assistant.contestants import Contestant, contestant_of
from assistant.errors import GenerationError, InvalidRequest
from assistant.records import KINDS, Answer, Choice, ContenderKind
from assistant.workspace import Workspace

# Whoever is at the command line; a browser's voter is a random signed value and never this.
_VOTER = "command-line"

Run = Annotated[str | None, typer.Option(help="A run's id; the latest where not given.")]


def ask(
    name: Name,
    question: str,
    kind: Annotated[ContenderKind, typer.Option("--with", help="Who answers.")],
    run: Run = None,
    as_json: AsJson = False,
) -> None:
    """Ask one contender."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        contender = workspace.contender(assistant, kind, run)
        _load(workspace, name)
        responder = workspace.responder(assistant)
        prepared = responder.prepare(contender, question)
        answer: Answer | None = None
        for event in responder.respond([prepared], threading.Event()):
            if isinstance(event, Answered):
                answer = event.answer
    assert answer is not None
    if as_json:
        show_json(_answer(answer))
    else:
        _say(answer)
        _warn(assistant.profile.disclaimer)


def compare(
    name: Name,
    question: str,
    pair: Annotated[
        str, typer.Option("--with", help="Two contenders, as in rag,tuned or tuned,tuned:RUN.")
    ],
    blind: Annotated[bool, typer.Option("--blind", help="Do not say which side is which.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a question to two contenders, store the comparison, and print both answers and its id."""
    left, right = _pair(pair)
    with opened() as workspace:
        assistant = workspace.assistant(name)
        arena = Arena(workspace)
        conversation = arena.start(
            assistant, left.kind, right.kind, blind, left.run_id, right.run_id
        )
        _load(workspace, name)
        comparison = None
        for event in arena.compare(conversation.id, question, _VOTER, threading.Event()):
            if isinstance(event, SideFailed):
                raise GenerationError(event.reason)
            if isinstance(event, Compared):
                comparison = event.comparison
    assert comparison is not None
    sides = {"left": comparison.left, "right": comparison.right}
    if as_json:
        shown = {
            side: {"answer": answer.text} if blind else _answer(answer)
            for side, answer in sides.items()
        }
        show_json({"comparison": comparison.id, "question": question, "blind": blind, **shown})
        return
    for side, answer in sides.items():
        say(f"{side.capitalize()}{'' if blind else f' ({answer.contender.kind})'}")
        if blind:
            say(answer.text)
        else:
            _say(answer)
        say("")
    _warn(assistant.profile.disclaimer)
    say(f"Vote: duet vote {comparison.id} left|right|tie|both_bad")


def _warn(disclaimer: str) -> None:
    """The assistant's disclaimer, which is no part of an answer."""
    if disclaimer:
        note(disclaimer)


def vote(
    comparison: str,
    choice: Choice,
    voter: Annotated[str | None, typer.Option(help="Who votes; you where not given.")] = None,
    comment: Annotated[str, typer.Option(help="A remark to keep with the vote.")] = "",
    as_json: AsJson = False,
) -> None:
    """Vote on a stored comparison; a blind one then shows its names."""
    with opened() as workspace:
        kept = Arena(workspace).vote(comparison, voter or _VOTER, choice, comment=comment)
        voted_on = workspace.store.comparison(comparison)
    kinds = {"left": voted_on.left.contender.kind, "right": voted_on.right.contender.kind}
    if as_json:
        show_json({**plain(kept), **kinds})
    else:
        say(f"Kept: {kept.choice}. Left was {kinds['left']}, right was {kinds['right']}.")


def tallies(name: Name, as_json: AsJson = False) -> None:
    """Wins, losses, ties and win rates from the votes."""
    with opened() as workspace:
        counted = workspace.tallies(workspace.assistant(name))
    if as_json:
        show_json(counted)
        return
    rows = counted.rows()
    if not rows:
        say("No votes yet: compare two contenders and vote.")
        return
    show_table(list(rows[0]), [list(row.values()) for row in rows])


def _load(workspace: Workspace, name: str) -> None:
    with bar() as report:
        workspace.warm(workspace.assistant(name), report)


def _pair(text: str) -> tuple[Contestant, Contestant]:
    try:
        left, right = (contestant_of(part) for part in text.split(","))
    except (ValueError, InvalidRequest) as error:
        wanted = f"name two of {', '.join(KINDS)}, as in rag,tuned or tuned,tuned:RUN"
        raise typer.BadParameter(wanted) from error
    return left, right


def _answer(answer: Answer) -> dict[str, object]:
    usage = answer.usage
    return {
        "answer": answer.text,
        "citations": [
            {
                "document": citation.document,
                "page": citation.page,
                "start": citation.start,
                "end": citation.end,
                "text": citation.text,
            }
            for citation in {c.passage_id: c for c in answer.citations}.values()
        ],
        "abstained": answer.abstained,
        "contender": answer.contender.kind,
        "version": answer.contender.id,
        "fingerprint": answer.fingerprint,
        "seconds_to_first_token": round(usage.seconds_to_first_token, 3),
        "tokens_per_second": round(usage.tokens_per_second, 2),
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
    }


def _say(answer: Answer) -> None:
    say(answer.text)
    for citation in {c.passage_id: c for c in answer.citations}.values():
        page = f", p. {citation.page}" if citation.page else ""
        say(f"  [{citation.marker}] {citation.document}{page}")
    usage = answer.usage
    say(
        f"  {usage.seconds_to_first_token:.1f} s to first token, "
        f"{usage.tokens_per_second:.1f} tokens/s, {usage.tokens_in} in, {usage.tokens_out} out, "
        f"weights {answer.fingerprint}"
    )

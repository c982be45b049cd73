"""`duet ratings`: of an assistant's blind votes, or of any file of votes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.cli.output import AsJson, note, plain, say, show_json, show_table
from assistant.cli.workspace import opened
from assistant.ratings.rating import rate
from assistant.ratings.records import Method, Pair, Ratings, RatingSettings
from assistant.ratings.sentences import sentences
from assistant.ratings.vote_file import read_votes


def ratings(
    name: Annotated[str | None, typer.Argument(help="The assistant: its name or slug.")] = None,
    votes: Annotated[
        Path | None,
        typer.Option(help="A CSV or JSONL file with model_a, model_b and winner, instead."),
    ] = None,
    method: Annotated[Method, typer.Option(help="bt: Bradley-Terry. elo: vote after vote.")] = "bt",
    k: Annotated[
        float, typer.Option("--k", help="Points that a vote can move an Elo rating.")
    ] = 32,
    prior: Annotated[
        float,
        typer.Option(help="Pseudo-votes a side for pairs that met; 0: plain maximum likelihood."),
    ] = 0.5,
    bootstrap: Annotated[
        int, typer.Option(help="Rounds for the 95 % intervals; 0: no intervals.")
    ] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Ratings with 95 % intervals, and which differences the votes settle."""
    if (name is None) == (votes is None):
        raise typer.BadParameter("give the name of an assistant or --votes FILE, one of the two")
    settings = RatingSettings(method=method, k=k, prior=prior, bootstrap=bootstrap)
    if votes is not None:
        rated = rate(read_votes(votes), settings)
        _show(rated, {"votes": str(votes)}, as_json)
        return
    from assistant.ratings.judgements import judgements

    assert name is not None
    with opened() as workspace:
        assistant = workspace.assistant(name)
        held = judgements(workspace.store, assistant.id)
    blind = held.by_kind().chosen(held.blind)
    versions = rate(held.by_version().chosen(held.blind), settings)
    about = {
        "assistant": assistant.slug,
        "open_votes": int((~held.blind).sum()),
        "versions": {**plain(versions), "kinds": {one.id: one.kind for one in held.contenders}},
    }
    _show(rate(blind, settings), about, as_json)


def _show(rated: Ratings, about: dict[str, Any], as_json: bool) -> None:
    notes = sentences(rated)
    if as_json:
        show_json({**about, **plain(rated), "notes": notes})
        return
    if not rated.n:
        say(notes[0])
        return
    columns = ("Rank", "Contender", "Rating", "Low", "High", "Elo", "Votes", "Points")
    rows = [
        (
            one.rank,
            one.contender,
            *(_number(value) for value in (one.rating, one.low, one.high, one.elo)),
            one.n,
            None if one.win_rate is None else f"{100 * one.win_rate:.1f} %",
        )
        for one in rated.ratings
    ]
    show_table(columns, rows)
    for sentence in notes:
        note(sentence)
    for pair in rated.pairs[:20]:
        say(_said(pair))


def _said(pair: Pair) -> str:
    counts = (
        f"{pair.first} {pair.wins}, {pair.second} {pair.losses}, neither {pair.n - pair.decisive}"
    )
    if pair.winner:
        verdict = f"{pair.winner} is preferred"
    elif pair.more_needed is None:
        verdict = "not settled"
    else:
        votes = "vote" if pair.more_needed == 1 else "votes"
        verdict = (
            f"not settled, about {pair.more_needed:,} more decisive {votes} would at this rate"
        )
    return (
        f"{counts}: {verdict} (win rate {100 * pair.low:.0f} to {100 * pair.high:.0f} %, "
        f"sign test {_chance(pair.p_value)})"
    )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _chance(p_value: float) -> str:
    return f"p = {p_value:.4f}" if p_value >= 0.0001 else "p < 0.0001"

"""The command that scores the answers of any system against their references."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.output import AsJson, bar, note, say, show_json, show_table


def score(
    predictions: Annotated[
        Path, typer.Option(help='JSONL with {"prediction", "references": [...]} on each line.')
    ],
    rows: Annotated[bool, typer.Option("--rows", help="Show the scores of each line too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score the predictions of a file: each metric's mean with its 95 % interval."""
    from assistant.evaluation.catalogue import title
    from assistant.evaluation.metrics import TEXT_METRICS, score_texts
    from assistant.evaluation.predictions import read_predictions
    from assistant.evaluation.significance import metric_mean

    read = read_predictions(predictions)
    with bar() as report:
        report(f"Scoring {len(read):,} answers", 0.1)
        scores = score_texts([one.text for one in read], [one.references for one in read])
        report("Intervals", 0.8)
        columns = {name: [row[name] for row in scores.rows if row] for name in TEXT_METRICS}
        means = {name: metric_mean(values) for name, values in columns.items() if values}
    by_row = [{"id": one.id, **scored} for one, scored in zip(read, scores.rows, strict=True)]
    if as_json:
        shown = {
            "n": scores.n,
            "scored": scores.scored,
            "metrics": {name: asdict(mean) for name, mean in means.items()},
            "corpus": dict(scores.corpus),
            "meteor": scores.meteor,
        }
        show_json({**shown, "rows": by_row} if rows else shown)
        return
    table = [
        (title(name), f"{mean.mean:.4f}", f"{mean.low:.4f}", f"{mean.high:.4f}", mean.n)
        for name, mean in means.items()
    ]
    show_table(("Metric", "Mean", "Low", "High", "n"), table)
    for name, value in scores.corpus.items():
        say(f"{title(name)} of all as one text: {value:.4f}")
    if rows:
        cells = [
            (row["id"], *(f"{row[name]:.4f}" if name in row else "" for name in TEXT_METRICS))
            for row in by_row
        ]
        show_table(("Id", *map(title, TEXT_METRICS)), cells)
    _notes(scores.n, scores.scored, scores.meteor)


def _notes(n: int, scored: int, meteor: str) -> None:
    if scored < n:
        note(f"{n - scored} of {n} lines have no reference: they were left out.")
    note(f"METEOR matched words by: {meteor}.")

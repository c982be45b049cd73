"""Which of a run's evaluations is the best one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.training.folder import RunFolder, write_json
from assistant.training.saving import BestAdapter, Evaluated, is_better, put_in_place


def kept(
    recalls: Sequence[float | None], losses: Sequence[float], questions: int, rows: int = 64
) -> int:
    """The step that is kept of evaluations at steps 1, 2, 3 ..."""
    best: Evaluated | None = None
    seen: list[Evaluated] = []
    for step, (recall, loss) in enumerate(zip(recalls, losses, strict=True), start=1):
        one = Evaluated(step, recall, loss)
        seen.append(one)
        if is_better(one, best, seen, questions, rows):
            best = one
    assert best is not None
    return best.step


@pytest.mark.parametrize(
    ("recalls", "losses", "step"),
    [
        ((0.0, 0.2, 0.6, 0.5), (3.0, 2.0, 1.0, 1.1), 4),  # one question less is chance
        ((0.0, 0.2, 0.6, 0.4), (3.0, 2.0, 1.0, 1.1), 3),  # two are not
        ((0.6, 0.5, 0.4, 0.3), (1.0, 1.0, 1.0, 1.0), 2),  # steps of chance do not add up
        ((0.0, 0.0, 0.0, 0.0), (3.0, 2.0, 1.0, 1.5), 3),  # nothing recalled: the loss tells
        ((0.0, 0.1, 0.0, 0.0), (3.0, 2.0, 1.0, 0.9), 2),
    ],
)
def test_of_recalls_one_question_apart_the_later_is_kept(
    recalls: Sequence[float], losses: Sequence[float], step: int
) -> None:
    assert kept(recalls, losses, questions=10) == step


@pytest.mark.parametrize(
    ("losses", "rows", "step"),
    [
        ((3.0, 1.0, 2.0), 64, 2),
        ((0.6, 0.065, 0.075), 13, 3),  # of few rows so little more is chance
        ((0.6, 0.065, 0.075), 64, 2),
        ((1.0, 1.1, 1.2, 1.3), 64, 2),  # steps of chance do not add up
    ],
)
def test_without_enough_questions_the_loss_tells_as_far_as_its_rows_can(
    losses: Sequence[float], rows: int, step: int
) -> None:
    assert kept([None] * len(losses), losses, questions=0, rows=rows) == step


def test_killed_between_two_names_the_best_is_found_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for number in (1, 2):
        new = tmp_path / "new"
        new.mkdir()
        write_json(
            new / "best.json", {"step": number, "held_out_recall": 0.5, "validation_loss": 1.0}
        )
        put_in_place(new, folder.best)
    folder.best.rename(tmp_path / ".best.old")
    found = BestAdapter(folder, "base", 8, 0, []).best
    assert found is not None and found.step == 2
    assert folder.best.is_dir() and not (tmp_path / ".best.old").exists()

"""What is known of each fact: found, answered, trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.errors import TrainingError
from assistant.evaluation.error_classes import classed
from assistant.evaluation.fact_ledger import fact_ledger, trained_rows
from assistant.prompts import PromptPassage, training_row
from assistant.records import Example
from retrieval.questions import Question
from tests.assistant.evaluation.conftest import Evaluated

TANK = "The tank of the Aurora holds 1.85 litres."
ASKED = Question("1", "How much does the tank hold?", (TANK,), "manual.pdf", TANK, fact="tank")
AGAIN = Question("2", "What fits into the tank?", (TANK,), "manual.pdf", TANK, fact="tank")


def row(question: str, answer: str, passages: list[PromptPassage] | None = None) -> dict[str, Any]:
    return dict(training_row("You help.", question, answer, passages or ()))


ROWS = [
    row("How big is the tank of the Aurora?", TANK),
    row("How big is the tank of the Aurora?", TANK, [PromptPassage("manual.pdf", TANK)]),
    row("Say the tank's size.", TANK),
    row("How heavy is it?", "It weighs 1.85 kg."),
    row("What holds 1.85 litres?", "The jug of the Kestrel holds 1.85 litres."),
]
EXAMPLES = [
    Example("e1", "How big is the tank of the Aurora?", TANK, "written", "train", fact="tank"),
    Example("e2", "Say the tank's size.", TANK, "written", "train", fact="tank"),
    Example("e3", "How much does the tank hold?", TANK, "written", "recall", fact="tank"),
]


def test_wordings_of_one_fact_are_one_entry(evaluated: Evaluated) -> None:
    passages = ["The grinder has 12 steps.", TANK]
    ledger = fact_ledger(
        [
            classed(evaluated("1.85 litres", ASKED, passages=passages, kind="rag")),
            classed(evaluated("Lots", AGAIN, passages=passages[::-1], kind="rag")),
            classed(evaluated("1.85 litres", ASKED, passages=passages, kind="tuned")),
        ],
        ROWS,
        EXAMPLES,
        "run-1",
    )
    (entry,) = ledger.entries
    assert ledger.keyed
    assert entry.rank == 1
    assert (entry.answered["rag"].right, entry.answered["rag"].asked) == (1, 2)
    assert entry.right("rag") is False
    assert entry.right("tuned") is True
    assert entry.right("base") is None
    assert entry.trained == 3
    assert entry.document == "manual.pdf"


def test_without_examples_of_the_fact_rows_are_counted_by_their_words(
    evaluated: Evaluated,
) -> None:
    (entry,) = fact_ledger([classed(evaluated("x", ASKED))], ROWS).entries
    assert entry.trained == 3
    assert entry.rank is None


def test_questions_without_fact_keys_stand_alone(evaluated: Evaluated) -> None:
    plain = [Question("1", "How much?", ("12",)), Question("2", "How far?", ("14",))]
    ledger = fact_ledger([classed(evaluated("12", question)) for question in plain])
    assert not ledger.keyed
    assert [entry.reference for entry in ledger.entries] == ["12", "14"]
    assert [entry.trained for entry in ledger.entries] == [None, None]


def test_questions_out_of_scope_or_without_reference_are_no_facts(evaluated: Evaluated) -> None:
    asked = [Question("1", "Who?", in_scope=False), Question("2", "Which?")]
    assert fact_ledger([classed(evaluated("x", question)) for question in asked]).entries == ()


def test_rows_that_are_gone_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "run-1" / "train.jsonl"
    assert trained_rows(path) is None
    path.parent.mkdir()
    path.write_text('{"prompt": \n', "utf-8")
    with pytest.raises(TrainingError, match="run-1 cannot be read"):
        trained_rows(path)


def test_rows_of_another_shape_carry_nothing(evaluated: Evaluated) -> None:
    (entry,) = fact_ledger([classed(evaluated("x", ASKED))], [{"text": TANK}, {}]).entries
    assert entry.trained == 0

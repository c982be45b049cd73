"""`duet retrieval evaluate` and `duet retrieval fit`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.records import Assistant, Example, example_id
from assistant.workspace import Workspace
from tests.assistant.test_cli import Duet

ROWS = [
    {"question": "How many litres does the tank hold?", "answers": ["1.85 litres"]},
    {"id": "b", "question": "Where are repairs made?", "support": "Repairs are made in Brannock"},
    {"question": "To what is the whistle tuned?", "answers": "440 hertz", "doc": "docs/manual.md"},
    {"question": "Who won the cup?", "scope": "out"},
    {"question": "Is it turquoise?", "answers": ["turquoise"]},
]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    return path


def test_evaluate_as_json(duet: Duet, kettle: Assistant, questions: Path) -> None:
    options = ("--questions", str(questions), "--reranker", "overlap", "--sweep", "--json")
    code, out, _ = duet("retrieval", "evaluate", "kestrel", *options)
    assert code == 0
    said = json.loads(out)
    names = [system["name"] for system in said["ranking"]["systems"]]
    assert names == ["bm25", "dense", "fused", "reranked"]
    metrics = {m["name"]: m for m in said["ranking"]["systems"][2]["metrics"]}
    assert {"recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10"} <= set(metrics)
    assert metrics["document_recall@1"]["value"] == 1
    assert [one["id"] for one in said["ranking"]["questions"]] == ["1", "b", "3"]
    assert [one["id"] for one in said["ranking"]["left_out"]] == ["5"]
    assert said["source"] == "questions.jsonl" and said["adopted"] == []
    assert said["abstention"]["own_out"] == 1
    assert len(said["sweep"]["rows"]) >= 11
    assert said["verdicts"]


def test_evaluate_as_text(duet: Duet, kettle: Assistant, questions: Path) -> None:
    code, out, err = duet("retrieval", "evaluate", "kestrel", "--questions", str(questions))
    assert code == 0
    assert "fused" in out and "recall@10" in out and "cannot be told apart" in out
    assert "Left out: Is it turquoise? No passage holds its answer." in err


def test_without_questions_the_examples_are_asked(
    duet: Duet, workspace: Workspace, kettle: Assistant
) -> None:
    code, _, err = duet("retrieval", "evaluate", "kestrel")
    assert code == 1 and "no questions to measure on" in err
    answer = "The tank of the Kestrel holds 1.85 litres."
    example = Example(
        example_id("How big?", answer), "How big?", answer, "imported", "train", passage=answer
    )
    workspace.store.add_examples(kettle.id, [example])
    said = json.loads(duet("retrieval", "evaluate", "kestrel", "--json")[1])
    assert said["source"] == "examples"
    assert len(said["ranking"]["questions"]) == 1


def test_fit_says_what_it_did(duet: Duet, workspace: Workspace, kettle: Assistant) -> None:
    answer = "The tank of the Kestrel holds 1.85 litres."
    example = Example(
        example_id("How big?", answer), "How big?", answer, "imported", "train", passage=answer
    )
    workspace.store.add_examples(kettle.id, [example])
    code, out, _ = duet("retrieval", "fit", "kestrel")
    assert code == 0 and out.startswith("The threshold stays as it is: 1 question in scope")
    said = json.loads(duet("retrieval", "fit", "kestrel", "--json")[1])
    assert said["adopted"] is False and said["rule"] is None


@pytest.mark.parametrize("text", ["", "{}", '{"question": "x", "scope": "maybe"}', "not json"])
def test_a_faulty_file_is_one_sentence(
    duet: Duet, kettle: Assistant, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "faulty.jsonl"
    path.write_text(text, "utf-8")
    code, out, err = duet("retrieval", "evaluate", "kestrel", "--questions", str(path), "--json")
    assert (code, out) == (1, "")
    assert "faulty.jsonl" in err and "Traceback" not in err

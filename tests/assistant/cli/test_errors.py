"""`duet errors`, `duet review` and `duet monitor`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from assistant.comparison import Arena
from assistant.records import Answer, Assistant, Reply, Usage
from assistant.review.records import Review
from assistant.workspace import Workspace
from tests.assistant.evaluation.stored import BASE, RAG, Evaluate
from tests.assistant.test_cli import Duet


def test_errors_as_json(duet: Duet, kettle: Assistant, evaluate: Evaluate) -> None:
    evaluate({"base": BASE, "rag": RAG})
    code, out, _ = duet("errors", "kestrel", "--json")
    said = json.loads(out)
    assert code == 0
    assert said["comparison"]["fixed"] == 2
    assert said["comparison"]["questions"][0]["difference"] == "[-2-] {+1.85+} litres"
    assert said["classes"]["base"]["wrong_fact"] == 1
    assert said["facts"]["entries"][0]["answered"]["rag"] == {"right": 1, "asked": 1}
    assert len(said["answers"]) == 6
    one = json.loads(duet("errors", "kestrel", "--class", "wrong_fact", "--json")[1])
    assert [answer["values"] for answer in one["answers"]] == [["2 l"]]


def test_errors_as_text(duet: Duet, kettle: Assistant, evaluate: Evaluate) -> None:
    evaluate({"base": BASE, "rag": RAG})
    out = duet("errors", "kestrel", "--facts")[1]
    assert "2 fixed, 0 broken, 1 still wrong, 0 still right (McNemar p = .50)" in out
    assert "[-2-] {+1.85+} litres" in out
    assert "31 months" in out
    assert "states a name or number" in duet("errors", "kestrel", "--class", "wrong_fact")[1]


def test_wordings_for_what_was_wrong(duet: Duet, kettle: Assistant, evaluate: Evaluate) -> None:
    evaluate({"base": BASE, "rag": RAG})
    said = json.loads(duet("errors", "kestrel", "--wordings", "--json")[1])["wordings"]
    assert said["added"] or said["passed_over"]
    assert "Who won the cup?" not in said["passed_over"]


def test_nothing_to_look_at(duet: Duet, kettle: Assistant, evaluate: Evaluate) -> None:
    code, out, err = duet("errors", "kestrel")
    assert (code, out) == (1, "")
    assert "evaluate its contenders first" in err
    evaluate({"rag": RAG})
    assert "nothing to compare it with" in duet("errors", "kestrel")[1]


def test_review_queues_lists_and_exports(
    duet: Duet, workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    assert "No answers are under review" in duet("review", "kestrel")[1]
    evaluate({"base": BASE, "rag": RAG})
    said = json.loads(duet("review", "kestrel", "--queue", "errors", "--json")[1])
    assert said["queued"] == 4
    item = said["items"][0]["id"]
    workspace.store.add_review(Review(item, "ann", datetime.now(UTC), {"accuracy": 2}, "No."))
    exported = json.loads(duet("review", "kestrel", "--json")[1])
    reviews = {one["id"]: one["reviews"] for one in exported["items"]}
    assert reviews[item][0]["marks"] == {"accuracy": 2}
    assert exported["agreement"][0]["alpha"] is None
    assert json.loads(duet("review", "kestrel", "--queue", "chat", "--json")[1])["queued"] == 0
    assert "answers queued" in duet("review", "kestrel", "--queue", "sample", "--count", "2")[1]


def test_monitor(duet: Duet, workspace: Workspace, kettle: Assistant) -> None:
    assert "Nothing was asked" in duet("monitor", "kestrel")[1]
    conversation = Arena(workspace).start(kettle, "rag", None, False)
    refused = Answer(
        "The documents do not say.",
        workspace.contender(kettle, "rag"),
        "weights",
        Usage(0.2, 0.0, 0, 0),
        abstained=True,
        retrieval_cosine=0.2,
    )
    reply = Reply("p1", kettle.id, conversation.id, "Who won?", refused, datetime.now(UTC))
    workspace.store.add_reply(reply)
    said = json.loads(duet("monitor", "kestrel", "--days", "7", "--json")[1])
    assert said["total"]["refusals"] == {"count": 1, "n": 1, "rate": 1.0}
    assert said["unanswered"][0]["questions"] == [{"question": "Who won?", "count": 1}]
    assert said["alarms"] == []
    assert "Not answered (1): Who won?" in duet("monitor", "kestrel")[1]
    assert duet("monitor", "kestrel", "--days", "0")[0] == 1

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assistant.cli.workspace
from assistant.cli import main
from assistant.generation import ScriptedBackend
from assistant.records import Assistant
from assistant.settings import Settings
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder

MANUAL = "# Kestrel kettle\n\nThe tank of the Kestrel holds 1.85 litres.\n"
TANK = "How many litres does the tank of the Kestrel hold?"


def reply(request: object) -> str:
    return "The tank of the Kestrel holds 1.85 litres."


class FakeWorkspace:
    """Opens the real workspace over the shipped fakes."""

    @staticmethod
    def open(settings: Settings) -> Workspace:
        return Workspace.open(
            settings,
            backend_for=lambda model, progress: ScriptedBackend(reply),
            embedder_for=lambda name: HashingEmbedder(),
        )


Duet = Callable[..., tuple[int, str, str]]


@pytest.fixture
def duet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Duet:
    """Runs the program with arguments; returns exit code, stdout and stderr."""
    monkeypatch.setenv("DUET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(assistant.cli.workspace, "Workspace", FakeWorkspace)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["duet", *arguments])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def kestrel(duet: Duet, tmp_path: Path) -> str:
    manual = tmp_path / "manual.md"
    manual.write_text(MANUAL, "utf-8")
    assert duet("new", "Kestrel", "--task", "Answers about kettles")[0] == 0
    assert duet("documents", "add", "kestrel", str(manual))[0] == 0
    return "kestrel"


def as_json(duet: Duet, *arguments: str) -> Any:
    code, out, _ = duet(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_the_whole_way_in_json(duet: Duet, tmp_path: Path) -> None:
    manual = tmp_path / "docs" / "manual.md"
    manual.parent.mkdir()
    manual.write_text(MANUAL, "utf-8")
    made = as_json(duet, "new", "Kestrel", "--task", "Answers about kettles")
    assert [known["slug"] for known in as_json(duet, "list")] == [made["slug"]]
    (added,) = as_json(duet, "documents", "add", "kestrel", str(manual.parent))
    assert added["outcome"] == "added"
    (listed,) = as_json(duet, "documents", "list", "kestrel")
    assert listed["passages"] == 1
    (hit,) = as_json(duet, "search", "kestrel", TANK, "--top", "1")
    assert hit["document"] == listed["name"] and hit["end"] > hit["start"]
    answer = as_json(duet, "ask", "kestrel", TANK, "--with", "rag")
    assert answer["answer"] == "The tank of the Kestrel holds 1.85 litres."
    assert answer["citations"][0]["document"] == listed["name"]
    assert set(answer["citations"][0]) == {"document", "page", "start", "end", "text"}
    assert {
        "answer",
        "citations",
        "abstained",
        "contender",
        "fingerprint",
        "seconds_to_first_token",
        "tokens_per_second",
        "tokens_in",
        "tokens_out",
    } <= set(answer)
    compared = as_json(duet, "compare", "kestrel", TANK, "--with", "rag,base")
    vote = as_json(duet, "vote", compared["comparison"], "left", "--voter", "anna")
    assert (vote["choice"], vote["left"], vote["right"]) == ("left", "rag", "base")
    assert as_json(duet, "tallies", "kestrel")
    assert as_json(duet, "examples", "write", "kestrel")["added"] > 0
    assert as_json(duet, "runs", "list", "kestrel") == []
    (removed,) = as_json(duet, "documents", "remove", "kestrel", listed["name"])
    assert removed["id"] == listed["id"]
    assert as_json(duet, "documents", "list", "kestrel") == []


def test_what_an_assistant_is_for_is_given_shown_and_changed(duet: Duet) -> None:
    made = as_json(
        duet, "new", "Desk", "--task", "Answers", "--purpose", "legal", "--refuse", "gossip"
    )
    assert made["profile"]["refusals"] == ["gossip"] and "gossip" in made["system_prompt"]
    shown = as_json(duet, "profile", "desk", "--purpose", "medical", "--audience", "nurses")
    assert shown["refusals"] == ["gossip"] and "doctor" in shown["disclaimer"]
    assert "You answer nurses." in shown["system_prompt"]
    assert as_json(duet, "profile", "desk", "--emphasis", "f1", "--question", "So?") == {
        **shown,
        "emphasis": ["f1"],
        "questions": ["So?"],
    }
    code, out, _ = duet("profile", "desk")
    assert code == 0 and "Refuses: gossip" in out and "Shown first: Token F1" in out
    code, _, err = duet("profile", "desk", "--emphasis", "beauty")
    assert code == 1 and "no metric beauty" in err


def test_a_blind_comparison_tells_names_after_the_vote_alone(duet: Duet, kestrel: str) -> None:
    compared = as_json(duet, "compare", kestrel, TANK, "--with", "rag,base", "--blind")
    shown = json.dumps(compared)
    assert compared["blind"] and "rag" not in shown and "fingerprint" not in shown
    vote = as_json(duet, "vote", compared["comparison"], "both_bad")
    assert {vote["left"], vote["right"]} == {"rag", "base"} and vote["blind"]


def test_a_failed_request_is_one_sentence_and_code_1(duet: Duet, kestrel: str) -> None:
    for arguments in (
        ("ask", "nobody", TANK, "--with", "rag"),
        ("ask", kestrel, TANK, "--with", "tuned"),
        ("vote", "no-such-comparison", "left"),
        ("documents", "remove", kestrel, "no-such.md"),
        ("train", kestrel),
        ("runs", "stop", kestrel, "no-such-run"),
        ("compare", kestrel, TANK, "--with", "rag,rag"),
    ):
        code, out, err = duet(*arguments, "--json")
        assert (code, out) == (1, ""), arguments
        assert err.strip().endswith(".") and "Traceback" not in err


def test_wrong_usage_is_code_2(duet: Duet, kestrel: str) -> None:
    for arguments in (
        ("ask", kestrel, TANK, "--with", "oracle"),
        ("vote", "x", "up"),
        ("compare", kestrel, TANK, "--with", "rag"),
        ("train", kestrel, "--preset", "heroic"),
        ("fly",),
    ):
        assert duet(*arguments)[0] == 2, arguments


def test_an_unreadable_file_is_named_and_the_others_go_in(
    duet: Duet, kestrel: str, tmp_path: Path
) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "good.txt").write_text("The lid of the Kestrel is made of beech wood.", "utf-8")
    code, out, err = duet("documents", "add", kestrel, str(folder), "--json")
    assert code == 1 and "1 of 2" in err
    outcomes = {Path(one["name"]).name: one["outcome"] for one in json.loads(out)}
    assert outcomes == {"empty.txt": "failed", "good.txt": "added"}


def test_a_pdf_with_a_password(duet: Duet, kestrel: str, shared_data: Path) -> None:
    folder = shared_data / "documents" / "pypdf_sample_files"
    locked = str(folder / "libreoffice-writer-password.pdf")
    code, out, err = duet("documents", "add", kestrel, locked, "--json")
    (asked,) = json.loads(out)
    assert code == 1 and asked["needs_password"] and "asks for a password" in asked["reason"]
    assert "--password" in duet("documents", "add", kestrel, locked)[2]
    code, out, err = duet("documents", "add", kestrel, locked, "--password", "guess", "--json")
    assert code == 1 and "guess" not in out + err
    assert "does not open with the password given" in json.loads(out)[0]["reason"]
    code, out, _ = duet("documents", "add", kestrel, locked, "--password", "openpassword", "--json")
    assert code == 0 and json.loads(out)[0]["outcome"] == "added"


def test_people_get_tables_and_sentences(duet: Duet, kestrel: str) -> None:
    for arguments, expected in (
        (("list",), "Kestrel"),
        (("documents", "list", kestrel), "manual.md"),
        (("search", kestrel, TANK), "1.85 litres"),
        (("ask", kestrel, TANK, "--with", "rag"), "[1] manual.md"),
        (("compare", kestrel, TANK, "--with", "rag,base"), "duet vote"),
        (("tallies", kestrel), "No votes yet"),
    ):
        code, out, _ = duet(*arguments)
        assert code == 0 and expected in out, arguments


def test_the_command_line_imports_neither_torch_nor_gradio(tmp_path: Path) -> None:
    program = (
        "import sys, assistant.cli\n"
        "print(sorted({'torch', 'gradio', 'transformers', 'faiss'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


def test_the_assistants_are_those_of_the_page(duet: Duet, kettle: Assistant) -> None:
    assert as_json(duet, "list")[0]["id"] == kettle.id


def test_ratings_of_an_assistant_and_of_a_file(duet: Duet, kestrel: str, tmp_path: Path) -> None:
    empty = as_json(duet, "ratings", kestrel)
    assert empty["n"] == 0 and "no comparisons" in empty["notes"][0]
    compared = as_json(duet, "compare", kestrel, TANK, "--with", "rag,base", "--blind")
    as_json(duet, "vote", compared["comparison"], "tie")
    in_the_open = as_json(duet, "compare", kestrel, TANK, "--with", "rag,base")
    as_json(duet, "vote", in_the_open["comparison"], "left")
    rated = as_json(duet, "ratings", kestrel)
    assert (rated["n"], rated["decisive"], rated["open_votes"]) == (1, 0, 1)
    assert rated["versions"]["n"] == 1 and len(rated["versions"]["kinds"]) == 2
    votes = tmp_path / "votes.csv"
    votes.write_text("model_a,model_b,winner\n" + "x,y,X\n" * 7 + "y,x,Model_A\n" * 3, "utf-8")
    options = ("--votes", str(votes), "--prior", "0", "--bootstrap", "50")
    rated = as_json(duet, "ratings", *options)
    first, second = rated["ratings"]
    assert first["rating"] - second["rating"] == pytest.approx(147.1907, abs=1e-3)
    assert duet("ratings", *options, "--method", "elo")[1].count("\n") > 3
    code, out, _ = duet("ratings", "--votes", str(votes))
    assert code == 0 and "not settled" in out and "p = 0.3438" in out


def test_ratings_of_nothing_or_of_a_faulty_file(duet: Duet, tmp_path: Path) -> None:
    assert duet("ratings")[0] == 2
    assert duet("ratings", "x", "--votes", "y.csv")[0] == 2
    votes = tmp_path / "votes.csv"
    votes.write_text("model_a,model_b,winner\nx,y,x\nx,,x\n", "utf-8")
    code, out, error = duet("ratings", "--votes", str(votes), "--json")
    assert (code, out) == (1, "") and "line 3: model_b is empty" in error
    assert duet("ratings", "--votes", str(votes), "--prior", "-1")[0] == 1


@pytest.mark.slow  # importing evaluate takes half a minute
def test_evaluate_asks_scores_and_lists(duet: Duet, kestrel: str, tmp_path: Path) -> None:
    exam = tmp_path / "exam.jsonl"
    rows = [{"id": "t", "question": TANK, "answers": ["1.85 litres"]}, {"question": "Who else?"}]
    exam.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    options = ("--questions", str(exam), "--with", "base,rag", "--latency", "0")
    found = as_json(duet, "evaluate", kestrel, *options)
    assert found["questions"] == 2 and len(found["answers"]) == 4 and found["left_out"] == []
    first = next(one for one in found["answers"] if one["question"]["id"] == "t")
    assert first["scores"]["fact_recall"] == 1.0
    means = found["summary"]["means"][found["contenders"][1]["id"]]
    assert means["fact_recall"]["n"] == 1
    (listed,) = as_json(duet, "evaluations", "list", kestrel)
    assert listed["id"] == found["id"] and listed["summary"] == found["summary"]
    code, out, _ = duet("evaluations", "show", kestrel, found["id"])
    assert code == 0 and "Fact recall" in out and "2 questions are few" in out
    assert duet("evaluate", kestrel, "--with", "base,nobody")[0] == 2
    code, _, error = duet("evaluate", kestrel, "--with", "base")
    assert code == 1 and "no questions to ask" in error
    assert duet("evaluations", "delete", kestrel, found["id"])[0] == 0
    assert as_json(duet, "evaluations", "list", kestrel) == []


def test_the_verdict_is_said_written_and_decided(duet: Duet, tmp_path: Path) -> None:
    manual = tmp_path / "manual.md"
    manual.write_text(MANUAL, "utf-8")
    duet("new", "Kestrel", "--task", "Answers about kettles")
    code, out, _ = duet("verdict", "kestrel")
    assert code == 0 and "nothing to compare yet" in out
    duet("documents", "add", "kestrel", str(manual))
    code, out, _ = duet("verdict", "kestrel", "--json")
    said = json.loads(out)
    assert code == 0 and said["recommendation"]["next_step"]["action"] == "train"
    code, out, err = duet("decide", "kestrel", "rag", "--note", "as agreed")
    assert code == 0 and "rag is used" in out and "says otherwise" in err
    code, _, err = duet("decide", "kestrel", "tuned")
    assert code == 1 and "no tuned model" in err
    code, _, _ = duet("report", "kestrel", str(tmp_path / "verdict.html"))
    assert code == 0 and "RAG was chosen" in (tmp_path / "verdict.html").read_text("utf-8")
    code, _, err = duet("report", "kestrel", str(tmp_path / "verdict.pdf"))
    assert code == 1 and "endings" in err

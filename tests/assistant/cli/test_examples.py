"""The commands about examples."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.records import Assistant, Example, example_id
from assistant.workspace import Workspace
from tests.assistant.test_cli import Duet


def test_check_import_list_and_export(
    duet: Duet, workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    file = tmp_path / "e.jsonl"
    rows = [
        {"instruction": "Where do I write to?", "input": "", "output": "To help@kestrel.org."},
        {"instruction": "Who made it?", "input": "", "output": "Osk."},
        {"instruction": "Who made it?", "input": "", "output": "Daughters."},
        {"instruction": "Why?"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    code, out, err = duet("examples", "check", "kestrel", str(file))
    assert code == 1 and "line 4: it lacks columns of the alpaca shape" in err
    for part in (
        "3 examples",
        "alpaca shape",
        "“Who made it?”: Osk. / Daughters.",
        "line 1, answer",
    ):
        assert part in out
    code, out, _ = duet("examples", "check", "kestrel", str(file), "--json")
    said = json.loads(out)
    assert (said["read"]["shape"], said["read"]["examples"], said["count"]) == ("alpaca", 3, 3)
    assert said["read"]["faults"][0]["line"] == 4 and said["leaks"] is None
    assert duet("examples", "import", "kestrel", str(file))[0] == 1
    code, out, err = duet("examples", "import", "kestrel", str(file), "--skip-faulty", "--mask")
    assert code == 0 and out.startswith("3 new examples.\n")
    assert "Passed over: 1 faulty line: line 4" in err and "E-mail address 1" in err
    code, out, _ = duet("examples", "list", "kestrel", "--split", "train", "--json")
    assert [one["answer"] for one in json.loads(out)] == ["To [EMAIL].", "Osk.", "Daughters."]
    assert json.loads(duet("examples", "list", "kestrel", "--source", "written", "--json")[1]) == []
    code, out, _ = duet("examples", "export", "kestrel", str(tmp_path / "out"), "--json")
    said = json.loads(out)
    assert (code, said["count"]) == (0, 3) and Path(said["card"]).name == "README.md"
    code, out, _ = duet("examples", "import", "kestrel", said["path"], "--json")
    assert (json.loads(out)["added"], json.loads(out)["known"]) == (0, 3)


def test_check_fails_where_a_test_leaks(
    duet: Duet, workspace: Workspace, kettle: Assistant
) -> None:
    made = [
        Example(example_id(question, "x"), question, "x", "written", split, fact=fact)
        for question, split, fact in (("Who made it?", "train", "a"), ("How big?", "recall", "b"))
    ]  # fmt: skip
    workspace.store.add_examples(kettle.id, made)  # type: ignore[arg-type]
    code, out, err = duet("examples", "check", "kestrel")
    assert code == 1 and "a recall question asks for a fact that is not trained" in err
    assert "untrained fact: “How big?” (b)" in out
    assert "0 of 3 sections" in out
    assert json.loads(duet("examples", "check", "kestrel", "--json")[1])["leaks"]["ok"] is False

"""Files of predictions, and the command that scores them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.errors import InvalidRequest
from assistant.evaluation.metrics import TEXT_METRICS
from assistant.evaluation.predictions import Prediction, read_predictions

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        path = tmp_path / "answers.jsonl"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def score(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["duet", "score", *arguments])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_file_of_predictions(written: Written) -> None:
    path = written(
        '\ufeff{"prediction": "two", "references": ["2", "two"], "id": 7}\n\n'
        '{"prediction": "", "reference": "a\u2028b"}\r\n'
        '{"prediction": "x", "references": []}\n'
    )
    assert read_predictions(path) == [
        Prediction("7", "two", ("2", "two")),
        Prediction("3", "", ("a\u2028b",)),
        Prediction("4", "x", ()),
    ]


def test_every_fault_is_named_with_its_line(written: Written) -> None:
    deep = '{"prediction": ' + "[" * 100_000
    path = written(
        "\n".join(
            [
                "{",
                "[]",
                '{"references": ["x"]}',
                '{"prediction": NaN, "references": ["x"]}',
                '{"prediction": null, "references": ["x"]}',
                '{"prediction": "x"}',
                '{"prediction": "x", "references": ["y", 3]}',
                '{"prediction": "x", "references": [], "id": []}',
                '{"prediction": ' + "9" * 5000 + "}",
                deep,
                '{"prediction": "right", "references": ["right"]}',
            ]
        )
    )
    with pytest.raises(InvalidRequest) as refused:
        read_predictions(path)
    told = str(refused.value)
    for fault in (
        "line 1: no JSON",
        "line 2: not a JSON object",
        "line 3: no prediction",
        "line 4: the prediction is NaN, not a text",
        "line 5: the prediction is null, not a text",
        "line 6: no references",
        "line 7: a reference is a number, not a text",
        "line 8: the id is neither",
        "line 9: no JSON",
        "line 10: no JSON",
    ):
        assert fault in told
    assert "line 11" not in told


def test_a_file_that_cannot_be_read(written: Written, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no predictions: write one JSON object"):
        read_predictions(written("\n\n"))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_predictions(tmp_path / "absent.jsonl")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_predictions(tmp_path)
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match="not in UTF-8"):
        read_predictions(path)


def test_duet_score_as_json(written: Written, score: Callable[..., tuple[int, str, str]]) -> None:
    path = written(
        '{"id": "q1", "prediction": "The tank holds 1.85 litres.", '
        '"references": ["It holds 1.85 litres.", "1.85 litres"]}\n'
        '{"id": "q2", "prediction": "", "references": ["31 months"]}\n'
        '{"id": "q3", "prediction": "no", "references": []}\n'
    )
    code, out, _ = score("--predictions", str(path), "--rows", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["n"], told["scored"], told["meteor"].startswith("exact, stem")) == (3, 2, True)
    assert list(told["metrics"]) == list(TEXT_METRICS)
    recall = told["metrics"]["recall"]
    assert (recall["mean"], recall["n"]) == (0.375, 2)
    assert 0 <= recall["low"] < 0.375 < recall["high"] <= 1
    assert set(told["corpus"]) == {"bleu", "chrf"}
    assert [row["id"] for row in told["rows"]] == ["q1", "q2", "q3"]
    assert told["rows"][1]["f1"] == 0
    assert "f1" not in told["rows"][2]


def test_duet_score_for_people(
    written: Written, score: Callable[..., tuple[int, str, str]]
) -> None:
    path = written(
        '{"prediction": "two", "references": ["two"]}\n{"prediction": "x", "references": []}\n'
    )
    code, out, err = score("--predictions", str(path))
    assert code == 0
    assert "Token F1" in out
    assert "BLEU of all as one text" in out
    assert "1 of 2 lines have no reference: they were left out." in err
    assert "METEOR matched words by: exact, stem" in err


def test_duet_score_without_any_reference(
    written: Written, score: Callable[..., tuple[int, str, str]]
) -> None:
    path = written('{"prediction": "x", "references": []}\n')
    code, out, _ = score("--predictions", str(path), "--json")
    told = json.loads(out)
    assert (code, told["n"], told["scored"], told["metrics"], told["corpus"]) == (0, 1, 0, {}, {})


def test_duet_score_refuses_a_faulty_file(
    written: Written, score: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = score("--predictions", str(written("{}\n")), "--json")
    assert (code, out) == (1, "")
    assert "line 1: no prediction" in err
    assert score()[0] == 2

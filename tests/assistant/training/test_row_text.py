"""Rows as text: the same tokens as the trainer's, and which of them are trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assistant.errors import ModelError, TrainingError
from assistant.records import Assistant, Example
from assistant.training.request import training_rows
from assistant.training.row_text import RowTokenizer
from assistant.training.rows import NO_PAD_TOKEN, end_ids, token_row


def changed(model: Path, folder: Path, template: str | None, **tokens: None) -> Path:
    """A copy of the model's tokenizer with another chat template, and some of its tokens gone."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(model / name, folder / name)
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, "utf-8")
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    config = {key: value for key, value in config.items() if key not in tokens}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    model_config = json.loads((folder / "config.json").read_text("utf-8"))
    if "eos_token" in tokens:
        del model_config["eos_token_id"]
    (folder / "config.json").write_text(json.dumps(model_config), "utf-8")
    return folder


def test_the_answer_and_its_end_are_trained(
    tiny_model: Path, assistant: Assistant, examples: list[Example]
) -> None:
    (row,) = training_rows(assistant, examples[:1], None)
    shown = RowTokenizer(tiny_model).preview(row, max_length=1024)
    asked, answered = shown.segments
    assert (asked.trained, answered.trained) == (False, True)
    assert asked.text.startswith(f"<|im_start|>system\n{assistant.system_prompt}<|im_end|>")
    assert asked.text.endswith("<|im_start|>assistant\n")
    assert answered.text == "It is red.<|im_end|>"
    assert shown.tokens == asked.tokens + answered.tokens
    assert shown.trained_tokens == answered.tokens
    assert shown.thinned and not shown.exceeds and shown.notice == ""
    assert RowTokenizer(tiny_model).preview(row, max_length=shown.tokens - 1).exceeds


@pytest.mark.parametrize("ends", ["<|im_end|>", ""])
def test_lengths_are_those_of_the_trainers_rows(
    tiny_model: Path, tmp_path: Path, assistant: Assistant, examples: list[Example], ends: str
) -> None:
    template = (
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}" + ends + "\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant] {% endif %}"
    )
    tokenizer = RowTokenizer(changed(tiny_model, tmp_path, template))
    rows = training_rows(assistant, examples, None)
    own = tokenizer._tokenizer
    exact = [len(token_row(own, row, end_ids(own, tmp_path)).ids) for row in rows]
    assert tokenizer.lengths(rows) == exact
    assert tokenizer.lengths([]) == []


def test_what_training_would_say(
    tiny_model: Path, tmp_path: Path, assistant: Assistant, examples: list[Example]
) -> None:
    row = training_rows(assistant, examples[:1], None)[0]
    for name in "abcd":
        (tmp_path / name).mkdir()
    bare = RowTokenizer(changed(tiny_model, tmp_path / "a", None))
    with pytest.raises(TrainingError, match="chat template cannot take the training rows"):
        bare.preview(row, 1024)
    template = (tiny_model / "chat_template.jinja").read_text("utf-8")
    unpadded = RowTokenizer(changed(tiny_model, tmp_path / "b", template, pad_token=None))
    assert unpadded.preview(row, 1024).notice == NO_PAD_TOKEN
    with pytest.raises(TrainingError, match="no end-of-text token"):
        RowTokenizer(changed(tiny_model, tmp_path / "c", template, eos_token=None))
    with pytest.raises(ModelError, match="cannot be loaded"):
        RowTokenizer(tmp_path / "d")

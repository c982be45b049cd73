from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assistant.errors import GenerationError, ModelError
from assistant.local_model.chat_tokenizer import ChatTokenizer
from assistant.records import Message

MANY_BYTES = "naïve 日本語 🙂👨‍👩‍👧  two  spaces\n\ttab "


def _ids(folder: Path, text: str) -> list[int]:
    from tokenizers import Tokenizer

    return list(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids)


def test_text_comes_in_whole_characters_and_unchanged(model_folder: Path) -> None:
    answer = ChatTokenizer(model_folder).answer_text()
    ids = _ids(model_folder, MANY_BYTES)
    assert len(ids) == len(MANY_BYTES.encode()), "one token for each byte"
    pieces = [answer.add(token) for token in ids]
    assert "".join(pieces) == MANY_BYTES
    assert not any("�" in piece for piece in pieces)
    assert "" in pieces, "an unfinished character is held back"


def test_an_unfinished_character_at_the_end_is_not_shown(model_folder: Path) -> None:
    answer = ChatTokenizer(model_folder).answer_text()
    assert "".join(answer.add(token) for token in _ids(model_folder, "A 日")[:-1]) == "A "


def test_special_tokens_are_no_text(model_folder: Path) -> None:
    answer = ChatTokenizer(model_folder).answer_text()
    assert [answer.add(token) for token in (0, *_ids(model_folder, "a"), 1)] == ["", "a", ""]


def test_prompts_follow_the_chat_template(model_folder: Path) -> None:
    from transformers import AutoTokenizer

    messages = [Message("system", "Be kind."), Message("user", "Hi 日")]
    turns = [{"role": one.role, "content": one.content} for one in messages]
    expected = AutoTokenizer.from_pretrained(model_folder).apply_chat_template(
        turns, add_generation_prompt=True, return_dict=False
    )
    assert ChatTokenizer(model_folder).prompt_ids(messages) == expected


def test_a_template_without_system_role_gets_it_with_the_first_question(
    model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gemma-like"
    shutil.copytree(model_folder, folder)
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}"
        "[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    )
    tokenizer = ChatTokenizer(folder)
    found = tokenizer.prompt_ids([Message("system", "Be kind."), Message("user", "Hi")])
    assert found == _ids(model_folder, "[user]Be kind.\n\nHi")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('never') }}")
    with pytest.raises(GenerationError, match="never"):
        ChatTokenizer(folder).prompt_ids([Message("user", "Hi")])


def test_a_damaged_tokenizer_is_one_sentence(model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(model_folder, folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be loaded"):
        ChatTokenizer(folder)

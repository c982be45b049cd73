from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import GenerationError, ModelError
from assistant.generation import GenerationRequest, Piece
from assistant.local_model import LocalBackend
from assistant.records import Decoding, Message

SHORT = (Message("user", "Hi"),)
MIDDLE = (Message("system", "You help."), Message("user", "What does the tank of it hold?"))
LONG = (Message("user", "A long question. " * 8),)

Answered = Callable[..., list[str]]


def request(
    messages: tuple[Message, ...] = SHORT, adapter: Path | None = None, tokens: int = 24
) -> GenerationRequest:
    return GenerationRequest(messages, Decoding(max_new_tokens=tokens), adapter)


@pytest.fixture
def backend(model_folder: Path) -> Iterator[LocalBackend]:
    backend = LocalBackend(model_folder, dtype="float32")
    yield backend
    backend.close()


def test_together_every_row_says_what_it_says_alone(
    backend: LocalBackend, adapters: list[Path], answered: Answered
) -> None:
    requests = [
        request(LONG),
        request(SHORT, adapters[0]),
        request(MIDDLE, adapters[1], tokens=9),
        request(SHORT),
        request(LONG, adapters[0], tokens=17),
    ]
    alone = [answered(backend, [one])[0] for one in requests]
    assert len(set(alone)) == len(alone), "answers that are alike would prove nothing"
    assert answered(backend, requests) == alone
    assert answered(backend, requests[::-1]) == alone[::-1]


def test_it_says_what_transformers_generate_says(
    backend: LocalBackend, model_folder: Path, answered: Answered
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    turns = [{"role": one.role, "content": one.content} for one in MIDDLE]
    prompt = tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = model.generate(**prompt, max_new_tokens=30, do_sample=False)
    expected = tokenizer.decode(out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    text = answered(backend, [request(MIDDLE, tokens=30)])[0]
    assert expected.startswith(text)
    assert set(expected[len(text) :]) <= {"�"}, "only an unfinished character may be held back"


def test_loading_adapters_changes_nothing_of_the_base(
    backend: LocalBackend, adapters: list[Path], answered: Answered
) -> None:
    before = answered(backend, [request(LONG)])
    for adapter in adapters:
        answered(backend, [request(SHORT, adapter)])
    assert answered(backend, [request(LONG)]) == before


def test_an_adapter_trained_again_in_its_place_is_read_anew(
    backend: LocalBackend, adapters: list[Path], answered: Answered, tmp_path: Path
) -> None:
    adapter = tmp_path / "adapter"
    shutil.copytree(adapters[0], adapter)
    first, mark = answered(backend, [request(MIDDLE, adapter)]), backend.fingerprint(adapter)
    shutil.rmtree(adapter)
    shutil.copytree(adapters[1], adapter)
    (adapter / "adapter_model.safetensors").touch()
    assert answered(backend, [request(MIDDLE, adapter)]) != first
    assert backend.fingerprint(adapter) != mark
    assert answered(backend, [request(MIDDLE, adapter)]) == answered(
        backend, [request(MIDDLE, adapters[1])]
    )


def test_more_adapters_than_are_kept_still_answer_rightly(
    backend: LocalBackend, adapters: list[Path], answered: Answered, tmp_path: Path
) -> None:
    expected = answered(backend, [request(MIDDLE, adapters[0])])
    for number in range(10):
        copy = tmp_path / str(number)
        shutil.copytree(adapters[number % 3], copy)
        answered(backend, [request(SHORT, copy, tokens=1)])
    assert answered(backend, [request(MIDDLE, adapters[0])]) == expected


def test_an_answer_ends_at_any_of_the_end_tokens(
    backend: LocalBackend, model_folder: Path, answered: Answered, tmp_path: Path
) -> None:
    tokens = _greedy_tokens(model_folder, 12)
    stop = tokens[5]
    ending = tmp_path / "ending"
    shutil.copytree(model_folder, ending)
    (ending / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, stop]}))
    other = LocalBackend(ending, dtype="float32")
    pieces = list(other.generate([request(LONG, tokens=12), request(SHORT)], threading.Event()))
    other.close()
    usage = next(piece.usage for piece in pieces if piece.index == 0 and piece.usage)
    assert usage.tokens_out == tokens.index(stop)
    text = "".join(piece.text for piece in pieces if piece.index == 0)
    short = request(LONG, tokens=tokens.index(stop))
    assert text == answered(backend, [short])[0]


def _greedy_tokens(folder: Path, count: int) -> list[int]:
    import torch
    from transformers import AutoModelForCausalLM

    from assistant.local_model.chat_tokenizer import ChatTokenizer

    ids = torch.tensor([ChatTokenizer(folder).prompt_ids(LONG)])
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    out = model.generate(ids, max_new_tokens=count, do_sample=False)
    found: list[int] = out[0, ids.shape[1] :].tolist()
    return found


def test_usage_counts_what_went_in_and_out(backend: LocalBackend) -> None:
    pieces = list(backend.generate([request(MIDDLE, tokens=7)], threading.Event()))
    usage = pieces[-1].usage
    assert usage is not None
    assert usage.tokens_in == backend.count_tokens(MIDDLE)
    assert usage.tokens_out == 7
    assert usage.seconds_to_first_token > 0 and usage.tokens_per_second > 0


def test_the_short_prompt_speaks_first(backend: LocalBackend) -> None:
    pieces = backend.generate([request(LONG), request(SHORT)], threading.Event())
    assert next(pieces).index == 1


def test_a_seed_draws_the_same_alone_and_beside_others(
    backend: LocalBackend, answered: Answered
) -> None:
    drawn = [
        replace(request(LONG), decoding=Decoding(20, temperature=1.5, seed=seed))
        for seed in (1, 2, 3)
    ]
    together = answered(backend, [*drawn, request(SHORT)])
    assert len(set(together)) == 4
    assert together[:3] == [answered(backend, [one])[0] for one in drawn]
    assert together[3:] == answered(backend, [request(SHORT)])


def test_cancelling_ends_all_rows_at_the_next_token(backend: LocalBackend) -> None:
    cancelled = threading.Event()
    pieces: list[Piece] = []
    for piece in backend.generate([request(SHORT, tokens=200), request(LONG)], cancelled):
        pieces.append(piece)
        cancelled.set()
    last = {piece.index: piece for piece in pieces if piece.usage is not None}
    assert set(last) == {0, 1}
    assert last[0].stopped
    assert last[0].usage is not None and last[0].usage.tokens_out < 200


def test_closing_the_iterator_frees_the_model(backend: LocalBackend, answered: Answered) -> None:
    pieces = backend.generate([request(SHORT, tokens=200)], threading.Event())
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert list(pieces) == []
    dropped = backend.generate([request(SHORT, tokens=200)], threading.Event())
    del dropped
    assert answered(backend, [request(LONG, tokens=3)])[0]


def test_a_question_cancelled_while_it_waits_ends_at_once(backend: LocalBackend) -> None:
    first = backend.generate([request(SHORT, tokens=200)], threading.Event())
    next(first)
    gone = threading.Event()
    waiting = backend.generate([request(LONG), request(SHORT)], gone)
    gone.set()
    assert [(piece.index, piece.stopped) for piece in waiting] == [(0, True), (1, True)]
    assert not any(piece.stopped for piece in first)


def test_questions_of_several_threads_are_answered_in_their_order(
    backend: LocalBackend, answered: Answered
) -> None:
    expected = [answered(backend, [one])[0] for one in (request(SHORT), request(LONG))]
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        found[number] = answered(backend, [request(LONG if number % 2 else SHORT)])[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [found[number] for number in range(6)] == expected * 3


def test_a_conversation_beyond_the_context_is_refused(backend: LocalBackend) -> None:
    with pytest.raises(GenerationError, match="begin a new conversation"):
        list(backend.generate([request((Message("user", "x" * 300),))], threading.Event()))


def test_an_answer_stops_where_the_context_ends(backend: LocalBackend) -> None:
    messages = (Message("user", "y" * 200),)
    room = backend.context_length - backend.count_tokens(messages)
    pieces = list(backend.generate([request(messages, tokens=500)], threading.Event()))
    usage = pieces[-1].usage
    assert usage is not None and 0 < usage.tokens_out <= room


def test_after_an_error_the_next_question_is_answered(
    backend: LocalBackend, answered: Answered, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="train again"):
        list(backend.generate([request(SHORT, tmp_path / "nothing")], threading.Event()))
    assert answered(backend, [request(LONG, tokens=4)])[0]


def test_fingerprints_name_weights(
    backend: LocalBackend, adapters: list[Path], model_folder: Path
) -> None:
    marks = [backend.fingerprint(one) for one in (None, *adapters)]
    assert len(set(marks)) == 4 and all(len(mark) == 16 for mark in marks)
    again = LocalBackend(model_folder)
    assert [again.fingerprint(one) for one in (None, *adapters)] == marks


def test_an_adapter_of_other_weights_of_the_same_shape_is_refused(
    backend: LocalBackend, adapters: list[Path], answered: Answered, tmp_path: Path
) -> None:
    adapter = tmp_path / "adapter"
    shutil.copytree(adapters[0], adapter)
    (tmp_path / "run.json").write_text(json.dumps({"base_sha256": "0" * 64}))
    with pytest.raises(ModelError, match="trained on another base model"):
        answered(backend, [request(SHORT, adapter)])


def test_a_model_larger_than_the_memory_is_refused(model_folder: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    shutil.copytree(model_folder, large)
    with (large / "model.safetensors").open("r+b") as file:
        file.truncate(1 << 42)  # sparse: takes no disk
    with pytest.raises(ModelError, match="does not fit into the memory"):
        LocalBackend(large).load()


def test_a_model_with_code_of_its_own_is_refused(model_folder: Path, tmp_path: Path) -> None:
    custom = tmp_path / "custom"
    shutil.copytree(model_folder, custom)
    config = json.loads((custom / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoModelForCausalLM": "modeling_own.Own"}}
    (custom / "config.json").write_text(json.dumps(config))
    (custom / "modeling_own.py").write_text("raise SystemExit('its code was run')")
    with pytest.raises(ModelError, match="code of its own"):
        LocalBackend(custom).load()


def test_closing_stops_the_answer_and_a_later_question_works(
    backend: LocalBackend, answered: Answered
) -> None:
    expected = answered(backend, [request(LONG)])
    pieces = backend.generate([request(SHORT, tokens=200)], threading.Event())
    waiting = backend.generate([request(LONG)], threading.Event())
    next(pieces)
    backend.close()
    assert list(pieces)[-1].stopped and list(waiting)[-1].stopped
    assert answered(backend, [request(LONG)]) == expected


def test_an_answer_keeps_its_backend(model_folder: Path) -> None:
    pieces = LocalBackend(model_folder).generate([request(SHORT, tokens=2)], threading.Event())
    gc.collect()
    assert [piece.usage is not None for piece in pieces][-1]


def test_a_dropped_backend_gives_its_model_and_thread_back(model_folder: Path) -> None:
    backend = LocalBackend(model_folder, dtype="float32")
    assert list(backend.generate([request(SHORT, tokens=2)], threading.Event()))
    gone, model = weakref.ref(backend), weakref.ref(backend._model)
    threads = threading.active_count()
    del backend
    gc.collect()
    assert gone() is None and model() is None
    assert threading.active_count() == threads - 1


def test_damaged_weights_are_one_sentence(model_folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(model_folder, damaged)
    (damaged / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="cannot be loaded"):
        LocalBackend(damaged).load()


def test_loading_says_what_it_does(backend: LocalBackend) -> None:
    seen: list[tuple[str, float]] = []
    backend.load(lambda stage, share: seen.append((stage, share)))
    assert [share for _, share in seen] == [0.0, 1.0, 0.0, 1.0]
    backend.load(lambda stage, share: pytest.fail("a resident model is not loaded again"))


def test_importing_and_counting_cost_no_torch(model_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import assistant.models, assistant.hub_models;"
        "from assistant.local_model import LocalBackend; from assistant.records import Message;"
        "heavy = {'torch', 'transformers', 'peft', 'gradio', 'gguf'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules);"
        f"backend = LocalBackend(Path({str(model_folder)!r}));"
        "assert backend.count_tokens([Message('user', 'Hi')]) > 2 and backend.fingerprint(None);"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

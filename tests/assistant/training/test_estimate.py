"""The arithmetic of what a run needs."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.training.estimate import MemoryEstimate, ModelShape, Preflight, estimated_memory

LLAMA = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 64,
    "vocab_size": 49152,
}
SHAPE = ModelShape.of(LLAMA, 134_530_276)


def test_the_adapter_of_the_sample_has_the_weights_that_were_saved() -> None:
    root = Path(__file__).resolve().parents[3]
    saved = root / "datasets" / "aurora" / "run" / "adapter" / "adapter_model.safetensors"
    with saved.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [value["shape"] for name, value in header.items() if name != "__metadata__"]
    assert SHAPE.adapter_weights(16, "all") == sum(a * b for a, b in shapes)
    assert 0 < SHAPE.adapter_weights(16, "attention") < SHAPE.adapter_weights(16, "all")


def test_memory_grows_with_tokens_and_falls_with_what_saves_it() -> None:
    def needed(**changes: object) -> MemoryEstimate:
        settings = {"tokens": 1024, "answer_tokens": 100, "rank": 16} | changes
        return estimated_memory(SHAPE, **settings)  # type: ignore[arg-type]

    plain = needed()
    assert plain.weights == 2 * SHAPE.parameters
    assert plain.total == sum(
        (plain.weights, plain.adapter, plain.activations, plain.logits, plain.overhead)
    )
    assert needed(tokens=2048).activations == 2 * plain.activations
    assert needed(gradient_checkpointing=True).activations < plain.activations / 8
    assert needed(qlora=True).weights < plain.weights
    assert needed(target_layers="attention").adapter < plain.adapter
    assert needed(weight_bytes=4).weights == 2 * plain.weights


def test_other_names_of_the_same() -> None:
    gpt2 = {"n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 100}
    assert ModelShape.of(gpt2, 10) == ModelShape(10, 2, 8, 32, 2, 2, 4, 100)
    assert ModelShape.of({"text_config": LLAMA}, 134_530_276) == SHAPE
    unknown = ModelShape.of({"vocab_size": 3}, 10)
    assert (unknown.parameters, unknown.layers, unknown.adapter_weights(16, "all")) == (10, 0, 0)


def test_a_preflight_is_written_and_read_back_and_says_what_it_costs() -> None:
    estimate = MemoryEstimate(2**29, 2**28, 2**29, 2**28, 2**29)
    found = Preflight(
        "cpu", "a CPU", 173, 0, 2, 96, 220, 8, 8, 8, 1, False, False, estimate,
        free_bytes=8 * 2**30, total_bytes=16 * 2**30, disk_bytes=1, free_disk_bytes=2,
    )  # fmt: skip
    assert found.sentence == "By estimate this needs 2.0 of 8.0 GiB of memory free now."
    value = found.as_json() | {"measured_bytes": 3 * 2**30, "minutes": 12.6, "notices": ["a", "b"]}
    read = Preflight.of(json.loads(json.dumps(value)))
    assert read.notices == ("a", "b") and read.estimate == estimate
    assert read.sentence == (
        "This takes about 13 minutes for 220 steps and needs 3.0 of 8.0 GiB of memory free now."
    )

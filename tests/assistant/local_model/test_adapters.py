from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ModelError
from assistant.local_model.adapters import RowAdapters, read_adapter


@pytest.fixture(scope="module")
def network(model_folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()


@pytest.mark.parametrize("tokens", [1, 7])
def test_rows_equal_those_of_peft(
    network: Any, model_folder: Path, adapters: list[Path], tokens: int
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    reference = PeftModel.from_pretrained(base, adapters[0], adapter_name="first").eval()
    reference.load_adapter(adapters[1], adapter_name="second")
    ids = torch.arange(2, 2 + 5 * tokens).view(5, tokens)
    names = ["__base__", "first", "first", "second", "__base__"]
    ours = {
        "__base__": None,
        "first": read_adapter(adapters[0], network),
        "second": read_adapter(adapters[1], network),
    }
    rows = RowAdapters(network)
    with torch.inference_mode():
        expected = reference(input_ids=ids, adapter_names=names).logits
        plain = network(input_ids=ids).logits
        for one in (ours["first"], ours["second"]):
            assert one is not None
            rows.hook(one)
        with rows.rows([ours[name] for name in names]):
            found = network(input_ids=ids).logits
        after = network(input_ids=ids).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found[1], plain[1], atol=1e-2), "the adapter must matter"
    assert torch.equal(found[0], plain[0]) and torch.equal(after, plain)


def test_rank_stabilised_scaling_is_that_of_peft(
    network: Any, model_folder: Path, adapters: list[Path], tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    stabilised = tmp_path / "rslora"
    shutil.copytree(adapters[0], stabilised)
    _edit(stabilised, lambda config: config.update(use_rslora=True))
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    reference = PeftModel.from_pretrained(base, stabilised).eval()
    adapter = read_adapter(stabilised, network)
    rows = RowAdapters(network)
    rows.hook(adapter)
    ids = torch.arange(2, 8).view(1, 6)
    with torch.inference_mode(), rows.rows([adapter]):
        torch.testing.assert_close(
            network(input_ids=ids).logits,
            reference(input_ids=ids).logits,
            rtol=1e-4,
            atol=1e-4,
        )


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"use_dora": True}, "uses use_dora"),
        ({"alpha_pattern": {"q_proj": 3}}, "uses alpha_pattern"),
        ({"peft_type": "LOHA"}, "not a LoRA adapter"),
        ({"lora_alpha": "much"}, "not a LoRA adapter"),
    ],
)
def test_other_kinds_of_adapter_are_refused(
    network: Any, adapters: list[Path], tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    shutil.copytree(adapters[0], tmp_path / "other")
    _edit(tmp_path / "other", lambda config: config.update(change))
    with pytest.raises(ModelError, match=sentence):
        read_adapter(tmp_path / "other", network)


def test_an_adapter_of_another_model_is_refused(network: Any, adapters: list[Path]) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    for settings in ({"hidden_size": 64}, {"num_hidden_layers": 1}):
        other = LlamaForCausalLM(
            LlamaConfig(
                **{
                    "vocab_size": 64,
                    "hidden_size": 32,
                    "intermediate_size": 64,
                    "num_hidden_layers": 3,
                    "num_attention_heads": 4,
                    "num_key_value_heads": 2,
                    **settings,
                }
            )
        )
        assert isinstance(other, torch.nn.Module)
        with pytest.raises(ModelError, match="trained on another base model"):
            read_adapter(adapters[0], other)


def test_an_adapter_whose_run_names_other_weights_is_refused(
    network: Any, adapters: list[Path], tmp_path: Path
) -> None:
    adapter = tmp_path / "run" / "adapter"
    shutil.copytree(adapters[0], adapter)
    read_adapter(adapter, network, "a" * 64)
    (adapter.parent / "run.json").write_text(json.dumps({"base_sha256": "b" * 64}))
    with pytest.raises(ModelError, match="trained on another base model"):
        read_adapter(adapter, network, "a" * 64)
    assert read_adapter(adapter, network, "b" * 64).layers


def test_weights_that_are_not_plain_lora_are_refused(
    network: Any, adapters: list[Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(adapters[0], tmp_path / "more")
    path = tmp_path / "more" / "adapter_model.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, "base_model.model.lm_head.weight": tensors[name].clone()}, path)
    with pytest.raises(ModelError, match="not plain LoRA"):
        read_adapter(tmp_path / "more", network)
    save_file({key: value for key, value in tensors.items() if key != name}, path)
    with pytest.raises(ModelError, match="lacks half"):
        read_adapter(tmp_path / "more", network)


def test_missing_and_damaged_files_are_one_sentence(
    network: Any, adapters: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="missing or damaged"):
        read_adapter(tmp_path / "nowhere", network)
    shutil.copytree(adapters[0], tmp_path / "pickled")
    weights = tmp_path / "pickled" / "adapter_model.safetensors"
    weights.rename(weights.with_name("adapter_model.bin"))
    with pytest.raises(ModelError, match="missing or damaged"):
        read_adapter(tmp_path / "pickled", network)
    weights.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="cannot be read"):
        read_adapter(tmp_path / "pickled", network)

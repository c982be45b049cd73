"""Two contenders side by side against one alone, on the built-in model.

A question with passages (RAG) beside a short one to a tuned model, the two as a person meets them:

    python tests/benchmarks/two_contenders.py [--tokens 40] [--rounds 3]

The first table holds the ratios of the requirement; each is the best of the rounds over the best of
the rounds, all within this run, so that a slower machine gives the same figures. The second shows
why the loop is as it is: rows decoded in one merged batch against in turn, and adapters applied by
Duet's hooks against peft's mixed batches. The third gives seconds on this machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from rich.console import Console
from rich.table import Table

from assistant.generation import GenerationRequest
from assistant.local_model import LocalBackend
from assistant.models import resolve_model
from assistant.prompts import PromptPassage, question_messages
from assistant.records import Decoding, Usage

SYSTEM = "You are Kestrel support. Answer questions about the Kestrel coffee machine."
QUESTION = "Write a long text about how to care for the machine, with every step in detail."
PASSAGE = (
    "The tank of the machine holds 1.85 litres and is filled with cold water only. Every eight "
    "weeks the boiler is descaled with two sachets of citric acid in one litre of warm water, left "
    "to stand for 25 minutes, and rinsed three times. The brewing group is taken out once a week "
    "and washed by hand without detergent. The grinder has eleven settings, of which the fourth "
    "suits most beans; oily beans clog it and are not covered by the warranty of 31 months. "
)


def main() -> None:
    arguments = _arguments()
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        first_start, folder = _timed(lambda: resolve_model("builtin", Path(temporary) / "models"))
        later_start, _ = _timed(lambda: resolve_model("builtin", Path(temporary) / "models"))
        backend = LocalBackend(folder)
        loading, _ = _timed(backend.load)
        adapter = _random_adapter(folder, Path(temporary) / "adapter")
        decoding = Decoding(max_new_tokens=arguments.tokens)
        passages = [PromptPassage(f"Manual {n}", PASSAGE) for n in range(1, 6)]
        rag = GenerationRequest(question_messages(SYSTEM, QUESTION, passages), decoding)
        tuned = GenerationRequest(question_messages(SYSTEM, QUESTION), decoding, adapter)
        runs = _rounds(
            backend, arguments.rounds, {"rag": [rag], "tuned": [tuned], "both": [rag, tuned]}
        )
        _ratios(console, runs, arguments.tokens)
        _reasons(console, backend, folder, adapter, [rag, tuned], arguments.tokens)
        _seconds(console, runs, first_start, later_start, loading)
        backend.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=40, help="new tokens of each answer")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many is told")
    return parser.parse_args()


Run = dict[str, Any]  # "seconds": of the whole; "usages": by request


def _rounds(
    backend: LocalBackend, rounds: int, cases: dict[str, list[GenerationRequest]]
) -> dict[str, list[Run]]:
    for requests in cases.values():  # the first time also sets kernels up
        _run(backend, requests)
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, requests in cases.items():
            runs[name].append(_run(backend, requests))
    return runs


def _run(backend: LocalBackend, requests: Sequence[GenerationRequest]) -> Run:
    usages: dict[int, Usage] = {}
    first_text: dict[int, float] = {}
    began = time.perf_counter()
    for piece in backend.generate(requests, threading.Event()):
        if piece.text:
            first_text.setdefault(piece.index, time.perf_counter() - began)
        if piece.usage is not None:
            usages[piece.index] = piece.usage
    seconds = time.perf_counter() - began
    for index, request in enumerate(requests):
        if usages[index].tokens_out != request.decoding.max_new_tokens:
            sys.exit("An answer ended early, so that the work would not be the same in each case.")
    return {"seconds": seconds, "usages": usages, "first_text": first_text}


def _ratios(console: Console, runs: dict[str, list[Run]], tokens: int) -> None:
    best = {name: min(run["seconds"] for run in of) for name, of in runs.items()}
    slower = max(best["rag"], best["tuned"])
    alone = min(run["first_text"][0] for run in runs["tuned"])
    beside = min(run["first_text"][1] for run in runs["both"])
    table = Table("ratio", "measured", "at most", title=f"Ratios, {tokens} new tokens a side")
    table.add_row("two contenders / the slower one alone", f"{best['both'] / slower:.2f}", "1.50")
    table.add_row("first word of the short side, beside / alone", f"{beside / alone:.2f}", "1.50")
    console.print(table)


def _reasons(
    console: Console,
    backend: LocalBackend,
    folder: Path,
    adapter: Path,
    requests: Sequence[GenerationRequest],
    tokens: int,
) -> None:
    """Milliseconds of one step of both sides, by how the rows and the adapter are handled."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from assistant.local_model.adapters import RowAdapters, read_adapter
    from assistant.local_model.chat_tokenizer import ChatTokenizer

    tokenizer = ChatTokenizer(folder)
    prompts = [tokenizer.prompt_ids(request.messages) for request in requests]
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    rows = RowAdapters(ours)
    read = read_adapter(adapter, ours)
    rows.hook(read)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    mixed = PeftModel.from_pretrained(
        base, adapter, adapter_name="run", autocast_adapter_dtype=False
    ).eval()

    def hooked(names: Sequence[str]) -> Callable[..., Any]:
        def forward(**inputs: Any) -> Any:
            with rows.rows([read if name == "run" else None for name in names]):
                return ours(**inputs)

        return forward

    def by_peft(names: Sequence[str]) -> Callable[..., Any]:
        return lambda **inputs: mixed(**inputs, adapter_names=list(names))

    table = Table("one step of both sides", "ms", title="Why it is done so")
    for label, way in (("Duet's hooks", hooked), ("peft's mixed batch", by_peft)):
        merged = _step_seconds(way(["__base__", "run"]), _merged_inputs(ours, prompts))
        apart = [
            _step_seconds(way([name]), _merged_inputs(ours, [prompt]))
            for name, prompt in zip(["__base__", "run"], prompts, strict=True)
        ]
        table.add_row(f"{label}, merged into one batch", f"{1e3 * merged:.0f}")
        table.add_row(f"{label}, in turn", f"{1e3 * sum(apart):.0f}")
    console.print(table)


def _merged_inputs(model: Any, prompts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """A step's inputs over a cache of the prompts' lengths, padded on the left."""
    import torch
    from transformers import DynamicCache

    width = max(map(len, prompts))
    rows = len(prompts)
    config = model.config
    shape = (rows, config.num_key_value_heads, width, config.head_dim)
    cache = DynamicCache()
    for layer in range(config.num_hidden_layers):
        cache.update(torch.randn(shape).to(model.dtype), torch.randn(shape).to(model.dtype), layer)
    mask = torch.ones(rows, width + 1, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        mask[row, : width - len(prompt)] = 0
    return {
        "input_ids": torch.full((rows, 1), 100),
        "attention_mask": mask if rows > 1 else None,
        "position_ids": torch.tensor([[len(prompt)] for prompt in prompts]),
        "past_key_values": cache,
    }


def _step_seconds(forward: Callable[..., Any], inputs: dict[str, Any], steps: int = 12) -> float:
    """Median of the steps; each leaves the cache as it found it."""
    import torch

    seconds = []
    with torch.inference_mode():
        for _ in range(steps):
            began = time.perf_counter()
            forward(**inputs, use_cache=True, logits_to_keep=1).logits.argmax(-1).tolist()
            seconds.append(time.perf_counter() - began)
            inputs["past_key_values"].crop(-1)
    return sorted(seconds)[steps // 2]


def _seconds(
    console: Console, runs: dict[str, list[Run]], first: float, later: float, loading: float
) -> None:
    table = Table(
        "on this machine", "seconds", "first word", "tokens/s, each side", title="Absolute"
    )
    table.add_row("first start: check and unpack the model", f"{first:.1f}", "", "")
    table.add_row("later start: check what was unpacked", f"{later:.3f}", "", "")
    table.add_row("import the libraries and load the model", f"{loading:.1f}", "", "")
    for name, of in runs.items():
        best = min(of, key=lambda run: run["seconds"])
        firsts = ", ".join(f"{best['first_text'][i]:.2f}" for i in sorted(best["usages"]))
        speeds = ", ".join(
            f"{best['usages'][i].tokens_per_second:.1f}" for i in sorted(best["usages"])
        )
        prompt = " and ".join(str(best["usages"][i].tokens_in) for i in sorted(best["usages"]))
        table.add_row(
            f"{name}: prompt of {prompt} tokens", f"{best['seconds']:.2f}", firsts, speeds
        )
    console.print(table)


def _random_adapter(model_folder: Path, folder: Path) -> Path:
    """Rank 16 on all linear layers, its weights too small to change what is said."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.bfloat16)
    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = get_peft_model(base, config)
    with torch.no_grad():
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 1e-3)
    tuned.save_pretrained(folder)
    return folder


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()

"""Useful tokens a second of Duet's training against a plain SFTTrainer script.

    python tests/benchmarks/training.py [--rows 96] [--epochs 2]

Both train the built-in model on the sample's training rows, in the same order and from the same
adapter, with the same dtype, batch and learning rate, gradient checkpointing off. The plain script
pads each batch. Duet's time includes its progress file, checkpoints and the saved adapter. Useful
tokens are those of the rows, without padding, and the same count for both. Both adapters are then
measured on the training rows by the same function.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).resolve().parents[2]
BATCH, RATE, SEED, RANK, ALPHA = 8, 1e-3, 0, 16, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--side", choices=("plain", "duet"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        from assistant.training.folder import RunFolder

        measured = (plain if options.side == "plain" else duet)(RunFolder(options.folder))
        (options.folder / f"{options.side}.json").write_text(json.dumps(measured))
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.rows, options.epochs)
        results = {side: run_side(side, Path(folder)) for side in ("plain", "duet")}
    print(f"{'':8}{'seconds':>10}{'CPU s':>10}{'tokens/s':>10}{'loss on the rows':>20}")
    for side, result in results.items():
        print(
            f"{side:8}{result['seconds']:>10.1f}{result['cpu_seconds']:>10.1f}"
            f"{result['tokens'] / result['seconds']:>10.0f}{result['loss']:>20.4f}"
        )
    one, other = results["plain"], results["duet"]
    print(f"ratio of useful tokens/s: {one['seconds'] / other['seconds']:.2f} (wanted: at least 2)")
    print(f"ratio of useful tokens per CPU second: {one['cpu_seconds'] / other['cpu_seconds']:.2f}")


def run_side(side: str, folder: Path) -> dict[str, float]:
    """Train one side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    result: dict[str, float] = json.loads((folder / f"{side}.json").read_text())
    return result


def prepare(folder: Path, count: int, epochs: float) -> None:
    """Write the run's folder that both sides read."""
    from assistant.interchange.importing import read_examples
    from assistant.models import resolve_model
    from assistant.prompts import default_system_prompt
    from assistant.records import Assistant
    from assistant.settings import settings_from_environment
    from assistant.training.folder import RunFolder, write_json, write_rows
    from assistant.training.request import base_parameters, run_description, training_rows
    from assistant.training.settings import TrainingSettings

    sample = ROOT / "datasets" / "aurora"
    about = json.loads((sample / "sample.json").read_text())
    prompt = default_system_prompt(about["name"], about["task"])
    now = datetime.now(UTC)
    assistant = Assistant("b", "b", about["name"], about["task"], prompt, "builtin", "builtin", now)
    examples = [e for e in read_examples(sample / "questions.jsonl") if e.split == "train"][:count]
    rows = {"train": training_rows(assistant, examples, None), "validation": []}
    model = resolve_model("builtin", settings_from_environment().models)
    settings = TrainingSettings(
        epochs=epochs,
        learning_rate=RATE,
        rank=RANK,
        alpha=ALPHA,
        dropout=0.0,
        question_dropout=0.0,  # it would change the tokens that both sides are to see
        batch_size=BATCH,
        seed=SEED,
    )
    run = RunFolder(folder)
    write_rows(run.train, rows["train"])
    write_rows(run.validation, [])
    write_json(run.local, {"model_folder": str(model)})
    parameters = base_parameters(model)
    write_json(
        run.run, run_description("b", now, assistant, examples, rows, settings, "", parameters)
    )


def duet(folder: Any) -> dict[str, float]:
    from assistant.training import tuning

    preparation = tuning.prepare(folder)
    seconds, cpu_seconds = timed(lambda: tuning.finish(preparation))
    trainer = preparation.trainer
    return measured(folder, trainer.model, seconds, cpu_seconds)


def plain(folder: Any) -> dict[str, float]:
    """What a good tutorial would have one write."""
    import torch
    from datasets.arrow_dataset import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from assistant.training.folder import read_json, read_rows

    run, local = read_json(folder.run), read_json(folder.local)
    cuda = torch.cuda.is_available()
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(local["model_folder"], dtype=torch.bfloat16),
        args=SFTConfig(
            output_dir=str(folder.path / "plain"),
            num_train_epochs=run["settings"]["epochs"],
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            lr_scheduler_type="cosine",
            warmup_steps=run["settings"]["warmup"],
            weight_decay=0.0,
            seed=SEED,
            bf16=True,
            use_cpu=not cuda,
            gradient_checkpointing=False,
            logging_steps=10,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=Dataset.from_list(read_rows(folder.train)),
        processing_class=AutoTokenizer.from_pretrained(local["model_folder"]),
        peft_config=LoraConfig(
            r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    seconds, cpu_seconds = timed(trainer.train)
    return measured(folder, trainer.model, seconds, cpu_seconds)


def timed(work: Any) -> tuple[float, float]:
    """Wall and CPU seconds of a call."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime - used.ru_utime + now.ru_stime - used.ru_stime
    return time.perf_counter() - began, cpu


def measured(folder: Any, model: Any, seconds: float, cpu_seconds: float) -> dict[str, float]:
    """Loss on the training rows and their useful tokens, by the same functions for both sides."""
    import torch
    from transformers import AutoTokenizer

    from assistant.training.folder import read_json, read_rows
    from assistant.training.packing import losses_of
    from assistant.training.rows import padded_batch, token_row
    from assistant.training.trainer import add_answer_losses

    run, local = read_json(folder.run), read_json(folder.local)
    tokenizer = AutoTokenizer.from_pretrained(local["model_folder"])
    rows = [token_row(tokenizer, r, [tokenizer.eos_token_id]) for r in read_rows(folder.train)]
    model.eval()
    add_answer_losses(model.get_base_model())
    losses = [
        losses_of(model, padded_batch(rows[at : at + BATCH], tokenizer.pad_token_id))
        for at in range(0, len(rows), BATCH)
    ]
    tokens = sum(len(row.ids) for row in rows) * run["settings"]["epochs"]
    loss = torch.cat(losses).mean().item()
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "tokens": tokens, "loss": loss}


if __name__ == "__main__":
    main()

"""The card of an exported model: what it learned from, how, and how well it did."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.models import read_json
from assistant.runs import Run
from assistant.training.request import portable_name

CardScores = dict[str, dict[str, tuple[float, int]]]
"""Mean and count of questions by the name of a question set, then by metric."""

_LICENCES = {"builtin": ("SmolLM2-135M-Instruct", "apache-2.0")}


def base_licence(base_model: str, folder: Path) -> tuple[str, str]:
    """Name and licence of the base model; "unknown" where its folder states none.

    The name is without a path of this machine, for the card goes elsewhere.
    """
    if base_model in _LICENCES:
        return _LICENCES[base_model]
    card = folder / "README.md"
    if card.is_file():
        for line in card.read_text("utf-8", errors="replace").splitlines()[:60]:
            if line.strip().lower().startswith("license:"):
                return portable_name(base_model), line.partition(":")[2].strip().strip("\"'")
    return portable_name(base_model), "unknown"


def model_card(
    run: Run, run_json: Path, base: tuple[str, str], scores: CardScores, library: str = "peft"
) -> str:
    """The card in Markdown, with the front matter that model hubs read.

    scores: {} where none was measured. library: that loads the export, by its hub name.
    """
    about = read_json(run_json) or {}
    name, licence = base
    assistant = about.get("assistant") or {}
    settings = json.dumps(about.get("settings") or {}, indent=2)
    documents = "\n".join(f"- {one}" for one in about.get("documents") or ["(none named)"])
    return f"""---
base_model: {name}
license: {licence}
library_name: {library}
tags: [lora, duet]
---

# {assistant.get("name", "Assistant")}, run {run.id}

{assistant.get("task", "")}

## How to ask it

System prompt, word for word as it was trained:

> {assistant.get("system_prompt", "")}

## Data

{run.rows.get("train", 0)} training rows and {run.rows.get("validation", 0)} for validation, from:

{documents}

SHA-256 of the rows: `{run.data_sha256}`.

## Training

Base model {name}, SHA-256 of its weights `{run.base_sha256 or "not recorded"}`, licence {licence}.

```json
{settings}
```

## Scores

{_scores(scores)}

## Limits

It answers from what it was trained on, may state what no document says, and does not know of later
changes to the documents. A licence of the base model other than the one named here prevails.
"""


def _scores(scores: CardScores) -> str:
    if not scores:
        return "None was measured before this export."
    lines = ["| Question set | Metric | Mean | Questions |", "| --- | --- | --- | --- |"]
    for question_set, metrics in scores.items():
        for metric, (mean, count) in metrics.items():
            lines.append(f"| {question_set} | {metric} | {mean:.3f} | {count} |")
    return "\n".join(lines)

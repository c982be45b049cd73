"""What can be set for a fine-tuning, with a unit for each value, and the presets of the page."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from assistant.errors import InvalidRequest
from assistant.training.setting_fields import SETTING_FIELDS


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a LoRA adapter is trained; `setting_fields` explains each value and holds its range.

    preset: name of the preset that these started from. epochs: passes over the training rows; None
    lets the preset choose by the number of rows. learning_rate: peak of AdamW's, after the warm-up;
    None chooses by the size of the base model. rank: of the LoRA matrices. alpha: LoRA scale, the
    update is multiplied by alpha / rank, or alpha / sqrt(rank) with rslora
    (https://arxiv.org/abs/2312.03732). dropout: share of the adapter's inputs dropped, in [0, 1).
    question_dropout: share of a training question's tokens left out, in [0, 1), drawn anew for each
    epoch, so that a fact hangs on no single wording (docs/performance.md has the trials).
    context_share: share of the training examples, in [0, 1], that are also trained with passages in
    the prompt, the answering one among others (`writing.context_rows`); such a row costs about ten.
    general_share: share of all training rows, in [0, 0.5], that are requests of no field,
    answered by the base model itself (`training.general`). batch_size: rows that one optimiser
    step sees. max_length: tokens of prompt and answer together; longer rows are left out and
    counted. warmup: share of the steps, in [0, 1), in which the learning rate rises.
    weight_decay: of AdamW, per step and learning rate. seed: of the order of rows and of the
    adapter's start. target_layers: all linear layers, or those of the attention.
    schedule: of the learning rate after the warm-up. neftune_alpha: noise on the embeddings, 0 for
    none (https://arxiv.org/abs/2310.05914). patience: evaluations in a row without a better one
    after which training ends, 0 for never. gradient_checkpointing, qlora: "auto" where memory asks
    for it, "never" or "always". processes: that train together, one for each GPU.
    """

    preset: str = "standard"
    epochs: float | None = None
    learning_rate: float | None = None
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    question_dropout: float = 0.2
    context_share: float = 0.0
    general_share: float = 0.0
    batch_size: int = 8
    max_length: int = 1024
    warmup: float = 0.05
    weight_decay: float = 0.0
    seed: int = 0
    target_layers: str = "all"
    schedule: str = "cosine"
    rslora: bool = False
    neftune_alpha: float = 0.0
    patience: int = 3
    gradient_checkpointing: str = "auto"
    qlora: str = "auto"
    processes: int = 1

    def checked(self) -> TrainingSettings:
        """Return the settings as they are.

        Raises InvalidRequest with every mistake in one text.
        """
        mistakes = [
            f"{field.label} must be {field.range}"
            for field in SETTING_FIELDS
            if not field.allows(getattr(self, field.name))
        ]
        if mistakes:
            raise InvalidRequest(f"The training settings are wrong: {'; '.join(mistakes)}.")
        return self

    def settled(self, rows: int, parameters: int) -> TrainingSettings:
        """The same settings with nothing left to choose.

        rows: training rows. parameters: weights of the base model. Epochs fall with the number of
        rows, so that a preset costs about the same time whatever the data, and never below a floor
        at which facts are not yet remembered.
        """
        passes, least, most = _EFFORT[self.preset]
        epochs = self.epochs
        if epochs is None:
            epochs = float(min(max(round(passes / max(rows, 1)), least), most))
        rate = self.learning_rate
        if rate is None:
            rate = next(value for limit, value in _RATES if parameters <= limit)
        return dataclasses.replace(self, epochs=epochs, learning_rate=rate)


PRESETS: dict[str, TrainingSettings] = {
    name: TrainingSettings(preset=name) for name in ("quick", "standard", "thorough")
}

# Row passes aimed at, and the fewest and most epochs.
_EFFORT = {"quick": (1000, 3, 6), "standard": (1800, 4, 12), "thorough": (5000, 8, 24)}

# Parameters of the base model up to which a learning rate holds. Small models take more.
_RATES = ((200e6, 1e-3), (1e9, 5e-4), (float("inf"), 2e-4))

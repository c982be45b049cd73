"""What can be set for a fine-tuning, with a unit for each value, and the presets of the page."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from assistant.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a LoRA adapter on all linear layers is trained.

    preset: name of the preset that these started from. epochs: passes over the training rows; None
    lets the preset choose by the number of rows. learning_rate: peak of AdamW's, after the warm-up;
    None chooses by the size of the base model. rank: of the LoRA matrices. alpha: LoRA scale, the
    update is multiplied by alpha / rank. dropout: share of the adapter's inputs dropped, in [0, 1).
    question_dropout: share of a training question's tokens left out, in [0, 1), drawn anew for each
    epoch, so that a fact hangs on no single wording (docs/performance.md has the trials).
    batch_size: rows that one optimiser step sees. max_length: tokens of prompt and answer together;
    longer rows are left out and counted. warmup: share of the steps, in [0, 1), in which the
    learning rate rises. weight_decay: of AdamW, per step and learning rate. seed: of the order of
    rows and of the adapter's start.
    """

    preset: str = "standard"
    epochs: float | None = None
    learning_rate: float | None = None
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    question_dropout: float = 0.2
    batch_size: int = 8
    max_length: int = 1024
    warmup: float = 0.05
    weight_decay: float = 0.0
    seed: int = 0

    def checked(self) -> TrainingSettings:
        """Return the settings as they are.

        Raises InvalidRequest with every mistake in one text.
        """
        rules: list[tuple[bool, str]] = [
            (self.preset in PRESETS, f"preset must be one of {', '.join(PRESETS)}"),
            (
                self.epochs is None or 0 < self.epochs <= 1000,
                "epochs must be above 0, at most 1000",
            ),
            (
                self.learning_rate is None or 0 < self.learning_rate <= 0.1,
                "the learning rate must be above 0, at most 0.1",
            ),
            (1 <= self.rank <= 512, "rank must be a whole number from 1 to 512"),
            (1 <= self.alpha <= 4096, "alpha must be a whole number from 1 to 4096"),
            (0 <= self.dropout < 1, "dropout must be at least 0 and below 1"),
            (0 <= self.question_dropout < 1, "question dropout must be at least 0 and below 1"),
            (1 <= self.batch_size <= 1024, "batch size must be from 1 to 1024 rows"),
            (32 <= self.max_length <= 131072, "max length must be from 32 to 131072 tokens"),
            (0 <= self.warmup < 1, "warm-up must be a share of the steps, at least 0 and below 1"),
            (0 <= self.weight_decay <= 1, "weight decay must be from 0 to 1"),
            (0 <= self.seed < 2**32, "seed must be a whole number from 0 to 4294967295"),
        ]
        mistakes = [text for holds, text in rules if not holds]
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
_EFFORT = {"quick": (1000, 3, 6), "standard": (1800, 4, 12), "thorough": (4500, 6, 24)}

# Parameters of the base model up to which a learning rate holds. Small models take more.
_RATES = ((200e6, 1e-3), (1e9, 5e-4), (float("inf"), 2e-4))

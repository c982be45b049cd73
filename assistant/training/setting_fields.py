"""What each training setting is called, means and may be: one table for page, command line, docs.

The checks of `TrainingSettings` read their ranges from here as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Group = Literal["Amount", "Adapter", "Optimiser", "Regularisation", "Memory"]


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting.

    name: of the field of TrainingSettings. unit: "" for a bare number or a word. least and most:
    the allowed range, both included unless `above` (least excluded) or `below` (most excluded).
    choices: the allowed words, for a setting that is one. whole: whether it is a whole number.
    automatic: how a value is chosen where none is given, "" where there always is one.
    """

    name: str
    label: str
    group: Group
    explanation: str
    unit: str = ""
    least: float = 0
    most: float = 0
    above: bool = False
    below: bool = False
    choices: tuple[str, ...] = ()
    whole: bool = False
    switch: bool = False
    automatic: str = ""

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def range(self) -> str:
        """The allowed values in words."""
        if self.switch:
            return "on or off"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = "a whole number " if self.whole else ""
        if not self.above and not self.below:
            return f"{kind}from {self.least:.16g} to {self.most:.16g}"
        low = f"above {self.least:.16g}" if self.above else f"at least {self.least:.16g}"
        high = f"below {self.most:.16g}" if self.below else f"at most {self.most:.16g}"
        return f"{kind}{low}, {high}"

    @property
    def allowed(self) -> str:
        """The allowed values with their unit."""
        return f"{self.range} {self.unit}".strip()

    def shown(self, value: Any) -> str:
        """A value in words; of None how it is chosen."""
        if value is None:
            return self.automatic
        return ("on" if value else "off") if self.switch else f"{value}"

    def allows(self, value: Any) -> bool:
        """Whether a setting may have this value."""
        if value is None:
            return bool(self.automatic)
        if self.switch:
            return isinstance(value, bool)
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        low = value > self.least if self.above else value >= self.least
        high = value < self.most if self.below else value <= self.most
        return bool(low and high)


SETTING_FIELDS: tuple[SettingField, ...] = (
    SettingField(
        "preset",
        "Preset",
        "Amount",
        "How long to train: quick to see whether it works, standard as a rule, thorough for the "
        "most that the examples give.",
        choices=("quick", "standard", "thorough"),
    ),
    SettingField(
        "epochs",
        "Epochs",
        "Amount",
        "Passes over the training rows: more remember more, until the validation loss rises.",
        unit="passes",
        most=1000,
        above=True,
        automatic="chosen by preset and number of rows",
    ),
    SettingField(
        "patience",
        "Early-stopping patience",
        "Amount",
        "Training ends when so many evaluations in a row were no better than the best one; "
        "0 never ends it early.",
        unit="evaluations",
        most=100,
        whole=True,
    ),
    SettingField(
        "context_share",
        "Rows with passages",
        "Amount",
        "Share of the examples that are also trained with passages in the prompt, the one that "
        "answers among others: for answers from documents. Such a row costs about ten others.",
        most=1,
    ),
    SettingField(
        "general_share",
        "General rows",
        "Amount",
        "Share of all rows that are small talk and work on a given text, answered by the base "
        "model itself before training, so that it keeps them; there are at most 44.",
        most=0.5,
    ),
    SettingField(
        "target_layers",
        "Target layers",
        "Adapter",
        "Which linear layers get an adapter: all of them, which remember facts best, or those of "
        "the attention alone, which need less memory.",
        choices=("all", "attention"),
    ),
    SettingField(
        "rank",
        "Rank",
        "Adapter",
        "Width of the LoRA matrices: a higher rank holds more and costs memory and time.",
        least=1,
        most=512,
        whole=True,
    ),
    SettingField(
        "alpha",
        "Alpha",
        "Adapter",
        "LoRA scale: the learned update is multiplied by alpha / rank; twice the rank is usual.",
        least=1,
        most=4096,
        whole=True,
    ),
    SettingField(
        "rslora",
        "rsLoRA",
        "Adapter",
        "Divides alpha by the square root of the rank, which keeps high ranks from learning ever "
        "more slowly (Kalajdzievski 2023).",
        switch=True,
    ),
    SettingField(
        "learning_rate",
        "Learning rate",
        "Optimiser",
        "Size of AdamW's steps at their peak: too high and the loss jumps or stops being a number, "
        "too low and nothing is remembered.",
        most=0.1,
        above=True,
        automatic="chosen by size of the base model",
    ),
    SettingField(
        "schedule",
        "Schedule",
        "Optimiser",
        "How the learning rate goes after the warm-up: down along a cosine or a line to zero, or "
        "constant.",
        choices=("cosine", "linear", "constant"),
    ),
    SettingField(
        "warmup",
        "Warm-up",
        "Optimiser",
        "Share of the steps in which the learning rate rises from zero, so that the first rows do "
        "not decide everything.",
        most=1,
        below=True,
    ),
    SettingField(
        "batch_size",
        "Batch size",
        "Optimiser",
        "Rows that one step learns from; where they do not fit into memory at once they are taken "
        "in parts, with the same result.",
        unit="rows",
        least=1,
        most=1024,
        whole=True,
    ),
    SettingField(
        "weight_decay",
        "Weight decay",
        "Optimiser",
        "Pulls the adapter's weights towards zero at each step, times the learning rate.",
        most=1,
    ),
    SettingField(
        "seed",
        "Seed",
        "Optimiser",
        "Fixes the order of the rows and the adapter's start, so that a run can be repeated.",
        most=2**32 - 1,
        whole=True,
    ),
    SettingField(
        "dropout",
        "Dropout",
        "Regularisation",
        "Share of the adapter's inputs left out at random; above 0 each step costs more time.",
        most=1,
        below=True,
    ),
    SettingField(
        "question_dropout",
        "Question dropout",
        "Regularisation",
        "Share of a training question's tokens left out, drawn anew in each epoch, so that a fact "
        "does not hang on one wording.",
        most=1,
        below=True,
    ),
    SettingField(
        "neftune_alpha",
        "NEFTune alpha",
        "Regularisation",
        "Noise added to the embeddings while training, 5 to 15 where wanted and 0 for none (Jain "
        "et al. 2023).",
        most=100,
    ),
    SettingField(
        "max_length",
        "Max length",
        "Memory",
        "Tokens of prompt and answer together; longer rows are left out and counted, never cut.",
        unit="tokens",
        least=32,
        most=131072,
        whole=True,
    ),
    SettingField(
        "gradient_checkpointing",
        "Gradient checkpointing",
        "Memory",
        "Computes activations twice in place of keeping them: less memory, about a third more "
        "time; auto does so only where memory asks for it.",
        choices=("auto", "never", "always"),
    ),
    SettingField(
        "qlora",
        "QLoRA",
        "Memory",
        "Holds the base model in 4 bits (nf4, through bitsandbytes, on an NVIDIA GPU) while the "
        "adapter learns; auto does so only where memory asks for it.",
        choices=("auto", "never", "always"),
    ),
    SettingField(
        "processes",
        "Processes",
        "Memory",
        "How many train together, one for each GPU; the batch is divided among them, so that it "
        "must be a multiple. Several on a CPU gain nothing.",
        least=1,
        most=64,
        whole=True,
    ),
)

FIELD_BY_NAME: dict[str, SettingField] = {field.name: field for field in SETTING_FIELDS}

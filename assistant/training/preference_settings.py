"""What can be set for a run on votes beside the settings of any run, with the sources.

Everything of `TrainingSettings` that is about the adapter comes from the run that goes on; epochs,
learning rate and warm-up are of the votes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from assistant.errors import InvalidRequest
from assistant.training.settings import TrainingSettings

# TRL's defaults are 2e-5 for SFT and 1e-6 for DPO and KTO, both for full tuning: the same ratio.
_RATE_OF_SFT = 1 / 20
_PASSES, _FEWEST_EPOCHS, _MOST_EPOCHS = 400, 2, 10  # row passes aimed at
_WARMUP = 0.1  # DPO's authors warm up for the first steps too; of few steps it is one or two


@dataclass(frozen=True, slots=True)
class PreferenceSettings:
    """How votes train.

    method: "dpo" or "kto". beta: how strongly the model is held to what it was, above 0; 0.1 in
    both papers (Rafailov et al. 2023, https://arxiv.org/abs/2305.18290; Ethayarajh et al. 2024,
    https://arxiv.org/abs/2402.01306). sft_weight: of the chosen answers' mean negative
    log-likelihood beside DPO's loss, 1 as in Pang et al. 2024 (https://arxiv.org/abs/2404.19733);
    without it both answers may become less likely. replay_weight: of the same loss over rows that
    the earlier run trained on, one for each row of votes, so that its facts are not lost; 0 for
    none. good_weight, bad_weight: of KTO's good and bad answers.
    """

    method: str
    beta: float = 0.1
    sft_weight: float = 1.0
    replay_weight: float = 1.0
    good_weight: float = 1.0
    bad_weight: float = 1.0

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Back from what run.json says."""
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def checked(self) -> PreferenceSettings:
        """The settings as they are. Raises InvalidRequest with every mistake in one text."""
        rules = [
            (self.method in ("dpo", "kto"), "the method must be dpo or kto"),
            (0 < self.beta <= 10, "beta must be above 0, at most 10"),
            (0 <= self.sft_weight <= 10, "the SFT weight must be from 0 to 10"),
            (0 <= self.replay_weight <= 10, "the replay weight must be from 0 to 10"),
        ]
        mistakes = [text for holds, text in rules if not holds]
        if mistakes:
            raise InvalidRequest(f"The settings of the votes are wrong: {'; '.join(mistakes)}.")
        return self

    def balanced(self, good: int, bad: int) -> PreferenceSettings:
        """With KTO's rarer answers weighed up, so that both sides count the same.

        good_weight x good / (bad_weight x bad) is to lie in [1, 4/3] (equation 8 of the KTO paper);
        it is 1 here.
        """
        if not good or not bad:
            return self
        return replace(self, good_weight=max(1.0, bad / good), bad_weight=max(1.0, good / bad))


def settings_for_votes(
    earlier: TrainingSettings,
    rows: int,
    parameters: int,
    epochs: float | None = None,
    learning_rate: float | None = None,
) -> TrainingSettings:
    """The settings of a run on so many rows of votes that goes on from an earlier one.

    parameters: weights of the base model. epochs, learning_rate: chosen by the rows and the model
    where not given. The loss is told apart too finely for questions with words left out, so there
    is no question dropout, and dropout is off, as TRL has it.
    """
    rate = replace(earlier, learning_rate=None).settled(rows, parameters).learning_rate
    assert rate is not None
    if epochs is None:
        epochs = float(min(max(round(_PASSES / max(rows, 1)), _FEWEST_EPOCHS), _MOST_EPOCHS))
    return replace(
        earlier,
        epochs=epochs,
        learning_rate=learning_rate or rate * _RATE_OF_SFT,
        batch_size=8,
        dropout=0.0,
        question_dropout=0.0,
        neftune_alpha=0.0,
        warmup=_WARMUP,
        patience=0,
        processes=1,
    ).checked()

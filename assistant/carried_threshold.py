"""The threshold of "The documents do not say." under another embedding model.

Raw cosines of different models are not on one scale: unrelated texts are at .1 for one and at .8
for another, so that a threshold of one would let everything, or nothing, through with the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assistant.records import RetrievalSettings
from retrieval.embedder import Embedder
from retrieval.general_questions import GENERAL_QUESTIONS


@dataclass(frozen=True, slots=True)
class CosineScale:
    """Mean and standard deviation of a model's cosines between texts that are not related."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, embedder: Embedder) -> CosineScale:
        """From all pairs of the general questions. Raises EmbedderError."""
        texts = list(GENERAL_QUESTIONS)
        cosines = embedder.encode_query(texts) @ embedder.encode(texts).T
        unrelated = cosines[~np.eye(len(texts), dtype=bool)]
        return cls(float(unrelated.mean()), float(unrelated.std()))


def carried_over(
    settings: RetrievalSettings, before: CosineScale, after: CosineScale
) -> RetrievalSettings:
    """The settings with a threshold that stands out of unrelated texts as far as it did before.

    A cosine c of the new model counts as mean + (c - mean') * deviation / deviation' of the old.
    """
    stretch = before.deviation / max(after.deviation, 1e-6)
    least = after.mean + (settings.min_cosine - before.mean) / max(stretch, 1e-6)
    settings = replace(settings, min_cosine=round(float(np.clip(least, -1, 1)), 3))
    if settings.relevance_logit is None:
        return settings
    intercept, cosine, overlap = settings.relevance_logit
    shifted = intercept + cosine * (before.mean - after.mean * stretch)
    return replace(settings, relevance_logit=(shifted, cosine * stretch, overlap))

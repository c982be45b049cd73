"""Which passages a contender reads for a question, or that there are none to read.

Whether anything relevant was found is decided on raw scores before anything is reordered, so that
neither reranker nor diversity can break a refusal.
"""

from __future__ import annotations

from assistant.records import RetrievalSettings
from retrieval.abstention import LogisticRule, Rule, ThresholdRule


def rule_of(settings: RetrievalSettings) -> Rule:
    """The rule by which these settings tell relevant passages from others."""
    if settings.relevance_logit is not None:
        return LogisticRule(*settings.relevance_logit)
    return ThresholdRule(settings.min_cosine, settings.min_overlap)

"""The ids of contenders: votes name them, so they stay what they were."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from assistant.records import Contender, Decoding, RetrievalSettings, retrieval_settings_of


def contender(retrieval: RetrievalSettings | None) -> Contender:
    kind = "base" if retrieval is None else "rag"
    generation = None if retrieval is None else 3
    return Contender(
        kind, "a1", "builtin", None, None, generation, retrieval, "cd" * 32, Decoding()
    )


@pytest.mark.parametrize(
    ("retrieval", "golden"),
    [
        (RetrievalSettings(), "54341efe8498119b"),
        (RetrievalSettings(min_cosine=0.1), "4d995a720f71ec19"),
        (None, "586f08a98d4072ba"),
    ],
)
def test_ids_are_those_of_before_the_later_settings(
    retrieval: RetrievalSettings | None, golden: str
) -> None:
    assert contender(retrieval).id == golden


def test_every_setting_makes_another_version() -> None:
    changed = {
        "passages": 5,
        "context_tokens": 900,
        "min_cosine": 0.1,
        "min_overlap": 0.1,
        "lexical_weight": 0.4,
        "mmr": 0.7,
        "reranker": "some/model",
        "relevance_logit": (1.0, 2.0, 3.0),
    }
    assert set(changed) == {field.name for field in fields(RetrievalSettings)}
    ids = {contender(replace(RetrievalSettings(), **{k: v})).id for k, v in changed.items()}  # type: ignore[arg-type]
    assert len(ids | {contender(RetrievalSettings()).id}) == len(changed) + 1


def test_settings_come_back_from_json() -> None:
    assert retrieval_settings_of({}) == RetrievalSettings()
    assert retrieval_settings_of({"relevance_logit": [1, 2, 3]}).relevance_logit == (1, 2, 3)

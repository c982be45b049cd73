"""Every score of an evaluated answer, and when it is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.evaluation.answer_scores import score_answers, semantic_similarity
from assistant.evaluation.catalogue import METRICS
from assistant.evaluation.grounding import Held, ground
from assistant.evaluation.holding import best_held, topic_names
from assistant.evaluation.metrics import TEXT_METRICS
from assistant.evaluation.records import EvaluatedAnswer, RetrievedPassage
from assistant.prompts import NOT_IN_DOCUMENTS
from retrieval.embedder import HashingEmbedder
from retrieval.questions import Question

Evaluated = Callable[..., EvaluatedAnswer]

encode = HashingEmbedder().encode
TANK = "The tank of the Kestrel holds 1.85 litres."
OUT = Question("q2", "Who is the mayor of Oslo?", in_scope=False)


def scores(answer: EvaluatedAnswer) -> dict[str, float]:
    (scored,) = score_answers([answer], encode)
    return dict(scored.scores)


def test_a_right_answer_has_every_score(evaluated: Evaluated) -> None:
    answer = replace(
        evaluated("The tank of the Kestrel holds 1.85 l.", answers=[TANK], passages=[TANK]),
        scores={"perplexity": 3.0},
    )
    found = scores(answer)
    assert set(found) == set(METRICS) - {"citation_precision"}  # nothing is cited
    assert found["perplexity"] == 3.0
    assert found["fact_recall"] == found["refusal"] == found["groundedness"] == 1
    assert found["citation_recall"] == 0


def test_without_a_reference_the_metrics_that_need_one_are_left_out(evaluated: Evaluated) -> None:
    found = scores(evaluated("The tank holds 1.85 litres.", passages=[TANK]))
    needing = {*TEXT_METRICS, "semantic_similarity", "fact_recall"}
    assert needing & set(found) == set()
    assert {"refusal", "groundedness"} <= set(found)


@pytest.mark.parametrize(
    ("text", "abstained", "inside", "outside"),
    [
        (NOT_IN_DOCUMENTS, True, 0, 1),
        ("The documents do not mention the mayor.", False, 0, 1),
        ("It is Berit.", False, 1, 0),
        ("", False, 1, 0),
    ],
)
def test_refusals(
    evaluated: Evaluated, text: str, abstained: bool, inside: int, outside: int
) -> None:
    assert scores(evaluated(text, abstained=abstained))["refusal"] == inside
    found = scores(evaluated(text, OUT, abstained=abstained))
    assert found["refusal"] == outside
    assert "f1" not in found


def test_a_refusal_states_nothing_that_needs_support(evaluated: Evaluated) -> None:
    found = scores(evaluated(NOT_IN_DOCUMENTS, answers=[TANK], passages=[TANK], abstained=True))
    assert {"groundedness", "values_supported", "citation_recall"} & set(found) == set()
    assert found["fact_recall"] == 0


def test_similarity_takes_the_closest_reference_and_encodes_each_text_once() -> None:
    seen: list[str] = []

    def counted(texts: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(texts)
        return encode(texts)

    found = semantic_similarity([TANK, "", TANK, "x"], [["no", TANK], [TANK], ["no"], []], counted)
    assert found[0] == pytest.approx(1.0)
    assert found[1:] == [0.0, pytest.approx(found[2]), None]
    assert sorted(seen) == sorted({TANK, "no"})


def test_similarity_never_falls_below_0() -> None:
    def opposed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0], [-1.0]], dtype=np.float32)

    assert semantic_similarity(["a"], [["b"]], opposed) == [0.0]
    assert semantic_similarity([], [], opposed) == []


def test_no_answers() -> None:
    assert score_answers([], encode) == []


def test_a_name_that_all_references_hold_need_not_be_said() -> None:
    references = [f"The Aurora's part {n} weighs {n + 10} grams." for n in range(12)]
    topic = topic_names(references)
    assert topic == {"aurora"}
    assert topic_names(references[:9]) == frozenset(), "few references tell nothing"
    question = "How heavy is part 3?"
    assert best_held("It weighs 13 grams.", [references[3]], question, topic).whole
    town = "The head workshop for the Aurora is in Dunmarrick."
    assert best_held("It is in Dunmarrick.", [town], "In which town is it?", topic).whole
    assert not best_held("It is in Brannock.", [town], "In which town is it?", topic).whole


def test_a_sentence_is_supported_by_the_heading_its_passage_stands_under() -> None:
    text = "The soft phase before the shot is called Slowdawn."
    bare = RetrievedPassage(1, "manual.pdf", text, 1, 0.9)
    said = "The soft phase of the Aurora is called Slowdawn."
    (missing,) = ground([Held(said, (bare.held,))], HashingEmbedder().encode)
    (found,) = ground(
        [Held(said, (replace(bare, heading="Aurora user manual").held,))],
        HashingEmbedder().encode,
    )
    assert (missing.supported, found.supported) == (False, True)

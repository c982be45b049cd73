"""What an answer says that no passage supports, to the letter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.evaluation.grounding import Grounding, Held, citation_scores, ground
from assistant.records import Citation
from retrieval.embedder import HashingEmbedder

TANK = "The tank of the Kestrel holds 1.85 litres. Fill it with cold water only."
CLEANING = "Descale the Kestrel after 90 hours of use. Repairs are made in Brannock."
PASSAGES = (f"manual.md\n{TANK}", f"manual.md\n{CLEANING}")


def unlike(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.eye(len(texts), dtype=np.float32)


def alike(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.ones((len(texts), 1), dtype=np.float32)


def grounding(text: str, passages: tuple[str, ...] = PASSAGES) -> Grounding:
    (found,) = ground([Held(text, passages)], unlike)
    return found


def test_a_supported_answer() -> None:
    found = grounding("The tank holds 1.85 litres. Descale the Kestrel after 90 hours.")
    assert found.scores() == {"groundedness": 1.0, "values_supported": 1.0}
    assert (found.sentences, found.values, found.unsupported) == (2, 3, ())


def test_another_unit_is_not_supported_and_its_span_is_given() -> None:
    text = "The tank holds 1.85 litres. Descale the Kestrel after 90 minutes."
    found = grounding(text)
    assert found.scores() == {"groundedness": 0.5, "values_supported": pytest.approx(2 / 3)}
    assert [(one.kind, one.text) for one in found.unsupported] == [
        ("sentence", "Descale the Kestrel after 90 minutes."),
        ("number", "90 minutes"),
    ]
    assert all(text[one.start : one.end] == one.text for one in found.unsupported)


def test_a_foreign_name_is_not_supported() -> None:
    (sentence, name) = grounding("Repairs of the Kestrel are made in Oslo.").unsupported
    assert (sentence.kind, name.kind, name.text) == ("sentence", "name", "Oslo")


def test_a_number_of_one_passage_supports_no_sentence_of_another() -> None:
    found = grounding("The tank of the Kestrel holds 90 litres.", (f"{TANK} {90}", PASSAGES[1]))
    assert found.supported_sentences == 1  # a bare number may have any unit
    found = grounding("The tank of the Kestrel holds 90 litres.")
    assert (found.supported_sentences, found.supported_values) == (0, 1)


def test_the_meaning_decides_where_the_words_do_not() -> None:
    held = [Held("Pour cold water into the tank, please.", PASSAGES)]
    assert ground(held, alike)[0].supported_sentences == 1
    assert ground(held, unlike)[0].supported_sentences == 0


def test_meanings_of_many_answers_are_encoded_in_one_call() -> None:
    calls = []

    def counted(texts: Sequence[str]) -> NDArray[np.float32]:
        calls.append(len(texts))
        return alike(texts)

    text = "Pour cold water into the tank, please."
    assert len(ground([Held(text, PASSAGES)] * 30, counted)) == 30
    assert len(calls) == 1
    assert calls[0] <= 3


@pytest.mark.parametrize("text", ["", "  \n", "Yes.", "👍", "?!", "..."])
def test_what_states_nothing_has_no_scores(text: str) -> None:
    assert grounding(text).scores() == {}


def test_a_refusal_states_nothing() -> None:
    (found,) = ground([Held("The documents do not say.", PASSAGES, abstained=True)], unlike)
    assert found.scores() == {}


def test_without_passages_nothing_is_supported() -> None:
    assert grounding("The tank holds 1.85 litres.", ()).scores() == {
        "groundedness": 0.0,
        "values_supported": 0.0,
    }
    assert ground([], unlike) == []


def test_a_long_answer_is_held_in_one_go() -> None:
    text = " ".join(f"The tank of model M{number} holds {number} litres." for number in range(1500))
    found = ground([Held(text, PASSAGES)], HashingEmbedder().encode)[0]
    assert found.sentences == 1500
    assert len(found.unsupported) > 1500


def citation(text: str, answer: str, passage: str) -> Citation:
    start = text.index(answer)
    return Citation(1, "d", "manual.md", 1, None, 0, 9, passage, start, start + len(answer))


def test_citation_precision_and_recall() -> None:
    first, second = "The tank holds 1.85 litres.", "Descale the Kestrel after 90 minutes."
    text = f"{first} {second} Yes."
    good, bad = citation(text, first, TANK), citation(text, second, CLEANING)
    assert citation_scores([(text, [good]), (text, [good, bad])], unlike) == [
        {"citation_precision": 1.0, "citation_recall": 0.5},
        {"citation_precision": 0.5, "citation_recall": 1.0},
    ]
    assert citation_scores([(text, []), ("Yes.", []), ("", [])], unlike) == [
        {"citation_recall": 0.0},
        {},
        {},
    ]

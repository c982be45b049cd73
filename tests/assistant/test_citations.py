from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.citations import align
from retrieval.documents import Hit, Passage

TANK = "The tank of the Kestrel holds 1.85 litres. Fill it with cold water only."
WARRANTY = "The Kestrel has a warranty of 31 months. Repairs are made in Brannock."


def hit(number: int, text: str, heading: str, page: int | None = None) -> Hit:
    passage = Passage(
        id=number,
        document_id="d1",
        document="manual.md",
        ordinal=number,
        text=text,
        heading_path=("Kestrel kettle", heading),
        page=page,
        start=100 * number,
        end=100 * number + len(text),
        section=f"s{number}",
    )
    return Hit(passage, number, 1.0 / number, 0.5, 3.0, 0.5)


HITS = [hit(1, TANK, "Tank", page=4), hit(2, WARRANTY, "Warranty")]


def alike(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.ones((len(texts), 1), dtype=np.float32)


def unlike(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.eye(len(texts), dtype=np.float32)


def test_a_supported_sentence_cites_its_passage_with_page_and_spans() -> None:
    answer = "The tank holds 1.85 litres."
    (citation,) = align(answer, "How much does the tank hold?", HITS, unlike)
    assert (citation.marker, citation.passage_id, citation.page) == (1, 1, 4)
    assert (citation.start, citation.end, citation.text) == (100, 100 + len(TANK), TANK)
    assert answer[citation.answer_start : citation.answer_end] == answer


def test_each_sentence_has_its_own_passage_and_markers_count_in_order_of_use() -> None:
    answer = "The warranty is 31 months. The tank holds 1.85 litres. The warranty is 31 months."
    cited = align(answer, "", HITS, unlike)
    assert [(c.marker, c.passage_id) for c in cited] == [(1, 2), (2, 1), (1, 2)]


def test_a_number_that_the_passage_lacks_gets_no_citation_however_alike() -> None:
    assert align("The tank of the Kestrel holds 1.95 litres.", "", HITS, alike) == ()


def test_a_number_with_another_unit_gets_no_citation_however_alike() -> None:
    assert align("The Kestrel has a warranty of 31 weeks.", "", HITS, alike) == ()
    assert align("The tank of the Kestrel holds 1.85 kg.", "", HITS, alike) == ()
    assert len(align("The tank of the Kestrel holds 1.85 l.", "", HITS, unlike)) == 1
    assert len(align("The tank of the Kestrel holds 1.85.", "", HITS, unlike)) == 1


def test_a_name_that_the_passage_lacks_gets_no_citation_however_alike() -> None:
    assert align("The repairs of the Kestrel are made in Stavanger.", "", HITS, alike) == ()
    assert len(align("The repairs of the Kestrel are made in Brannock.", "", HITS, unlike)) == 1


def test_meaning_decides_between_few_and_many_shared_words() -> None:
    answer = "Pour cold water into the tank, please."
    assert len(align(answer, "", HITS, alike)) == 1
    assert align(answer, "", HITS, unlike) == ()


def test_nothing_to_cite() -> None:
    assert align("", "", HITS, alike) == ()
    assert align("Yes.", "", HITS, alike) == ()
    assert align("The tank holds 1.85 litres.", "", [], alike) == ()

"""What is read for a question: refusals that nothing breaks, follow-ups, no text twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import retrieving
from assistant.answering import Responder
from assistant.errors import GenerationError
from assistant.generation import ScriptedBackend
from assistant.prompts import PastTurn
from assistant.records import Assistant, Decoding, RetrievalSettings
from assistant.retrieving import found_passages, shortened
from assistant.workspace import Workspace
from retrieval.documents import Hit

TANK = "How many litres does the tank of the Kestrel hold?"
TURN = PastTurn(TANK, "The tank of the Kestrel holds 1.85 litres.")
PLAIN = RetrievalSettings()


def found(
    workspace: Workspace,
    assistant: Assistant,
    question: str,
    *history: PastTurn,
    settings: RetrievalSettings = PLAIN,
) -> list[str]:
    one = found_passages(workspace.retriever(assistant), settings, question, history)
    return [hit.passage.heading_path[-1] for hit in one.hits]


class Enthusiast:
    """Finds everything relevant, and puts the worst first."""

    name = "enthusiast"

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append((question, len(texts)))
        return [1000.0 + place for place in range(len(texts))]


@pytest.fixture
def enthusiast(monkeypatch: pytest.MonkeyPatch) -> Enthusiast:
    made = Enthusiast()
    monkeypatch.setattr(retrieving, "_reranker", lambda name: made)
    return made


@pytest.mark.parametrize("question", ["Hello", "Thank you", "Who won the football cup in Peru?"])
@pytest.mark.parametrize("history", [(), (TURN,)])
@pytest.mark.parametrize(
    "chosen",
    [
        PLAIN,
        replace(PLAIN, reranker="enthusiast", mmr=0.5),
        replace(PLAIN, lexical_weight=1.0),
        replace(PLAIN, lexical_weight=0.0),
    ],
)
def test_nothing_breaks_a_refusal(
    workspace: Workspace,
    kettle: Assistant,
    enthusiast: Enthusiast,
    question: str,
    history: tuple[PastTurn, ...],
    chosen: RetrievalSettings,
) -> None:
    assert found(workspace, kettle, question, *history, settings=chosen) == []
    assert enthusiast.asked == []


def test_a_reranker_orders_what_was_found(
    workspace: Workspace, kettle: Assistant, enthusiast: Enthusiast
) -> None:
    plain = found(workspace, kettle, TANK)
    settings = replace(PLAIN, reranker="enthusiast")
    assert found(workspace, kettle, TANK, settings=settings) == plain[::-1]
    assert enthusiast.asked == [(TANK, 3)]


def test_fitted_weights_decide_instead_of_the_thresholds(
    workspace: Workspace, kettle: Assistant
) -> None:
    strict = replace(PLAIN, relevance_logit=(-100.0, 1.0, 1.0))
    lenient = replace(PLAIN, min_cosine=2.0, min_overlap=2.0, relevance_logit=(-0.1, 1.0, 1.0))
    assert found(workspace, kettle, TANK, settings=strict) == []
    assert found(workspace, kettle, TANK, settings=lenient)[0] == "Tank"


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("And of the whistle?", "Whistle"),
        ("How can it be filled?", "Tank"),
        ("What about the warranty?", "Warranty"),
    ],
)
def test_a_follow_up_finds_what_it_means(
    workspace: Workspace, kettle: Assistant, question: str, section: str
) -> None:
    assert section in found(workspace, kettle, question, TURN)


@pytest.mark.parametrize("question", ["And the football cup?", "What about pizza?", "Peru?"])
def test_a_follow_up_about_what_the_documents_never_mention_finds_nothing(
    workspace: Workspace, kettle: Assistant, question: str
) -> None:
    assert found(workspace, kettle, question, TURN) == []


def test_nothing_is_read_twice(workspace: Workspace, kettle: Assistant, tmp_path: Path) -> None:
    (manual,) = workspace.corpus(kettle).documents()
    text = workspace.corpus(kettle).file(manual.id).read_text("utf-8")
    copy = tmp_path / "copy.md"
    copy.write_text(text.replace("cold water only", "cold water, only"), "utf-8")
    workspace.corpus(kettle).add([copy])
    hits = found_passages(workspace.retriever(kettle), PLAIN, TANK).hits
    texts = [hit.passage.text for hit in hits]
    assert len([text for text in texts if "1.85 litres" in text]) == 1


def test_diverse_passages_are_of_those_found(workspace: Workspace, kettle: Assistant) -> None:
    settings = replace(PLAIN, mmr=0.3, passages=2)
    sections = found(workspace, kettle, TANK, settings=settings)
    assert sections[0] == "Tank" and len(set(sections)) == 2


class Narrow(ScriptedBackend):
    """A model with hardly any context."""

    def __init__(self, context_length: int) -> None:
        super().__init__(lambda request: "The tank of the Kestrel holds 1.85 litres.")
        self.context_length = context_length  # type: ignore[misc]


def prepared(
    workspace: Workspace, assistant: Assistant, room: int, budget: int = 1000
) -> list[str]:
    """The words of the prompt that a model with so much room is given."""
    backend = Narrow(room + 10)
    responder = Responder(
        "Be brief.",
        backend,
        workspace.retriever(assistant),
        workspace.corpus(assistant).embedder.encode,
        lambda run: Path(),
    )
    contender = replace(
        workspace.contender(assistant, "rag"),
        retrieval=replace(PLAIN, context_tokens=budget),
        decoding=Decoding(max_new_tokens=10),
    )
    one = responder.prepare(contender, TANK, [TURN])
    assert one.request is not None
    assert backend.count_tokens(one.request.messages) <= room
    for hit in one.hits:
        text = workspace.corpus(assistant).text(hit.passage.document_id)
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text
        assert hit.passage.text in one.request.messages[-1].content
    list(responder.respond([one], threading.Event()))
    return [hit.passage.text for hit in one.hits]


def test_a_prompt_never_overflows_whatever_the_context(
    workspace: Workspace, kettle: Assistant
) -> None:
    whole = prepared(workspace, kettle, 1000)
    assert len(whole) == 3
    fewer = [len(prepared(workspace, kettle, room)) for room in (120, 90, 70, 60)]
    assert fewer == sorted(fewer, reverse=True) and fewer[-1] == 1


def test_a_passage_longer_than_the_context_is_cut_at_a_sentence(
    workspace: Workspace, kettle: Assistant
) -> None:
    assert prepared(workspace, kettle, 53) == ["The tank of the Kestrel holds 1.85 litres."]


def test_a_passage_longer_than_the_budget_is_cut_too(
    workspace: Workspace, kettle: Assistant
) -> None:
    texts = prepared(workspace, kettle, 1000, budget=13)
    assert texts == ["The tank of the Kestrel holds 1.85 litres."]


def test_where_not_even_a_few_words_fit_it_is_said(workspace: Workspace, kettle: Assistant) -> None:
    with pytest.raises(GenerationError, match="longer than the model can read"):
        prepared(workspace, kettle, 40)


def test_one_endless_sentence_is_cut_at_a_word(workspace: Workspace, kettle: Assistant) -> None:
    hit = found_passages(workspace.retriever(kettle), PLAIN, TANK).hits[0]
    endless = " ".join(f"word{n}" for n in range(500))
    long = replace(hit, passage=replace(hit.passage, text=endless))

    def fits(hit: Hit) -> bool:
        return len(hit.passage.text.split()) <= 20

    cut = shortened(long, fits)
    assert cut is not None and cut.passage.text.split()[-1] == "word19"
    assert cut.passage.end == cut.passage.start + len(cut.passage.text)
    assert shortened(long, lambda hit: len(hit.passage.text.split()) <= 7) is None

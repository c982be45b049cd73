from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from assistant.answering import Answered, Said
from assistant.errors import GenerationError
from assistant.generation import ScriptedBackend
from assistant.prompts import NOT_IN_DOCUMENTS, PastTurn
from assistant.records import Answer, Assistant, ContenderKind
from assistant.workspace import Workspace

TANK = "How many litres does the tank of the Kestrel hold?"


def answered(
    workspace: Workspace,
    assistant: Assistant,
    kind: ContenderKind,
    question: str,
    history: tuple[PastTurn, ...] = (),
) -> Answer:
    responder = workspace.responder(assistant)
    contender = workspace.contender(assistant, kind)
    prepared = responder.prepare(contender, question, history)
    events = list(responder.respond([prepared], threading.Event()))
    assert isinstance(events[-1], Answered)
    assert all(isinstance(event, Said) for event in events[:-1])
    return events[-1].answer


def test_rag_answers_from_passages_and_cites_them(workspace: Workspace, kettle: Assistant) -> None:
    answer = answered(workspace, kettle, "rag", TANK)
    assert answer.text == "The tank of the Kestrel holds 1.85 litres."
    (citation,) = answer.citations
    text = workspace.corpus(kettle).text(citation.document_id)
    assert text[citation.start : citation.end] == citation.text
    assert "1.85 litres" in citation.text
    assert not answer.abstained


def test_rag_says_that_the_documents_do_not_say_without_asking_the_model(
    workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    for question in ("Hello", "Who won the football cup in Peru?"):
        answer = answered(workspace, kettle, "rag", question)
        assert (answer.text, answer.abstained, answer.citations) == (NOT_IN_DOCUMENTS, True, ())
    assert backend.requests == []


def test_base_answers_without_passages_and_its_wrong_number_is_not_supported(
    workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    answer = answered(workspace, kettle, "base", TANK)
    assert "passage" not in backend.requests[-1].messages[-1].content
    assert answer.text == "The tank holds 2 litres."
    assert answer.citations == ()


def test_a_tuned_answer_is_held_against_the_documents_too(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    add_run(kettle)
    answer = answered(workspace, kettle, "tuned", TANK)
    assert answer.text == "It holds 1.85 litres."
    assert [citation.document for citation in answer.citations] == ["manual.md"]


def test_a_follow_up_is_searched_with_the_question_before(
    workspace: Workspace, kettle: Assistant
) -> None:
    history = (PastTurn(TANK, "The tank of the Kestrel holds 1.85 litres."),)
    assert answered(workspace, kettle, "rag", "And that?", ()).abstained
    assert not answered(workspace, kettle, "rag", "And that?", history).abstained


def test_old_turns_go_first_when_the_context_is_full(
    workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    history = tuple(PastTurn(f"Question {n}?", "word " * 300) for n in range(20))
    answered(workspace, kettle, "rag", TANK, history)
    messages = backend.requests[-1].messages
    assert backend.count_tokens(messages) <= backend.context_length
    assert "1.85 litres" in messages[-1].content
    asked = [m.content for m in messages if m.role == "user"]
    assert "Question 19?" in asked and "Question 0?" not in asked


def test_a_question_longer_than_the_context_is_refused(
    workspace: Workspace, kettle: Assistant
) -> None:
    with pytest.raises(GenerationError, match="longer than the model can read"):
        answered(workspace, kettle, "base", "word " * 3000)


def test_an_empty_answer_is_a_failure(workspace: Workspace, kettle: Assistant) -> None:
    workspace.backend(kettle)._reply = lambda request: "  "  # type: ignore[attr-defined]
    with pytest.raises(GenerationError, match="empty answer"):
        answered(workspace, kettle, "base", TANK)


def test_markers_made_up_by_the_model_are_taken_out(
    workspace: Workspace, kettle: Assistant
) -> None:
    workspace.backend(kettle)._reply = (  # type: ignore[attr-defined]
        lambda request: "The tank of the Kestrel holds 1.85 litres [7]."
    )
    answer = answered(workspace, kettle, "rag", TANK)
    assert answer.text == "The tank of the Kestrel holds 1.85 litres."
    assert answer.citations[0].marker == 1


def test_a_contender_changes_its_version_with_what_it_is_made_of(
    workspace: Workspace, kettle: Assistant
) -> None:
    rag = workspace.contender(kettle, "rag")
    assert workspace.contender(kettle, "rag").id == rag.id
    edited = workspace.update(kettle, system_prompt="Be brief.")
    assert workspace.contender(edited, "rag").id != rag.id
    assert replace(rag, index_generation=99).id != rag.id

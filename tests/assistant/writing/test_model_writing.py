"""Examples written with a scripted model: what is kept, and that nothing is asked twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import Conflict, ExamplesError, GenerationError, InvalidRequest
from assistant.generation import Generated, GenerationRequest, ScriptedBackend
from assistant.openai_backend import Endpoint
from assistant.prompts import NOT_IN_DOCUMENTS, REFUSED_SUBJECT
from assistant.records import Assistant, Example, Profile
from assistant.settings import Settings
from assistant.workspace import Workspace
from assistant.writing.candidates import Candidate, fact_key
from assistant.writing.journal import opened_journal
from assistant.writing.model_facts import ModelFact
from assistant.writing.model_writing import (
    ModelOptions,
    ModelWritten,
    model_examples,
    write_with_model,
)
from assistant.writing.refused_subjects import renew_refusals
from assistant.writing.specificity import Specificity
from assistant.writing.writers import Writer, chosen_writer
from retrieval.documents import Passage
from retrieval.embedder import HashingEmbedder

WRITER = Writer("folder/Large-7B")
OPTIONS = ModelOptions(candidates=2, paraphrases=1)

# What the model says of each section, by a word of its passage.
KNOWN = {
    "1.85": ("How many litres does the tank of the Kestrel hold?", "It holds 1.85 litres."),
    "31 months": (
        "For how many months does the warranty of the Kestrel last?",
        "The Kestrel has a warranty of 31 months.",
    ),
    "440": ("To how many hertz is the whistle tuned?", "The whistle is tuned to 440 hertz."),
}
OTHER = {
    "How many litres does the tank of the Kestrel hold?": "What is the Kestrel's tank able to hold "
    "in litres?",
    "For how many months does the warranty of the Kestrel last?": "How long, in months, is the "
    "Kestrel under warranty?",
    "To how many hertz is the whistle tuned?": "What hertz does the whistle sound at?",
}


def clever(request: GenerationRequest) -> str:
    system, asked = request.messages[0].content, request.messages[-1].content
    question, answer = next((pair for word, pair in KNOWN.items() if word in asked), ("", ""))
    if system.startswith("You word"):
        return next(other for known, other in OTHER.items() if known in asked)
    if system.startswith("You write"):
        return f"Sure, here is a question: {question}" if request.decoding.seed else "What is it?"
    return answer.replace("It holds", "The tank of the Kestrel holds")


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(clever)


def write(
    workspace: Workspace,
    assistant: Assistant,
    options: ModelOptions = OPTIONS,
    stop: threading.Event | None = None,
    writer: Writer = WRITER,
) -> ModelWritten:
    quiet = stop or threading.Event()
    return write_with_model(workspace, assistant, writer, options, lambda _, __: None, quiet)


def stored(workspace: Workspace, assistant: Assistant) -> list[Example]:
    return sorted(workspace.store.examples(assistant.id), key=lambda example: example.id)


def test_every_section_has_the_most_specific_question_with_its_evidence(
    workspace: Workspace, kettle: Assistant
) -> None:
    written = write(workspace, kettle)
    examples = stored(workspace, kettle)
    assert written.added == written.kept == len(examples) and not written.empty_sections
    assert {question for question, _ in KNOWN.values()} <= {one.question for one in examples}
    for one in examples:
        assert one.method == "model: Large-7B" and one.source == "generated" and one.fact
        assert one.span is not None and one.scores["support"] >= 0.7
        assert one.scores["specificity"] > 0 and one.document == "manual.md"
        (value,) = [word for word in KNOWN if word in one.answer]
        assert value in one.passage[slice(*one.span)]
    by_fact: dict[str, list[str]] = {}
    for one in examples:
        by_fact.setdefault(one.fact, []).append(one.split)
    assert all(sorted(own) in (["recall", "train"], ["generalisation"]) for own in by_fact.values())
    assert any("recall" in own for own in by_fact.values())


def test_what_is_of_no_use_is_counted_and_the_next_question_tried(
    workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    def hostile(request: GenerationRequest) -> str:
        if not request.messages[0].content.startswith("You write"):
            text = request.messages[-1].content
            if "Which cold water does the tank of the Kestrel hold?" in text:
                return "The Kestrel is painted bright red in Brannock."
            return clever(request)
        if "1.85" in request.messages[-1].content:
            return (
                clever(request)
                if request.decoding.seed
                else "Which cold water does the tank of the Kestrel hold?"
            )
        return ["HACKED", "What was the question?"][request.decoding.seed % 2]

    backend._reply = hostile
    written = write(workspace, kettle)
    reasons = {one.reason: one.count for one in written.discarded}
    assert reasons == {
        "no question in the reply": 2,
        "asks nothing of the passage": 2,
        "not supported by the passage": 1,
    }
    assert len(written.empty_sections) == 2 and written.kept >= 1
    assert any("Without an example" in sentence for sentence in written.sentences)
    backend._reply = lambda request: "HACKED"
    with pytest.raises(ExamplesError, match="no question in the reply"):
        write(workspace, kettle, ModelOptions(candidates=1), writer=Writer("other"))


class Killed(BaseException):
    """The process ends here."""


class Dying(ScriptedBackend):
    """Ends the process after so many replies."""

    left = 0

    def generate_batch(self, requests: Any, cancelled: threading.Event) -> Iterator[Generated]:
        for made in super().generate_batch(requests, cancelled):
            if not self.left:
                raise Killed
            self.left -= 1
            yield made


def opened(settings: Settings, backend: ScriptedBackend) -> Workspace:
    return Workspace.open(
        settings,
        backend_for=lambda model, progress: backend,
        embedder_for=lambda name: HashingEmbedder(),
    )


def test_killed_at_every_point_it_goes_on_and_asks_nothing_twice(
    workspace: Workspace, kettle: Assistant, settings: Settings, backend: ScriptedBackend
) -> None:
    whole = write(workspace, kettle)
    expected = stored(workspace, kettle)
    total = whole.replies
    journal = workspace.folder(kettle) / "writing.jsonl"
    for point in range(total):
        journal.unlink()
        workspace.store.delete_examples(kettle.id, [one.id for one in expected])
        dying = Dying(clever)
        dying.left = point
        broken = opened(settings, dying)
        with pytest.raises(Killed):
            write(broken, kettle)
        broken.close()
        assert stored(workspace, kettle) == []
        assert len(journal.read_text("utf-8").splitlines()) == point
        with journal.open("a", encoding="utf-8") as file:
            file.write('{"key": "cut sh')
        before = len(backend.requests)
        again = write(workspace, kettle)
        # The batch that was under way may have been asked whole, and only its whole replies count.
        assert len(backend.requests) - before == total - point
        assert (again.known, again.replies) == (point, total)
        assert stored(workspace, kettle) == expected


def test_stopped_it_keeps_what_is_whole_and_goes_on(
    workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    stop = threading.Event()

    def stopping(request: GenerationRequest) -> str:
        if len(backend.requests) >= 2:
            stop.set()
        return clever(request)

    backend._reply = stopping
    first = write(workspace, kettle, ModelOptions(candidates=2, paraphrases=0), stop)
    assert first.stopped and first.asked < first.passages and first.added == 0
    assert "goes on from there" in first.sentences[0]
    backend._reply = clever
    second = write(workspace, kettle, ModelOptions(candidates=2, paraphrases=0))
    assert not second.stopped and second.known == first.replies > 0


def test_a_count_ends_it_spread_over_the_sections(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    written = write(workspace, kettle, ModelOptions(count=1, candidates=2, paraphrases=0))
    assert (written.kept, written.asked, written.passages) == (1, 1, 3)
    with pytest.raises(InvalidRequest, match="the count is below 1; ask for 1 to 8 candidates"):
        write(workspace, kettle, ModelOptions(count=0, candidates=9))


def test_rejected_examples_and_test_questions_do_not_come_back(
    workspace: Workspace, kettle: Assistant
) -> None:
    write(workspace, kettle)
    again = write(workspace, kettle)
    assert again.added == 0 and again.known == again.replies
    empty = workspace.create("Empty", "Nothing")
    with pytest.raises(ExamplesError, match="no documents"):
        write(workspace, empty)


def test_a_tenth_of_the_rows_asks_what_the_documents_do_not_say() -> None:
    parts = ("lever", "handle", "gasket", "spout", "hinge", "collar", "base", "lid", "bracket")
    text = " ".join(f"The {part} weighs {20 + n} grams." for n, part in enumerate(parts))
    passage = Passage(1, "d", "parts.md", 0, text, ("Parts",), None, 0, len(text), "s")
    found = []
    for n, part in enumerate(parts):
        answer = f"The {part} weighs {20 + n} grams."
        question = f"How many grams does the {part} weigh?"
        made = Candidate(
            question, answer, passage, (0, 9), "model: m", fact_key(passage, "m", answer)
        )
        found.append(ModelFact(passage, (made,), 1.0))
    examples, dropped = model_examples(found, [passage], {"s": "tuned"}, None)
    unknown = [one for one in examples if not one.answerable]
    assert len(examples) - len(unknown) == len(parts) and not dropped
    assert [one.split for one in unknown] == ["train", "generalisation"]
    assert {one.answer for one in unknown} == {NOT_IN_DOCUMENTS}


def test_refused_subjects_come_and_go_with_the_profile(
    workspace: Workspace, kettle: Assistant
) -> None:
    asked = workspace.update(kettle, profile=Profile(refusals=("gossip", "gardening")))
    write(workspace, asked)
    refused = [one for one in stored(workspace, kettle) if one.answer == REFUSED_SUBJECT]
    assert {one.split for one in refused} == {"train", "generalisation"} and len(refused) == 12
    changed = workspace.update(asked, profile=Profile(refusals=("gossip",)))
    before = next(one for one in refused if "gardening" in one.question)
    edited = replace(before, id="mine", question="May I have a garden?", answer="Never.")
    workspace.store.update_example(kettle.id, before.id, edited)
    assert renew_refusals(workspace.store, changed) == 0
    left = [one for one in stored(workspace, kettle) if not one.answerable]
    assert edited in left and not any("gardening." in one.question for one in left)
    assert renew_refusals(workspace.store, changed) == 0


def test_one_writes_at_a_time_and_other_sections_are_forgotten(tmp_path: Path) -> None:
    line = {"key": "k", "section": "old", "text": "x", "truncated": False}
    path = tmp_path / "writing.jsonl"
    path.write_text(json.dumps(line) + "\n" + '"odd"\n' + "[]\n", "utf-8")
    with opened_journal(tmp_path, "m", {"new"}):
        assert path.read_text("utf-8") == ""
        with pytest.raises(Conflict, match="already"), opened_journal(tmp_path, "m", {"new"}):
            pass
    with opened_journal(tmp_path, "m", {"new"}):
        pass


def test_an_address_that_fails_keeps_what_was_replied(
    workspace: Workspace, kettle: Assistant, served: Callable[..., Endpoint]
) -> None:
    down: list[bool] = []

    def reply(body: dict[str, Any]) -> tuple[int, bytes]:
        if down or "440" in body["messages"][-1]["content"]:
            return 401, b"no"
        request = GenerationRequest(
            tuple(_Said(**one) for one in body["messages"]),  # type: ignore[arg-type]
            _Drawn(body.get("seed", 0)),  # type: ignore[arg-type]
        )
        return 200, json.dumps({"choices": [{"message": {"content": clever(request)}}]}).encode()

    endpoint = replace(served(reply), seconds=20)
    with pytest.raises(GenerationError, match="the key"):
        write(workspace, kettle, writer=Writer("m", endpoint))
    kept = (workspace.folder(kettle) / "writing.jsonl").read_text("utf-8")
    assert "secret" not in kept and stored(workspace, kettle) == []


class _Said:
    def __init__(self, role: str, content: str) -> None:
        self.role, self.content = role, content


class _Drawn:
    def __init__(self, seed: int) -> None:
        self.seed = seed


def test_who_writes_is_named_set_or_large_enough(
    monkeypatch: pytest.MonkeyPatch, kettle: Assistant
) -> None:
    for name in ("URL", "KEY", "MODEL"):
        monkeypatch.delenv(f"DUET_WRITER_{name}", raising=False)
    with pytest.raises(InvalidRequest, match=r"0\.13 billion weights.*write by rule"):
        chosen_writer(None, kettle)
    tiny = chosen_writer("builtin", kettle)
    assert tiny.endpoint is None and "few questions are of use" in tiny.warning
    assert chosen_writer("unknown/large", kettle) == Writer("unknown/large")
    with pytest.raises(InvalidRequest, match="DUET_WRITER_MODEL"):
        chosen_writer("https://example.org/v1", kettle)
    monkeypatch.setenv("DUET_WRITER_MODEL", "large")
    away = chosen_writer("https://u:s3cret@example.org/v1", kettle)
    assert "sent to https://u:***@example.org/v1" in away.leaving
    assert chosen_writer("http://127.0.0.1:1/v1", kettle).leaving == ""
    monkeypatch.setenv("DUET_WRITER_KEY", "k3y")
    keyed = chosen_writer("http://127.0.0.1:1/v1", kettle).endpoint
    assert keyed is not None and keyed.key == "k3y"
    monkeypatch.setenv("DUET_WRITER_URL", "http://127.0.0.1:2/v1")
    other = chosen_writer("http://127.0.0.1:1/v1", kettle).endpoint
    assert other is not None and other.key == ""
    settled = chosen_writer(None, kettle).endpoint
    assert settled is not None and (settled.model, settled.key) == ("large", "k3y")
    assert chosen_writer("builtin", kettle).endpoint is None


def test_a_specific_question_scores_above_a_vague_one(
    workspace: Workspace, kettle: Assistant
) -> None:
    passages = workspace.corpus(kettle).passages()
    score = Specificity(passages)
    tank = next(one for one in passages if "1.85" in one.text)
    specific = score("How many litres does the tank hold?", tank)
    assert specific > score("What is the Kestrel?", tank) >= score("What is said here?", tank) == 0
    assert score("How many hertz has the whistle?", tank) == 0

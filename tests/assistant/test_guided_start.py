"""The guided start: what a purpose fills in, what stays, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from assistant.errors import InvalidRequest
from assistant.evaluation.catalogue import METRICS, ordered
from assistant.evaluation.form import refusal
from assistant.examples import near_duplicates
from assistant.first_questions import first_questions
from assistant.guided_start import (
    checked_profile,
    filled_questions,
    purpose_defaults,
    refusal_examples,
    with_purpose,
)
from assistant.prompts import NOT_IN_DOCUMENTS, REFUSED_SUBJECT, default_system_prompt
from assistant.purposes import HEADING, PURPOSES
from assistant.records import NO_PROFILE, Assistant, Profile
from assistant.trained_prompt import prompt_changed
from assistant.workspace import Workspace

OWN = Profile(refusals=("the price of coffee beans",))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_a_purpose_fills_in_is_sound(purpose: str) -> None:
    filled = purpose_defaults(purpose)
    assert checked_profile(filled) == filled
    assert set(filled.emphasis) <= METRICS.keys()
    assert filled.tone and filled.questions
    if purpose in ("legal", "medical", "policy"):
        assert "ot a substitute for" in filled.disclaimer
    prompt = default_system_prompt("Ada", "Answers", filled)
    assert all(subject in prompt for subject in filled.refusals)
    assert filled.disclaimer not in prompt or not filled.disclaimer


def test_without_answers_the_prompt_is_what_it_was() -> None:
    assert default_system_prompt("Ada", "Answers", NO_PROFILE) == (
        f"You are Ada. Answers. If the documents do not say, reply: {NOT_IN_DOCUMENTS}"
    )


def test_answers_are_in_the_prompt() -> None:
    profile = Profile(audience="nurses", tone="calm", refusals=("a", "b", "c."))
    assert default_system_prompt("Ada", "Answers.", profile) == (
        "You are Ada. Answers. You answer nurses. Your tone is calm. If you are asked about a, b "
        f"or c, reply: {REFUSED_SUBJECT} If the documents do not say, reply: {NOT_IN_DOCUMENTS}"
    )


def test_another_purpose_keeps_what_a_person_wrote() -> None:
    legal = purpose_defaults("legal")
    own = replace(legal, tone="cheerful", disclaimer="", audience="tenants")
    medical = with_purpose(own, "medical")
    assert (medical.tone, medical.disclaimer, medical.audience) == ("cheerful", "", "tenants")
    assert medical.refusals == PURPOSES["medical"].subjects
    assert with_purpose(medical, "legal") == own
    assert with_purpose(legal, "") == NO_PROFILE
    with pytest.raises(InvalidRequest, match="no purpose “war”"):
        with_purpose(legal, "war")


def test_all_faults_of_a_profile_are_named_together() -> None:
    wrong = Profile(
        purpose="war",
        tone="x" * 81,
        refusals=("y" * 201,),
        questions=tuple(f"q{n}" for n in range(13)),
        emphasis=("beauty",),
    )
    with pytest.raises(InvalidRequest) as raised:
        checked_profile(wrong)
    for part in ("“war”", "81 characters", "yyyy…", "13 questions", "no metric beauty"):
        assert part in str(raised.value)
    tidy = checked_profile(Profile(refusals=(" a\n b ", "", "a b"), audience=" x  y "))
    assert (tidy.refusals, tidy.audience) == (("a b",), "x y")


@pytest.mark.parametrize("profile", [OWN, purpose_defaults("medical")])
def test_refused_subjects_are_trained_and_tested_in_other_questions(profile: Profile) -> None:
    made = refusal_examples(profile)
    assert made == refusal_examples(profile)
    assert {one.answer for one in made} == {REFUSED_SUBJECT}
    assert refusal(REFUSED_SUBJECT) and not any(one.answerable for one in made)
    tested = [one for one in made if one.split == "generalisation"]
    assert len(tested) == 2 * len(profile.refusals)
    assert sum(one.split == "train" for one in made) >= 4 * len(profile.refusals)
    groups = near_duplicates([one.question for one in made])
    trained = {g for one, g in zip(made, groups, strict=True) if one.split == "train"}
    assert not trained & {g for one, g in zip(made, groups, strict=True) if one in tested}
    assert refusal_examples(NO_PROFILE) == []


def test_questions_are_filled_with_headings(workspace: Workspace, kettle: Assistant) -> None:
    profile = Profile(questions=(f"What of {HEADING}?", "Can I sue you?", f"And {HEADING}?"))
    assert filled_questions(profile, ["Tank", "Tank"]) == ["What of Tank?", "Can I sue you?"]
    changed = workspace.update(kettle, profile=profile)
    assert first_questions(workspace, changed) == [
        "What of Tank?",
        "Can I sue you?",
        "And Warranty?",
    ]
    empty = workspace.create("Empty", "Nothing", profile=purpose_defaults("legal"))
    assert first_questions(workspace, empty) == []


def test_the_emphasis_comes_first() -> None:
    assert list(ordered(("refusal", "beauty", "f1")))[:3] == ["refusal", "f1", "fact_recall"]
    assert ordered() == METRICS and list(ordered(("f1",))).count("f1") == 1


def test_a_prompt_written_by_hand_stays(workspace: Workspace) -> None:
    made = workspace.create("Ada", "Answers", profile=purpose_defaults("legal"))
    assert "precise and formal" in made.system_prompt
    medical = workspace.update(made, profile=with_purpose(made.profile, "medical"))
    assert "calm and careful" in medical.system_prompt
    own = workspace.update(medical, system_prompt="You are mine.")
    kept = workspace.update(own, name="Eve", profile=NO_PROFILE)
    assert kept.system_prompt == "You are mine."
    assert workspace.assistant("Eve") == kept
    again = workspace.update(kept, system_prompt="")
    assert again.system_prompt == default_system_prompt("Eve", "Answers")
    with pytest.raises(InvalidRequest, match="purpose"):
        workspace.create("Zoe", "Answers", profile=Profile(purpose="war"))


def test_a_run_of_another_prompt_is_named(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    runs = workspace.runs(kettle)
    assert prompt_changed(runs, "Anything.") == ""
    run = add_run(kettle)
    assert prompt_changed(runs, kettle.system_prompt) == ""
    assert run in prompt_changed(runs, "Anything.")


def test_a_new_chat_offers_nothing_that_the_documents_do_not_say(
    workspace: Workspace, kettle: Assistant
) -> None:
    changed = workspace.update(kettle, profile=Profile(refusals=("gossip",)))
    workspace.write_examples(changed)
    offered = first_questions(workspace, changed)
    examples = workspace.store.examples(kettle.id)
    assert offered and {e.answerable for e in examples if e.question in offered} == {True}

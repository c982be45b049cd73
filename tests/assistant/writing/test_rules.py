"""Questions written by rule: right, fair, in the splits where they belong."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from assistant.examples import near_duplicates
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example
from assistant.writing.candidates import WrittenFact
from assistant.writing.filters import SUPPORT, support_share
from assistant.writing.question_writing import examples_by_rule
from assistant.writing.refusals import refusals
from assistant.writing.rules import written_facts
from assistant.writing.selection import FoundFact
from assistant.writing.short_wordings import short_wordings
from retrieval.documents import Passage

TABLE = """Article: OV-100; Item: Copper kettle; Price in euros: 128.00
Article: OV-101; Item: Tin kettle; Price in euros: 31.50
Article: OV-102; Item: Glass kettle with a lid; Price in euros: 77.00"""
PROSE = (
    "The tank of the Kestrel holds 1.85 litres of cold water. It must not be overfilled. "
    "Slowdawn is a programme that wakes the machine before you. "
    "The firm was founded in 1957 by two people. Rinse for 40 seconds after every use."
)


def passage(text: str, heading: str = "Daily use", ordinal: int = 0, section: str = "") -> Passage:
    path = ("Manual", heading) if heading else ()
    return Passage(ordinal, "d1", "manual.md", ordinal, text, path, None, 0, 1, section or heading)


def facts(text: str, heading: str = "Daily use") -> list[WrittenFact]:
    return written_facts(passage(text, heading), begins_section=True)


def fact(method: str, text: str, heading: str = "Daily use") -> WrittenFact:
    found = [one for one in facts(text, heading) if one.method == method]
    assert len(found) == 1
    return found[0]


def written(passages: list[Passage], side: Literal["tuned", "held_out"] = "tuned") -> list[Example]:
    return list(examples_by_rule(passages, {one.section: side for one in passages}).examples)


def written_with(passages: list[Passage], count: int) -> list[Example]:
    sides = dict.fromkeys((one.section for one in passages), "tuned")
    return list(examples_by_rule(passages, sides, count=count).examples)  # type: ignore[arg-type]


def test_figure_with_unit() -> None:
    found = fact("figure", "The tank of the Kestrel holds 1.85 litres of cold water.")
    assert found.answer == "The tank of the Kestrel holds 1.85 litres of cold water."
    assert found.wordings[0] == "How many litres of cold water does the tank of the Kestrel hold?"
    assert "What is the volume of the tank of the Kestrel?" in found.wordings
    assert found.reverse == ("What holds 1.85 litres of cold water?",)


@pytest.mark.parametrize(
    ("text", "answer", "question"),
    [
        (
            "The lid is small. It weighs 95 g, most of it brass.",
            "The lid weighs 95 g.",
            "How heavy is the lid?",
        ),
        (
            "The Kestrel needs a socket. Its cord is 135 cm long.",
            "The Kestrel’s cord is 135 cm long.",
            "How long is the Kestrel’s cord?",
        ),
        (
            "Without water the Kestrel weighs 2 kg, so lift it.",
            "Without water the Kestrel weighs 2 kg.",
            "How many kg does the Kestrel weigh without water?",
        ),
        (
            "Unscrew the tip and let it soak for 12 minutes.",
            "Let the tip soak for 12 minutes.",
            "How long should I let the tip soak?",
        ),
        (
            "You may return the lid within 33 days of delivery, without a reason.",
            "You may return the lid within 33 days of delivery.",
            "Within how many days of delivery may I return the lid?",
        ),
        (
            "The heater is sealed and draws 95 W.",
            "The heater draws 95 W.",
            "How many W does the heater draw?",
        ),
    ],
)
def test_figures_anywhere(text: str, answer: str, question: str) -> None:
    found = fact("figure", text)
    assert found.answer == answer
    assert question in found.wordings


@pytest.mark.parametrize(
    ("text", "answer", "question"),
    [
        (
            "Run the rinse programme called Lanternwake at once.",
            "The rinse programme is called Lanternwake.",
            "What is the rinse programme called?",
        ),
        (
            "The van goes round. It is grey, and is known as the Petrel.",
            "The van is called the Petrel.",
            "What is the name of the van?",
        ),
        (
            "The director is Ottoline Marsh, a physicist.",
            "The director is Ottoline Marsh.",
            "Who is the director?",
        ),
        (
            "The works stand in Marrowhythe, on a river.",
            "The works stand in Marrowhythe.",
            "Where do the works stand?",
        ),
        (
            "The warranty is insured with Tarnbeck Assurance.",
            "The warranty is insured with Tarnbeck Assurance.",
            "With whom is the warranty insured?",
        ),
        (
            "Dip the Chalkmark strip into a glass.",
            "The strip is the Chalkmark strip.",
            "What is the strip called?",
        ),
    ],
)
def test_names(text: str, answer: str, question: str) -> None:
    found = fact("name", text)
    assert found.answer == answer
    assert question in found.wordings


def test_codes() -> None:
    found = fact("code", "When it asks for a code, type 7719, which is the same for all.")
    assert found.value == "7719"
    assert "Which code do I type when it asks for a code?" in found.wordings
    line = fact("code", "The help line is open today, and its number is 4460 218.")
    assert line.answer == "The help line’s number is 4460 218."


def test_lists() -> None:
    found = fact("list", "- a steel tamper of 57.4 mm, made to fit")
    assert (found.value, found.answer) == ("57.4 mm", "The steel tamper is of 57.4 mm.")
    assert fact("list", "Width 28.5 cm").answer == "The width is 28.5 cm."


def test_a_name_is_asked_for_the_other_way_about() -> None:
    found = fact("name", "The programme is called Slowdawn.")
    assert "What is Slowdawn?" in found.reverse


def test_figure_in_a_long_sentence_is_cut_at_its_clause() -> None:
    text = "Rinse the group for 40 seconds after every use, " + "because " + "very " * 30 + "true."
    assert fact("figure", text).answer == "Rinse the group for 40 seconds after every use."


@pytest.mark.parametrize(
    "text",
    [
        "It holds 3 litres of water.",
        "1 and 2 stand for water.",
        "See K47 and page.",
        "The 2005 series was made by the same firm.",
    ],
)
def test_what_is_no_figure_or_does_not_stand_alone(text: str) -> None:
    assert not [one for one in facts(text) if one.method == "figure"]


def test_definition() -> None:
    found = fact("definition", "Slowdawn is a programme that wakes you.")
    assert found.wordings[0] == "What is Slowdawn?"
    for text in ("With care it is a joy to use.", "The reason for this change is a new law."):
        assert not [one for one in facts(text) if one.method == "definition"]


def test_which_means_the_thing_before_it_and_nothing_where_that_is_not_plain() -> None:
    label = facts("Ask for a return label, which is valid for 20 days.")
    assert "The return label is valid for 20 days." in {one.answer for one in label}
    cradle = facts("The mug rests in a cradle pressed from straw, which rots in about 14 weeks.")
    assert [one.method for one in cradle] == ["heading"]
    cups = facts("A machine may make 110 cups a day, which is more than 80 of ours.")
    assert "A machine may make 110 cups a day." in {one.answer for one in cups}
    assert not any("day is more" in one.answer for one in cups)
    named = facts("We make a descaler called Brinefoot, which lasts for 18 months.")
    assert "Brinefoot lasts for 18 months." in {one.answer for one in named}


def test_the_last_article_begins_the_thing_that_is_named() -> None:
    found = facts("Twice a year an outside auditor, Fenwick Stroud, checks that this is true.")
    assert "The outside auditor is Fenwick Stroud." in {one.answer for one in found}


def test_date() -> None:
    found = fact("date", "The firm was founded in 1957 by two people.")
    assert "When was the firm founded?" in found.wordings
    assert found.value == "1957"
    released = fact("date", "Version 2.3 was released on 6 May 2021.")
    assert released.value == "6 May 2021"
    month = fact("date", "The new works were opened in May 1956.")
    assert "In which month and year were the new works opened?" in month.wordings


def test_table() -> None:
    found = [one for one in facts(TABLE) if one.method == "table"]
    assert len(found) == 6
    price = next(one for one in found if one.value == "31.50")
    assert price.answer == "The price of Tin kettle is 31.50 euros."
    assert "How much does Tin kettle cost?" in price.wordings
    assert price.reverse == ("What costs 31.50 euros?",)


def test_table_of_codes() -> None:
    found = facts("Code: K13; What it means: The tank is missing\n")[0]
    assert found.answer == "Code K13 means: the tank is missing."
    assert "Which code means that the tank is missing?" in found.wordings
    assert "What does code K13 mean?" in found.reverse


def test_prose_with_colons_is_no_table() -> None:
    text = "The forest (Portuguese: Floresta; Spanish: Selva; Dutch: Regenwoud) is wide. It is old."
    assert not [one for one in facts(text) if one.method == "table"]


def test_faq() -> None:
    heading = fact("faq", "Yes, it is. The kit must be fitted by a workshop.", "Is it allowed?")
    assert heading.wordings[0] == "Is it allowed?"
    assert heading.answer == "Yes, it is. The kit must be fitted by a workshop."
    lines = fact("faq", "Q: Who made it?\nA: The Kettleworks of Brannock made it.", "")
    assert lines.wordings[0] == "Who made it?"


def test_heading_with_first_sentence() -> None:
    found = fact("heading", "Wipe the lid with a soft cloth. Then dry it.", "Cleaning")
    assert found.answer == "Wipe the lid with a soft cloth."
    assert found.wordings[0] == "What do the documents say about “Cleaning”?"
    assert not facts("Wipe it with a soft cloth.", "Overview")


def test_no_question_holds_what_it_asks_for() -> None:
    for one in [*facts(PROSE), *facts(TABLE), *facts("Aurora is a kettle.", "a kettle.")]:
        assert all(one.value.casefold().rstrip(".") not in w.casefold() for w in one.wordings)


def test_answers_are_supported_and_carry_their_passage() -> None:
    passages = [passage(PROSE), passage(TABLE, "Prices", 1)]
    examples = [one for one in written(passages) if one.answerable]
    assert len(examples) > 20
    for one in examples:
        assert one.document == "manual.md"
        source = next(p for p in passages if p.section == one.section)
        assert one.passage == source.text
        assert support_share(one.answer, source.indexed_text) >= SUPPORT
        assert one.span is not None
        assert source.text[slice(*one.span)]
        assert (one.source, bool(one.fact), bool(one.method)) == ("generated", True, True)


def test_the_same_passages_give_the_same_examples() -> None:
    passages = [passage(PROSE), passage(TABLE, "Prices", 1)]
    assert written(passages) == written(passages)


def test_one_wording_of_each_fact_is_kept_for_recall() -> None:
    examples = [one for one in written([passage(PROSE), passage(TABLE, "Prices", 1)]) if one.fact]
    by_fact: dict[str, list[Example]] = {}
    for one in examples:
        by_fact.setdefault(one.fact, []).append(one)
    for same in by_fact.values():
        splits = [one.split for one in same]
        assert splits[0] == "train"
        assert splits.count("recall") <= 1
        assert splits.count("train") >= 2 or len(same) < 3
        groups = near_duplicates([one.question for one in same])
        held = {g for one, g in zip(same, groups, strict=True) if one.split != "train"}
        trained = {g for one, g in zip(same, groups, strict=True) if one.split == "train"}
        assert not held & trained


def test_held_out_sections_are_never_trained_on() -> None:
    passages = [passage(PROSE), passage(TABLE, "Prices", 1)]
    examples = examples_by_rule(passages, {"Daily use": "held_out", "Prices": "tuned"}).examples
    splits = {one.split for one in examples if one.section == "Daily use"}
    assert splits == {"generalisation"}
    assert {one.split for one in examples if one.section == "Prices"} >= {"train", "recall"}


def test_a_question_with_two_answers_is_asked_nowhere() -> None:
    one = passage("Wipe the lid with a soft cloth.", "Cleaning", 0, "a")
    other = passage("Never wipe the lid with a cloth.", "Cleaning", 1, "b")
    assert any("Cleaning" in example.question for example in written([one]))
    both = [
        Passage(p.id, f"d{p.id}", f"{p.id}.md", 0, p.text, p.heading_path, None, 0, 1, p.section)
        for p in (one, other)
    ]
    assert not [example for example in written(both) if "Cleaning" in example.question]


def test_about_a_tenth_says_that_the_documents_do_not() -> None:
    examples = written([passage(PROSE), passage(TABLE, "Prices", 1)])
    trained = [one for one in examples if one.split == "train"]
    refusals = [one for one in trained if not one.answerable]
    assert 0.05 < len(refusals) / len(trained) < 0.15
    for one in [e for e in examples if not e.answerable]:
        assert one.answer == NOT_IN_DOCUMENTS
        assert (one.passage, one.document, one.fact) == ("", "", "")
    assert any(e.split == "generalisation" and not e.answerable for e in examples)


def test_what_the_documents_speak_of_is_not_refused() -> None:
    text = PROSE + " The carbon footprint of a kettle is small. The Zephyr 900 is sold out."
    for one in written([passage(text), passage(TABLE, "Prices", 1)]):
        assert one.answerable or not ("footprint" in one.question or "Zephyr" in one.question)


def test_a_count_takes_facts_from_all_passages_in_turn() -> None:
    passages = [passage(PROSE), passage(TABLE, "Prices", 1)]
    few = written_with(passages, 12)
    assert {one.section for one in few if one.fact} == {"Daily use", "Prices"}
    assert len(few) < len(written(passages))


def test_without_refusals() -> None:
    made = examples_by_rule([passage(PROSE)], {"Daily use": "tuned"}, refusal_share=0)
    assert all(one.answerable for one in made.examples)


def test_ranks_are_kept_and_what_is_not_found_is_marked() -> None:
    made = examples_by_rule(
        [passage(PROSE)], {"Daily use": "tuned"}, ranks=lambda asked, own: [None] * len(own)
    )
    assert all(one.flags == ("ambiguous",) for one in made.examples if one.answerable)


def test_no_short_question_names_the_main_thing_alone() -> None:
    value = WrittenFact("two", "The Kestrel has two.", ("How many has the Kestrel?",), "figure")
    assert short_wordings(value, "", "Kestrel") == ()
    telling = replace(value, answer="The Kestrel has two lids.")
    assert all("lids" in wording for wording in short_wordings(telling, "", "Kestrel"))


def told(subject: str, number: int) -> FoundFact:
    answer = f"{subject} {number} of the Kestrel weighs {number}.5 grams."
    asked = f"How many grams does {subject.lower()} {number} of the Kestrel weigh?"
    fact = WrittenFact(f"{number}.5 grams", answer, (asked,), "figure", f"{subject} {number}")
    return FoundFact(fact, passage(answer, f"Part {number}", number), "tuned")


def test_few_known_questions_are_asked_of_invented_things() -> None:
    chosen = [told("The valve", number) for number in range(11, 75)]
    made = refusals([one.passage for one in chosen], chosen, "Kestrel", 60)
    known = [one.question for one in made if "grams" in one.question]
    assert 0 < len(known) < len(made) / 5
    assert not [question for question in known if "Kestrel" in question]


def test_what_is_told_of_a_thing_is_not_taken_for_one() -> None:
    chosen = [told("The boiler heats", 7)]
    made = refusals([one.passage for one in chosen], chosen, "Kestrel", 60)
    assert made and not [one for one in made if "boiler heats" in one.question]


def test_the_twin_of_a_known_question_is_no_near_duplicate_of_it() -> None:
    one = told("The valve", 11)
    short = replace(one.fact, wordings=("Kestrel valve grams: how many?", *one.fact.wordings))
    chosen = [replace(one, fact=short), told("The lid", 12)]
    made = refusals([one.passage for one in chosen], chosen, "Kestrel", 12)
    asked = [*(w for c in chosen for w in c.fact.wordings), *(e.question for e in made)]
    groups = near_duplicates(asked)
    assert any("lid" in e.question for e in made) and len(set(groups)) == len(groups)

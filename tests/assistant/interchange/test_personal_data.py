"""Personal data found, checked by its digits, and masked."""

from __future__ import annotations

import pytest

from assistant.interchange.masking import FLAG, findings, mask_stored, masked
from assistant.interchange.personal_data import KINDS, LABELS, TITLES, personal_data
from assistant.records import Assistant, Example, example_id
from assistant.workspace import Workspace


def made(question: str, answer: str, passage: str = "", **more: object) -> Example:
    return Example(
        example_id(question, answer), question, answer, "imported", "train",
        passage=passage, **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ann.oneil+shop@mail.example.co.uk"),
        ("phone", "+49 30 901820"),
        ("phone", "(206) 555-0100"),
        ("phone", "415-555-2671"),
        ("phone", "030 901820 12"),
        ("phone", "0049 30 901820"),
        ("card", "4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("us_ssn", "219-09-9999"),
        ("uk_nino", "AB 12 34 56 C"),
        ("de_tax_id", "86 095 742 719"),
        ("fr_nir", "1 85 05 78 006 084 91"),
        ("es_dni", "12345678Z"),
        ("es_dni", "X1234567L"),
        ("cn_id", "11010519491231002X"),
        ("ip", "93.184.216.34"),
        ("ip", "2606:2800:220:1:248:1893:25c8:1946"),
    ],
)
def test_each_kind_is_found_where_it_stands(kind: str, value: str) -> None:
    text = f"It is {value}, as written."
    (found,) = personal_data(text)
    assert (found.kind, found.text, text[found.start : found.end]) == (kind, value, value)


@pytest.mark.parametrize(
    "text",
    [
        "Card 4111 1111 1111 1112 has a wrong last digit.",
        "IBAN DE89 3704 0044 0532 0130 01 has wrong check digits.",
        "The numbers 000-12-3456, 666-12-3456 and 123-00-4567 are not given out.",
        "Letter of 12345678A is wrong, and so is GB 12 34 56 C.",
        "Part 0440-118-22, order 1234567890123, batch 20240312.",
        "It costs 1,250.00 euros, weighs 12 500 kg and was sold 1 000 000 times.",
        "ISBN 978-3-16-148410-0, version 10.4.12.7, at 12:30:45 on 2024-03-12.",
        "The router answers on 192.168.0.1 and ::1.",
        "Id 110105194913310026 has no such day, 86095742718 a wrong digit.",
        "Write to me@home or see @duet.",
        "Call before 12 minutes have passed; 250000 cups.",
    ],
)
def test_figures_of_documents_are_no_personal_data(text: str) -> None:
    assert personal_data(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The help line is open from Tuesday to Saturday, and its number is 4460 218.",
        "Telefon: 4460 218",
        "Please ring 4460-218 at once.",
    ],
)
def test_a_group_of_digits_is_a_telephone_number_where_the_words_say_so(text: str) -> None:
    (found,) = personal_data(text)
    assert found.kind == "phone" and found.text.replace("-", " ") == "4460 218"
    assert personal_data("It has 4460 218 parts.") == []


def test_every_kind_has_a_title_and_a_label() -> None:
    assert set(TITLES) == set(LABELS) == set(KINDS)


def test_many_findings_take_time_in_proportion() -> None:
    text = " ".join(f"a{number}@b{number}.org" for number in range(4_000))
    assert len(personal_data(text)) == 4_000
    assert len(findings(made("Who?", text))) == 4_000


def test_masking_changes_question_answer_and_passage_alike() -> None:
    passage = "Our help line has the number 4460 218. Write to a@b.org. Nothing else."
    start = passage.index("Write")
    example = made(
        "Whose is 4460 218?",
        "Of the help line.",
        passage,
        span=(start, start + 17),
        flags=(FLAG, "x"),
    )
    hidden = masked([example])
    (one,) = hidden.examples
    assert one.question == "Whose is [PHONE]?"
    assert one.passage == "Our help line has the number [PHONE]. Write to [EMAIL]. Nothing else."
    assert one.span and one.passage[slice(*one.span)] == "Write to [EMAIL]."
    assert one.id == example_id(one.question, one.answer)
    assert one.flags == ("x",)
    assert hidden.counts == {"phone": 2, "email": 1}


def test_examples_that_become_one_stay_one_and_others_are_untouched() -> None:
    plain = made("Why?", "So.")
    hidden = masked([made("Mail?", "a@b.org"), plain, made("Mail?", "c@d.org")])
    assert [one.answer for one in hidden.examples] == ["[EMAIL]", "So."]
    assert hidden.examples[1] is plain
    assert masked([made("Mail?", "a@b.org")], ["phone"]).counts == {}


def test_stored_examples_are_masked_together(workspace: Workspace, kettle: Assistant) -> None:
    kept = made("What is its mail?", "It is x@kestrel.org.")
    twin = made("What is its mail?", "It is y@kestrel.org.")
    workspace.store.add_examples(kettle.id, [kept, twin, made("Why?", "So.")])
    assert mask_stored(workspace.store, kettle.id, [kept.id]) == {"email": 1}
    answers = [one.answer for one in workspace.store.examples(kettle.id)]
    assert answers == ["It is [EMAIL].", "It is y@kestrel.org.", "So."]
    assert mask_stored(workspace.store, kettle.id) == {"email": 1}
    answers = [one.answer for one in workspace.store.examples(kettle.id)]
    assert sorted(answers) == ["It is [EMAIL].", "So."]
    assert mask_stored(workspace.store, kettle.id) == {}

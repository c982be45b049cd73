"""What a passage supports: values first, then words, then meaning."""

from __future__ import annotations

import pytest

from assistant.support import claim

PASSAGE = "One press of the Pour key delivers 215 ml of hot water."


@pytest.mark.parametrize(
    ("sentence", "certain"),
    [
        ("The answer is: 215 ml.", True),
        ("One press delivers 215 ml of water.", True),
        ("The answer is: 215 litres.", None),
        ("The answer is: 216 ml.", None),
        ("The answer is in the passage.", None),
        ("It is 215 ml, as the Boiler says.", None),
    ],
)
def test_an_answer_may_speak_of_itself_but_not_state_other_values(
    sentence: str, certain: bool | None
) -> None:
    found = claim(sentence, PASSAGE)
    assert (found.certain if found else None) is certain

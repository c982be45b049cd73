from __future__ import annotations

import pytest

from assistant.contestants import Contestant, contestant_of
from assistant.errors import InvalidRequest


def test_they_are_written_and_read_back() -> None:
    for one in (Contestant("rag"), Contestant("tuned"), Contestant("tuned+rag", "20260101-1-ab")):
        assert contestant_of(one.written) == one
    assert contestant_of(" tuned:r1 ") == Contestant("tuned", "r1")


@pytest.mark.parametrize("written", ["", "best", "rag:r1", "base:r1", ":r1"])
def test_what_cannot_answer_is_told(written: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot answer"):
        contestant_of(written)

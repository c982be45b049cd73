"""What is not written again, since a person has changed it after it was written."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.interchange.masking import masked
from assistant.records import Example


def without_changed(written: Sequence[Example], known: Sequence[Example]) -> list[Example]:
    """The examples without those of which another answer, or a masked form, is there already.

    An answer that a person has edited would be contradicted by the old one, and personal data that
    was masked would come back with the old words.
    """
    ids = {example.id for example in known}
    asked = {(example.fact, example.question.casefold()) for example in known if example.fact}
    return [
        example
        for example in written
        if example.id in ids
        or (
            (example.fact, example.question.casefold()) not in asked
            and masked([example]).examples[0].id not in ids
        )
    ]

"""The language that a document is written in. The only home of py3langid."""

from __future__ import annotations

import re
import threading
from typing import Any

FEWEST_LETTERS = 40
SAMPLE_CHARACTERS = 600
_SAMPLES = 4
_SURE = 0.7
_LETTERS = re.compile(r"[^\W\d_]")

_identifier: Any = None
_loading = threading.Lock()


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the language of most of the text; None where it is short or unsure.

    Judged on four stretches of 600 characters, so that a book costs no more than a page. The model
    is loaded by the first call (about a second), never by importing.
    """
    sample = _sample(text)
    if len(_LETTERS.findall(sample)) < FEWEST_LETTERS:
        return None
    code, share = _loaded().classify(sample)
    return str(code) if share >= _SURE and len(code) == 2 else None


def _sample(text: str) -> str:
    if len(text) <= _SAMPLES * SAMPLE_CHARACTERS:
        return text
    step = (len(text) - SAMPLE_CHARACTERS) // (_SAMPLES - 1)
    starts = range(0, _SAMPLES * step, step)
    return "\n".join(text[start : start + SAMPLE_CHARACTERS] for start in starts)


def _loaded() -> Any:
    global _identifier
    with _loading:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            _identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        return _identifier

"""The language that a document is written in. The only home of py3langid."""

from __future__ import annotations

import re
import threading
from typing import Any

FEWEST_LETTERS = 40
SAMPLE_CHARACTERS = (100, 600)
_SAMPLES = 4
_SURE = 0.7
_LETTERS = re.compile(r"[^\W\d_]")

_identifier: Any = None
_loading = threading.Lock()


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the language of most of the text; None where it is short or unsure.

    Judged on four stretches of 100 characters, and where these leave it unsure on four of 600, so
    that neither a book costs more than a page, nor a small file more than the rest of its reading.
    The model is loaded by the first call (about a second), never by importing.
    """
    if len(_LETTERS.findall(_sample(text, SAMPLE_CHARACTERS[-1]))) < FEWEST_LETTERS:
        return None
    for characters in SAMPLE_CHARACTERS:
        code, share = _loaded().classify(_sample(text, characters))
        if share >= _SURE:
            return str(code) if len(code) == 2 else None
    return None


def _sample(text: str, characters: int) -> str:
    if len(text) <= _SAMPLES * characters:
        return text
    step = (len(text) - characters) // (_SAMPLES - 1)
    starts = range(0, _SAMPLES * step, step)
    return "\n".join(text[start : start + characters] for start in starts)


def _loaded() -> Any:
    global _identifier
    with _loading:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            _identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        return _identifier

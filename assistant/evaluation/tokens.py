"""Texts cut into tokens, for metrics that count which tokens two texts share.

Texts in ASCII give exactly the tokens of the published scripts. The scripts that write no spaces
between words (Han, kana, Thai, Lao, Khmer, Burmese) give one token for each character, as the
evaluation of MLQA does (P. Lewis et al., MLQA, ACL 2020).
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"([{UNSPACED}])")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """An answer as SQuAD compares it: lower case, no punctuation, no English articles, one space.

    (P. Rajpurkar et al., SQuAD, EMNLP 2016, evaluation script.) Punctuation of scripts beyond
    Latin goes too. An answer that is nothing but articles and punctuation ("A", "C++" without its
    letter) stays as it is in lower case, where the script would leave nothing to compare.
    """
    lower = unicodedata.normalize("NFC", text).lower()
    plain = "".join(letter for letter in lower if not _foreign_punctuation(letter))
    plain = _ARTICLES.sub(" ", plain.translate(_ASCII_PUNCTUATION))
    return " ".join(plain.split()) or " ".join(lower.split())


@lru_cache(maxsize=8192)
def answer_tokens(text: str) -> tuple[str, ...]:
    """The tokens of `normalised`, for precision, recall and F1."""
    return tuple(spaced(normalised(text)).split())


def spaced(text: str) -> str:
    """The text with a space around each character of a script that writes none."""
    return _UNSPACED.sub(r" \1 ", text)


def words_and_signs(text: str) -> list[str]:
    """Tokens for ROUGE: runs of letters, digits and marks in lower case, and pictographs.

    On ASCII it gives what rouge_score's own tokenizer does, which drops every other letter.
    """
    lower = unicodedata.normalize("NFC", text).lower()
    return _word_pattern().findall(spaced(lower))


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    # Python's \w leaves out combining marks, which are inside the words of Hindi or Tamil.
    marks = "".join(
        re.escape(chr(code))
        for code in range(0x300, 0x10000)
        if unicodedata.category(chr(code)) in ("Mn", "Mc")
    )
    return re.compile(rf"(?:[^\W_][{marks}]*)+|[\u2190-\u2bff\U0001f000-\U0001faff]")


@lru_cache(maxsize=4096)
def _foreign_punctuation(letter: str) -> bool:
    code = ord(letter)
    latin = code < 0x250 or 0x2000 <= code < 0x2070
    return not latin and unicodedata.category(letter).startswith("P")

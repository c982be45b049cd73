"""The language of a document, told or left open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from retrieval.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The tank holds two litres of water and is very quiet in the morning.", "en"),
        ("Der Tank fasst zwei Liter Wasser und ist am Morgen sehr leise.", "de"),
        ("Le réservoir contient deux litres d'eau et reste silencieux le matin.", "fr"),
        ("El depósito contiene dos litros de agua y es muy silencioso.", "es"),
        ("Бак вмещает два литра воды и очень тихо работает по утрам.", "ru"),
    ],
)
def test_sentences_of_a_language(text: str, code: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text", ["", "ok", "12 34 56", "The tank.", "\x00" * 100, "| 1 | 2 |\n" * 99]
)
def test_too_short_or_without_words(text: str) -> None:
    assert language_of(text) is None


def test_most_of_a_long_text_decides() -> None:
    german = "Der Tank fasst zwei Liter Wasser und ist am Morgen sehr leise. "
    english = "The tank holds two litres. "
    assert language_of(english + german * 200) == "de"


def test_the_library_is_not_loaded_before_it_is_used() -> None:
    code = "import sys, retrieval.corpus; assert 'py3langid' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

"""Evaluated answers, as the tests of the evaluation make them."""

from tests.assistant.evaluation.conftest import evaluated
from tests.assistant.evaluation.stored import evaluate

__all__ = ["evaluate", "evaluated"]

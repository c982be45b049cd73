"""Evaluated answers, as the tests of the evaluation make them."""

from tests.assistant.evaluation.conftest import evaluated

__all__ = ["evaluated"]

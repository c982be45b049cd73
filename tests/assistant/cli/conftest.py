"""The program over the shipped fakes, in the folder that the workspace of the tests uses."""

from tests.assistant.evaluation.stored import evaluate
from tests.assistant.test_cli import duet

__all__ = ["duet", "evaluate"]

"""The next step of an assistant, always one sentence and one button, from its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant.runs import Run

if TYPE_CHECKING:
    from assistant.records import Assistant
    from assistant.workspace import Workspace

Action = Literal[
    "add_documents", "ask", "write_examples", "train", "watch_training", "vote", "results"
]

# Decisive blind votes from which the results are worth opening; the ratings have their own issue
# with a test that says when they settle the matter.
_WORTH_READING = 20


@dataclass(frozen=True, slots=True)
class NextStep:
    """sentence: what to do and why. label: of its button. action: what the button does."""

    sentence: str
    label: str
    action: Action


def next_step(workspace: Workspace, assistant: Assistant) -> NextStep:
    """What would help this assistant most now."""
    runs = workspace.runs(assistant).list()
    going = next((run for run in runs if run.live), None)
    if going is not None:
        return NextStep(_training(going), "Watch", "watch_training")
    documents = workspace.corpus(assistant).documents()
    if not documents:
        return NextStep("Drop your documents here to begin.", "Add documents", "add_documents")
    votes = [vote for vote in workspace.store.votes(assistant.id) if vote.vote.blind]
    if any(run.adapter for run in runs):
        return _voting(len([vote for vote in votes if vote.vote.choice in ("left", "right")]))
    if not workspace.store.conversations(assistant.id):
        return NextStep("Your documents are ready: ask them something.", "Ask a question", "ask")
    if not workspace.store.examples(assistant.id, "train"):
        return NextStep(
            "Write examples from your documents, to train on.", "Write examples", "write_examples"
        )
    if runs and runs[0].state in ("failed", "interrupted"):
        return NextStep("The last training did not finish.", "See why", "watch_training")
    return NextStep("Your examples are ready: train a model on them.", "Train", "train")


def _training(run: Run) -> str:
    if run.state == "stopping":
        return "Training is stopping and will be saved."
    if not run.steps:
        return "Training is starting."
    last = run.steps[-1]
    minutes = max(1, round(last.seconds_left / 60))
    return (
        f"Training: step {last.step} of {last.total_steps}, "
        f"about {minutes} minute{'' if minutes == 1 else 's'} left."
    )


def _voting(decisive: int) -> NextStep:
    if decisive == 0:
        return NextStep("RAG and the tuned model are both ready: compare them.", "Compare", "vote")
    if decisive < _WORTH_READING:
        return NextStep(
            f"{decisive} decisive blind vote{'' if decisive == 1 else 's'} so far: "
            "few tell nothing for sure, so compare some more.",
            "Vote",
            "vote",
        )
    return NextStep(f"{decisive} decisive blind votes: see what they say.", "Results", "results")

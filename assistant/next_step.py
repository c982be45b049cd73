"""The next step of an assistant, always one sentence and one button, from its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assistant.ratings.choosing import CALLED, blind_counts
from assistant.ratings.judgements import Judgements, judgements
from assistant.ratings.rating import alpha_of_pair
from assistant.ratings.sequence import more_votes_needed
from assistant.records import KINDS
from assistant.registry.readiness import cost_of
from assistant.registry.sources import learned, stale_examples
from assistant.runs import PRESETS, Run

if TYPE_CHECKING:
    from assistant.records import Assistant
    from assistant.workspace import Workspace

Action = Literal[
    "add_documents", "ask", "write_examples", "train", "watch_training", "vote", "results"
]


@dataclass(frozen=True, slots=True)
class NextStep:
    """sentence: what to do and why. label: of its button. action: what the button does."""

    sentence: str
    label: str
    action: Action


def next_step(workspace: Workspace, assistant: Assistant) -> NextStep:
    """What would help this assistant most now."""
    runs = workspace.runs(assistant).list()
    going = next((run for run in reversed(runs) if run.live or run.state == "queued"), None)
    if going is not None:
        return NextStep(_training(going), "Watch", "watch_training")
    documents = workspace.corpus(assistant).documents()
    if not documents:
        return NextStep("Drop your documents here to begin.", "Add documents", "add_documents")
    usable = next((run for run in runs if run.usable), None)
    if usable is not None:
        stale = _stale(workspace, assistant, usable)
        return stale or _voting(judgements(workspace.store, assistant.id))
    if not workspace.store.conversations(assistant.id):
        return NextStep("Your documents are ready: ask them something.", "Ask a question", "ask")
    if not workspace.store.examples(assistant.id, "train"):
        return NextStep(
            "Write examples from your documents, to train on.", "Write examples", "write_examples"
        )
    if count := _stale_examples(workspace, assistant):
        changed = "1 example is stale" if count == 1 else f"{count:,} examples are stale"
        return NextStep(f"Documents changed: {changed}.", "Look at them", "write_examples")
    if runs and runs[0].state in ("failed", "interrupted"):
        return NextStep("The last training did not finish.", "See why", "watch_training")
    examples = workspace.store.examples(assistant.id)
    cost = cost_of(workspace, assistant, examples, PRESETS["standard"]).sentence
    said = f"Train: {cost}." if cost else "Your examples are ready: train a model on them."
    return NextStep(said, "Train", "train")


def _stale_examples(workspace: Workspace, assistant: Assistant) -> int:
    corpus = workspace.corpus(assistant)
    examples = workspace.store.examples(assistant.id)
    return stale_examples(examples, corpus.documents(), corpus.sections())


def _stale(workspace: Workspace, assistant: Assistant, run: Run) -> NextStep | None:
    """What to do where the tuned model learned from what has changed since; None where not."""
    known = learned(workspace, assistant, run)
    if not known.stale:
        return None
    count = f"{known.stale:,} of the {known.rows:,} rows"
    changed = f"Documents changed: {count} that the tuned model learned are stale"
    corpus = workspace.corpus(assistant)
    trained = workspace.store.examples(assistant.id, "train")
    if not trained or stale_examples(trained, corpus.documents(), corpus.sections()):
        return NextStep(
            f"{changed}. Write their examples anew.", "Write examples", "write_examples"
        )
    return NextStep(f"{changed}. Train again on the examples as they are now.", "Train", "train")


def _training(run: Run) -> str:
    if run.state == "queued":
        return f"A run waits for its turn: number {run.position or 1} in the queue."
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


def _voting(held: Judgements) -> NextStep:
    """About RAG against the tuned model, which is the question, or else the pair voted on most."""
    counts = blind_counts(held)
    games = counts.games
    if not games.any():
        return NextStep("Training is done: compare the tuned model with RAG.", "Compare", "vote")
    one, other = KINDS.index("rag"), KINDS.index("tuned")
    if not games[one, other]:
        one, other = divmod(int(games.argmax()), len(KINDS))
    wins, losses = int(counts.wins[one, other]), int(counts.wins[other, one])
    first, second = CALLED[KINDS[one]], CALLED[KINDS[other]]
    more = more_votes_needed(wins, losses, alpha=alpha_of_pair(counts))
    if more == 0:
        better, worse = (first, second) if wins > losses else (second, first)
        sentence = f"The votes prefer {better} to {worse}: see how sure that is."
        return NextStep(sentence, "Results", "results")
    if more is None:
        decisive = wins + losses
        votes = "vote" if decisive == 1 else "votes"
        return NextStep(
            f"{decisive:,} decisive blind {votes} so far do not tell {first} from {second}: "
            "compare some more.",
            "Vote",
            "vote",
        )
    votes = "vote" if more == 1 else "votes"
    return NextStep(
        f"About {more:,} more decisive {votes} would settle {first} against {second}.",
        "Vote",
        "vote",
    )

"""`Store`: everything that Duet remembers apart from documents and runs, in one database.

Each method is one transaction: it happens whole or not at all, and threads and processes may call
at the same time. Beside the errors each names, all raise StoreError where the database is busy,
full, damaged or unreachable, and InvalidRequest where a value cannot be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from assistant.records import (
    Assistant,
    Comparison,
    Contender,
    Conversation,
    CountedVote,
    Decision,
    Example,
    JudgementColumns,
    Reply,
    SplitName,
    Thumb,
    Vote,
)
from assistant.store import assistants, conversations, decisions, examples, judgements, turns, votes
from assistant.store.database import BUSY_SECONDS, Database
from assistant.store.evaluation_store import EvaluationStore
from assistant.store.review_store import ReviewStore


class Store(EvaluationStore, ReviewStore):
    """The database of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str, busy_seconds: float = BUSY_SECONDS) -> Store:
        """Open the database of a SQLAlchemy URL, made or migrated first where it has to be.

        A SQLite file's folder is made too. busy_seconds: how long a write waits for another one.

        Raises StoreError where the URL is wrong, or the database cannot be opened, is damaged, or
        was made by a newer Duet.
        """
        return cls(Database(url, busy_seconds))

    def close(self) -> None:
        """Give back the connections. Closing twice does no harm."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def secret(self) -> bytes:
        """32 random bytes, made once, by which voter cookies are signed."""
        with self._database.write() as connection:
            return assistants.secret(connection)

    # Assistants

    def add_assistant(self, assistant: Assistant) -> None:
        """Raises Conflict where its id, its slug or its name is taken."""
        with self._database.write() as connection:
            assistants.add_assistant(connection, assistant)

    def assistants(self) -> list[Assistant]:
        """All assistants, oldest first."""
        with self._database.read() as connection:
            return assistants.all_assistants(connection)

    def assistant(self, assistant_id: str) -> Assistant:
        """Raises NotFound."""
        with self._database.read() as connection:
            return assistants.assistant(connection, assistant_id)

    def update_assistant(self, assistant: Assistant) -> None:
        """Change everything but id, slug and age.

        Raises NotFound, Conflict where the name is taken, InvalidRequest where what never changes
        would.
        """
        with self._database.write() as connection:
            assistants.update_assistant(connection, assistant)

    def delete_assistant(self, assistant_id: str) -> None:
        """Delete it with its conversations, votes, thumbs, contenders and examples.

        Raises NotFound.
        """
        with self._database.write() as connection:
            assistants.delete_assistant(connection, assistant_id)

    # Conversations

    def add_conversation(self, conversation: Conversation) -> None:
        """Raises NotFound without its assistant, Conflict where the id is taken."""
        with self._database.write() as connection:
            conversations.add_conversation(connection, conversation)

    def conversations(self, assistant_id: str) -> list[Conversation]:
        """Those not deleted, the one with the latest turn first."""
        with self._database.read() as connection:
            return conversations.conversations_of(connection, assistant_id)

    def conversation(self, conversation_id: str) -> Conversation:
        """Raises NotFound, also for a deleted one."""
        with self._database.read() as connection:
            return conversations.conversation(connection, conversation_id)

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Raises NotFound. Its place in the list stays."""
        with self._database.write() as connection:
            conversations.change_conversation(connection, conversation_id, title=title)

    def delete_conversation(self, conversation_id: str) -> None:
        """Take a conversation out of sight for good; its votes stay counted.

        It is in no list, cannot be opened and takes no more turns. Its comparisons stay in the
        database, since a vote without the question and answers it judged could not be checked;
        they go when the assistant is deleted. Raises NotFound.
        """
        with self._database.write() as connection:
            conversations.change_conversation(connection, conversation_id, hidden=True)

    def add_comparison(self, comparison: Comparison) -> None:
        """Store both answers with their contender versions; the conversation moves to the front.

        Raises NotFound without its conversation, Conflict where the id is taken, InvalidRequest
        where its parts belong to several assistants.
        """
        with self._database.write() as connection:
            turns.add_comparison(connection, comparison)

    def comparison(self, comparison_id: str) -> Comparison:
        """Raises NotFound."""
        with self._database.read() as connection:
            return turns.comparison(connection, comparison_id)

    def comparisons(self, conversation_id: str) -> list[Comparison]:
        """Those of a conversation, oldest first. Raises NotFound without the conversation."""
        with self._database.read() as connection:
            return turns.comparisons_of(connection, conversation_id)

    def add_reply(self, reply: Reply) -> None:
        """Store the answer of a single pane; raises as `add_comparison` does."""
        with self._database.write() as connection:
            turns.add_reply(connection, reply)

    def reply(self, reply_id: str) -> Reply:
        """Raises NotFound."""
        with self._database.read() as connection:
            return turns.reply(connection, reply_id)

    def replies(self, conversation_id: str) -> list[Reply]:
        """Those of a conversation, oldest first. Raises NotFound without the conversation."""
        with self._database.read() as connection:
            return turns.replies_of(connection, conversation_id)

    def turns(self, assistant_id: str) -> tuple[list[Comparison], list[Reply]]:
        """Comparisons and replies of all conversations that were not deleted, oldest first."""
        with self._database.read() as connection:
            return turns.turns_of(connection, assistant_id)

    def contender(self, contender_id: str) -> Contender:
        """A version that has answered before. Raises NotFound."""
        with self._database.read() as connection:
            return turns.contender(connection, contender_id)

    def contenders(self, assistant_id: str) -> list[Contender]:
        """All versions that have answered, in the order of their first answers."""
        with self._database.read() as connection:
            return list(turns.contenders_of(connection, assistant_id).values())

    # Votes

    def add_vote(self, vote: Vote) -> Vote:
        """Take a vote, and return it as it was kept; `vote.blind` is decided here, not believed.

        A voter's first vote on a blind comparison is kept as blind and is final. Any later one of
        that voter, and any on a comparison that was not blind, is kept as the voter's open vote, in
        place of an earlier open one. A post that repeats what stands changes nothing: what stands
        is returned.

        Raises NotFound without the comparison, VoteRefused where a side was stopped, InvalidRequest
        with every mistake of choice, marks, comment and voter. Nothing is changed then.
        """
        with self._database.write() as connection:
            return votes.add_vote(connection, vote)

    def voted(self, comparison_id: str, voter: str) -> Vote | None:
        """The voter's blind vote on this comparison."""
        with self._database.read() as connection:
            return votes.kept_vote(connection, comparison_id, voter, True)

    def open_vote(self, comparison_id: str, voter: str) -> Vote | None:
        """The voter's open vote on this comparison."""
        with self._database.read() as connection:
            return votes.kept_vote(connection, comparison_id, voter, False)

    def votes(self, assistant_id: str) -> list[CountedVote]:
        """All votes, blind and open, oldest first; those in deleted conversations too."""
        with self._database.read() as connection:
            return votes.votes_of(connection, assistant_id)

    def judgements(self, assistant_id: str, since: int | None = None) -> JudgementColumns:
        """All votes, blind and open, in no order, with figures of the answers in place of their
        text; those from a time on, in microseconds since 1970, where `since` is given."""
        with self._database.read() as connection:
            return judgements.judgements_of(connection, assistant_id, since)

    def judgement_state(self, assistant_id: str) -> tuple[int, str]:
        """How many votes there are, and the time of the latest; unequal once a vote was taken."""
        with self._database.read() as connection:
            return judgements.state_of(connection, assistant_id)

    def add_thumb(self, reply_id: str, voter: str, up: bool) -> Thumb:
        """Keep a thumb in place of the voter's earlier one on the same reply.

        Raises NotFound without the reply, InvalidRequest.
        """
        thumb = Thumb(reply_id, voter, up, datetime.now(UTC))
        with self._database.write() as connection:
            votes.add_thumb(connection, thumb)
        return thumb

    def thumbs(self, assistant_id: str) -> list[Thumb]:
        """All thumbs on an assistant's replies, oldest first."""
        with self._database.read() as connection:
            return votes.thumbs_of(connection, assistant_id)

    # Examples

    def add_examples(self, assistant_id: str, added: Iterable[Example]) -> int:
        """Add those that are not there yet by id; returns how many were new.

        Raises NotFound, ExamplesError where one would train on a test question: none is added then.
        """
        with self._database.write() as connection:
            return examples.add_examples(connection, assistant_id, added)

    def examples(
        self,
        assistant_id: str,
        split: SplitName | None = None,
        *,
        rejected: bool | None = False,
    ) -> list[Example]:
        """Those of one split, or all, in the order in which they were added.

        rejected: those that a person rejected; None takes them with the others.
        """
        with self._database.read() as connection:
            return examples.examples_of(connection, assistant_id, split, rejected)

    def example(self, assistant_id: str, example_id: str) -> Example:
        """Raises NotFound."""
        with self._database.read() as connection:
            return examples.example(connection, assistant_id, example_id)

    def set_rejected(self, assistant_id: str, ids: Iterable[str], rejected: bool) -> int:
        """Reject examples, or take them back; returns how many that changed.

        Raises ExamplesError where one taken back would train on a test question: none is then.
        """
        with self._database.write() as connection:
            return examples.set_rejected(connection, assistant_id, ids, rejected)

    def update_example(self, assistant_id: str, example_id: str, changed: Example) -> None:
        """Put an example in the place of the one of this id (new words make a new id).

        Raises NotFound, Conflict where another example has those words, ExamplesError where it
        would train on a test question.
        """
        with self._database.write() as connection:
            examples.update_example(connection, assistant_id, example_id, changed)

    def replace_examples(self, assistant_id: str, changed: Mapping[str, Example]) -> None:
        """Put each example in the place of the one of its key, all or none. One whose new words
        another has goes, so that these stay there once; one that is gone stays gone.

        Raises NotFound, ExamplesError where one would train on a test question.
        """
        with self._database.write() as connection:
            examples.replace_examples(connection, assistant_id, changed)

    def delete_examples(self, assistant_id: str, ids: Iterable[str]) -> int:
        """Returns how many were there to delete."""
        with self._database.write() as connection:
            return examples.delete_examples(connection, assistant_id, ids)

    # Decisions

    def add_decision(self, decision: Decision) -> None:
        """Raises NotFound without its assistant, Conflict where the id is taken."""
        with self._database.write() as connection:
            decisions.add_decision(connection, decision)

    def decisions(self, assistant_id: str) -> list[Decision]:
        """All decisions about an assistant, oldest first."""
        with self._database.read() as connection:
            return decisions.decisions_of(connection, assistant_id)

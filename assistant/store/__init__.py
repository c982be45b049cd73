"""The database: assistants, conversations, comparisons, votes and examples.

The only home of SQLAlchemy and Alembic. Others import `Store` and know no SQL.
"""

from assistant.store.store import Store

__all__ = ["Store"]

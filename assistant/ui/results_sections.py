"""The sections of the results tab that are about votes; each is made from an assistant alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing import ratings as ratings_html
from assistant.drawing.tables import empty
from assistant.drawing.words import counted
from assistant.ratings.judgements import judgements
from assistant.ratings.report import Report, report
from assistant.records import Assistant
from assistant.tallies import tally_of
from assistant.ui import tallies_html, voters_html
from assistant.ui.downloads import address, table_address
from assistant.ui.services import Services


def ratings(services: Services, assistant: Assistant) -> str:
    """Ratings from the blind votes, and below them the open votes."""
    held = judgements(services.workspace.store, assistant.id)
    if not len(held):
        return empty(
            "Nothing to count yet",
            "Every vote from the chat is counted here: by pair, by contender, and over time.",
        )
    made = report(held)
    tallies = tally_of(held, versions=False)
    tables = table_links(
        assistant.slug,
        (
            ("Ratings", "ratings"),
            ("Pairs", "pairs"),
            ("Versions", "versions"),
            ("Days", "days"),
            ("Documents", "topics"),
        ),
    )
    blind = ""
    if tallies.blind.n:
        blind = (
            '<h3 class="section">Ratings from blind votes</h3><p class="quiet">Given before the '
            f"names were shown. These decide. {counted(tallies.blind.n, 'vote')}.</p>"
            f"{ratings_html.verdict(made)}{ratings_html.ratings(made)}{tallies_html.mean_marks(tallies.blind.contenders)}"
            f"{tables}"
        )
    csv, jsonl = (escape(address(assistant.slug, ending)) for ending in ("csv", "jsonl"))
    votes = (
        f'<p class="downloads">Download all votes: <a href="{csv}" download>CSV</a> '
        f'<a href="{jsonl}" download>JSONL</a></p>'
    )
    return f"{blind}{tallies_html.open_votes(tallies.open)}{votes}"


def voters(services: Services, assistant: Assistant) -> str:
    """What moves the voters, and how far they agree."""
    shown = voters_html.voters(_report(services, assistant))
    if not shown:
        return ""
    links = table_links(assistant.slug, (("Shares", "biases"), ("Voters", "voters")))
    return f'<h3 class="section">Voters</h3>{shown}{links}'


def table_links(slug: str, tables: Sequence[tuple[str, str]]) -> str:
    """Links to tables as CSV. tables: what the link says, and the name in `downloads.TABLES`."""
    links = " ".join(
        f'<a href="{escape(table_address(slug, name))}" download>{escape(label)}</a>'
        for label, name in tables
    )
    return f'<p class="downloads">Download as CSV: {links}</p>'


def _report(services: Services, assistant: Assistant) -> Report:
    return report(judgements(services.workspace.store, assistant.id))

"""The questions that a new chat offers to press."""

from __future__ import annotations

from assistant.errors import documents_mapped
from assistant.guided_start import filled_questions
from assistant.records import Assistant
from assistant.shipped import sample_description
from assistant.workspace import Workspace

_MOST = 3


def first_questions(workspace: Workspace, assistant: Assistant) -> list[str]:
    """Up to three: the sample's own, else the profile's, else from examples or headings."""
    described = sample_description()
    if assistant.name == described.name and assistant.task == described.task:
        return list(described.example_questions)
    if assistant.profile.questions:
        asked = filled_questions(assistant.profile, _headings(workspace, assistant))
        if asked:
            return asked[:_MOST]
    examples = [one for one in workspace.store.examples(assistant.id, "train") if one.answerable]
    by_document = {example.document: example.question for example in reversed(examples)}
    if by_document:
        return list(by_document.values())[-_MOST:][::-1]
    return [
        f"What do the documents say about “{heading}”?"
        for heading in _headings(workspace, assistant)[:_MOST]
    ]


def _headings(workspace: Workspace, assistant: Assistant) -> list[str]:
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    return list(dict.fromkeys(p.heading_path[-1] for p in passages if p.heading_path))

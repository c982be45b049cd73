"""The split of examples into what is trained on and what is held back."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from assistant.facts import content_words, names, numbers, words
from assistant.records import Example, SplitName, content_hash

SPLITS: tuple[SplitName, ...] = get_args(SplitName)

_NEAR = 0.75  # share of common words from which two questions count as one


def split_examples(examples: Sequence[Example], validation_share: float = 0.1) -> list[Example]:
    """The examples with about that share of the training examples marked `validation`.

    Examples that are marked otherwise stay so; where some are marked `validation` already, no more
    are drawn. Nothing leaks into validation: questions that are near-duplicates of each other, and
    wordings of one fact, go to one side together. A fact with `recall` questions stays trained, or
    these would no longer be of a trained fact; it may give one wording to validation, where that is
    no near-duplicate of another and two wordings stay. The choice depends on the words alone.

    A training example that nearly repeats a held-back question is held back with it.
    """
    held = [example for example in examples if example.split != "train"]
    train = [example for example in examples if example.split == "train"]
    near = near_duplicates([example.question for example in [*train, *held]])
    held_splits = dict(zip(near[len(train) :], (e.split for e in held), strict=True))
    moved = {e.id: held_splits[g] for e, g in zip(train, near, strict=False) if g in held_splits}
    kept = [(e, g) for e, g in zip(train, near, strict=False) if g not in held_splits]
    wanted = 0 if any(e.split == "validation" for e in held) else len(kept) * validation_share
    held_facts = {example.fact for example in held if example.fact}
    moved |= dict.fromkeys(_validation_ids(kept, held_facts, math.floor(wanted)), "validation")
    return [replace(example, split=moved.get(example.id, example.split)) for example in examples]


def near_duplicates(questions: Sequence[str]) -> list[int]:
    """A group number for each question, the same for near-duplicates.

    Near-duplicates name the same numbers and names and share at least three quarters of all their
    words, and of those that carry meaning (Jaccard similarity); groups are the connected components
    of that.
    """
    sets = [frozenset(word.casefold() for word in words(question)) for question in questions]
    meanings = [content_words(question) for question in questions]
    keys = [(numbers(question), names(question)) for question in questions]
    frequency = Counter(word for own in sets for word in own)
    parent = list(range(len(questions)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    # Sets that share three quarters have one of their rarest quarter in common, which is what is
    # looked up, so that ten thousand questions need no fifty million comparisons.
    seen: dict[Any, list[int]] = defaultdict(list)
    for index, own in enumerate(sets):
        rare_first = sorted(own, key=lambda word: (frequency[word], word))
        rare = rare_first[: len(own) - math.ceil(_NEAR * len(own)) + 1] or [""]
        for other in {other for word in rare for other in seen[keys[index], word]}:
            if _alike(own, sets[other]) and _alike(meanings[index], meanings[other]):
                parent[root(index)] = root(other)
        for word in rare:
            seen[keys[index], word].append(index)
    return [root(index) for index in range(len(questions))]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _NEAR * len(one | other)


def _validation_ids(
    train: Sequence[tuple[Example, int]], held_facts: set[str], wanted: int
) -> set[str]:
    """Ids of the examples that go to validation, at most `wanted`."""
    groups = _joined(train)
    whole = [group for group in groups if not any(e.fact in held_facts for e, _ in group)]
    chosen: set[str] = set()
    for group in sorted(whole, key=_draw):
        if len(chosen) + len(group) <= wanted and len(group) < len(train):
            chosen |= {example.id for example, _ in group}
    for group in sorted((g for g in groups if g not in whole), key=_draw):
        copies = Counter(near for _, near in group)
        single = [example for example, near in group if copies[near] == 1]
        if len(chosen) < wanted and single and len(group) >= 3:
            chosen.add(min(single, key=lambda example: content_hash(example.id)).id)
    return chosen


def _joined(train: Sequence[tuple[Example, int]]) -> list[list[tuple[Example, int]]]:
    """Training examples in groups that belong together, by fact or by near-duplicate question."""
    group_of: dict[Any, int] = {}
    members: dict[int, list[tuple[Example, int]]] = {}
    for number, (example, near) in enumerate(train):
        keys = [("near", near), *([("fact", example.fact)] if example.fact else [])]
        merged = {group_of[key] for key in keys if key in group_of}
        target = min(merged, default=number)
        joined = [member for group in sorted(merged) for member in members.pop(group)]
        members[target] = [*joined, (example, near)]
        for member, own in members[target]:
            group_of["near", own] = target
            if member.fact:
                group_of["fact", member.fact] = target
    return list(members.values())


def _draw(group: Sequence[tuple[Example, int]]) -> str:
    return content_hash(sorted(example.id for example, _ in group))

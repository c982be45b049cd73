"""Passages fit the embedder, are slices of the text, and end where sense ends."""

from __future__ import annotations

import hashlib
import itertools
import random

import pytest

from retrieval.embedder import BUILTIN, Embedder, HashingEmbedder, load_embedder
from retrieval.loaders.markdown import parse_markdown
from retrieval.loaders.parsed import Parsed, TextBuilder
from retrieval.splitter import PassageDraft, section_hash, split

WORDS = "heron kettle valve tide boiler lamp copper wand rain litre harbour gasket".split()


@pytest.fixture(params=["hashing", BUILTIN])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    """The fake, and the real tokenizer (which needs no torch)."""
    return HashingEmbedder() if request.param == "hashing" else load_embedder()


def sentences(count: int, seed: int = 0) -> str:
    chosen = random.Random(seed)
    return " ".join(
        " ".join(chosen.choices(WORDS, k=chosen.randint(4, 30))).capitalize() + "."
        for _ in range(count)
    )


def prose(*paragraphs: str) -> Parsed:
    builder = TextBuilder()
    for paragraph in paragraphs:
        builder.prose(paragraph)
    return builder.parsed()


def check(parsed: Parsed, passages: list[PassageDraft], embedder: Embedder) -> None:
    """What holds of every split: slices, in order, within the limit, no word lost."""
    counts = embedder.count_tokens([passage.indexed_text for passage in passages])
    assert max(counts) <= embedder.max_tokens
    for passage in passages:
        assert passage.text == parsed.text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        digest = hashlib.sha256(passage.indexed_text.encode()).hexdigest()
        assert passage.content == digest
    ends = [(passage.start, passage.end) for passage in passages]
    assert ends == sorted(ends)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(ends))


def test_a_short_section_is_one_passage(embedder: Embedder) -> None:
    parsed = parse_markdown("# Tank\n\nIt holds two litres.\n\nIt lifts out.\n")
    passages = split(parsed, embedder)
    assert [(p.heading_path, p.text) for p in passages] == [
        (("Tank",), "It holds two litres.\n\nIt lifts out.")
    ]
    check(parsed, passages, embedder)


def test_sections_are_never_joined(embedder: Embedder) -> None:
    passages = split(parse_markdown("# A\nx\n## B\ny\n## C\nz\n"), embedder)
    assert [p.heading_path for p in passages] == [("A",), ("A", "B"), ("A", "C")]
    assert len({p.section for p in passages}) == 3


def test_a_long_section_is_cut_at_sentences_into_like_lengths(embedder: Embedder) -> None:
    parsed = prose(sentences(60))
    passages = split(parsed, embedder)
    check(parsed, passages, embedder)
    assert len(passages) > 2
    assert all(passage.text.endswith(".") for passage in passages)
    tokens = embedder.count_tokens([passage.text for passage in passages])
    assert min(tokens) > 0.5 * max(tokens)
    assert " ".join(passage.text for passage in passages) == parsed.text


def test_heading_paths_count_and_long_ones_give_way(embedder: Embedder) -> None:
    headings = "".join(f"{'#' * n} {sentences(3, n)}\n" for n in range(1, 7))
    parsed = parse_markdown(headings + "\n" + sentences(40))
    passages = split(parsed, embedder)
    check(parsed, passages, embedder)
    counts = embedder.count_tokens([" > ".join(p.heading_path) for p in passages])
    assert max(counts) <= embedder.max_tokens // 4 + 2


def test_the_name_is_the_title_where_no_heading_is(embedder: Embedder) -> None:
    parsed = prose(sentences(60))
    passages = split(parsed, embedder, "manuals.zip/the-AX_200.v2.txt")
    check(parsed, passages, embedder)
    assert {passage.title for passage in passages} == {"the AX 200.v2"}
    assert passages[0].indexed_text.startswith("the AX 200.v2\n")
    bare = split(parsed, embedder)
    kept = [list(dict.fromkeys(p.section for p in cut)) for cut in (bare, passages)]
    assert kept[0] == kept[1]
    [headed] = split(parse_markdown("# A\nx\n"), embedder, "name.md")
    assert (headed.title, headed.indexed_text) == ("", "A\nx")


def test_a_long_name_gives_way_to_the_text(embedder: Embedder) -> None:
    parsed = prose(sentences(40))
    passages = split(parsed, embedder, f"{'endless ' * 400}.txt")
    check(parsed, passages, embedder)
    counts = embedder.count_tokens([passage.title for passage in passages])
    assert 2 < max(counts) <= embedder.max_tokens // 4 + 2


def test_an_abbreviation_ends_no_sentence() -> None:
    embedder = HashingEmbedder()
    text = " ".join(f"Ask Dr. Marsh about No. {n} e.g. in town {'x ' * 40}now." for n in range(30))
    passages = split(prose(text), embedder)
    assert len(passages) > 3
    assert all(passage.text.startswith("Ask") for passage in passages)


@pytest.mark.parametrize(
    "line",
    [
        "word " * 30_000,
        "x" * 300_000,
        "x," * 60_000,
        "漢字" * 20_000,
        "\u0301" * 5000,
        "a" * 99 + "😀" * 3000,
    ],
    ids=["words", "letters", "commas", "ideographs", "accents", "emoji"],
)
def test_one_endless_line(line: str, embedder: Embedder) -> None:
    parsed = prose(line)
    passages = split(parsed, embedder)
    check(parsed, passages, embedder)
    kept = sum(len("".join(passage.text.split())) for passage in passages)
    assert kept == len("".join(parsed.text.split()))


def test_table_rows_are_kept_whole(embedder: Embedder) -> None:
    rows = "\n".join(f"| Model {n} | {n * 10} EUR | {sentences(1, n)} |" for n in range(80))
    parsed = parse_markdown(f"| Name | Price | Note |\n|---|---|---|\n{rows}\n")
    passages = split(parsed, embedder)
    check(parsed, passages, embedder)
    assert all(line.startswith("Name: ") for p in passages for line in p.text.split("\n"))


def test_a_heading_over_nothing_is_not_lost(embedder: Embedder) -> None:
    passages = split(parse_markdown("# A\n## Closed on Mondays\n## B\ntext\n# End\n"), embedder)
    assert [p.text for p in passages] == ["Closed on Mondays", "text", "End"]


def test_a_book_without_headings_has_many_sections(embedder: Embedder) -> None:
    parsed = prose(*(sentences(6, seed) for seed in range(80)))
    passages = split(parsed, embedder)
    check(parsed, passages, embedder)
    sections = [p.section for p in passages]
    assert 4 <= len(set(sections)) < len(sections)


def test_the_page_is_where_the_passage_starts() -> None:
    builder = TextBuilder()
    for page in (1, 2, 3):
        builder.page = page
        builder.prose(sentences(14, page))
    passages = split(builder.parsed(pages=3), HashingEmbedder())
    assert [p.page for p in passages] == sorted(p.page or 0 for p in passages)
    assert {p.page for p in passages} == {1, 2, 3}


def test_random_documents(embedder: Embedder) -> None:
    chosen = random.Random(7)
    for _ in range(20):
        source = "\n\n".join(
            chosen.choice(
                [
                    f"{'#' * chosen.randint(1, 6)} {sentences(1, chosen.randint(0, 999))}",
                    sentences(chosen.randint(1, 40), chosen.randint(0, 999)),
                    "\n".join(f"- {sentences(1, n)}" for n in range(chosen.randint(1, 30))),
                    "".join(chosen.choices("ab \n.,;:!?|*_`#漢é\u00a0", k=400)),
                ]
            )
            for _ in range(12)
        )
        parsed = parse_markdown(source)
        check(parsed, split(parsed, embedder), embedder)


def test_the_section_hash_is_of_its_words() -> None:
    assert section_hash("The  tank\nholds 2 litres.") == section_hash("the tank holds 2 litres")
    assert section_hash("The tank holds 2 litres.") != section_hash("The tank holds 3 litres.")
    assert section_hash("!?") != section_hash("...")

"""The embedding models that are offered by name; any other of sentence-transformers works as well.

Figures are those of the models' own pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.embedder import BUILTIN


@dataclass(frozen=True, slots=True)
class OfferedEmbedder:
    """An embedding model to choose.

    name: what `load_embedder` takes. megabytes: of its weights, to be fetched once (0 where they
    are there already). max_tokens: the longest text that it takes in whole. query_prefix,
    passage_prefix: what it wants in front of questions and passages, added by itself.
    """

    name: str
    title: str
    languages: str
    megabytes: int
    dimension: int
    max_tokens: int
    licence: str
    query_prefix: str = ""
    passage_prefix: str = ""


OFFERED = (
    OfferedEmbedder(BUILTIN, "all-MiniLM-L6-v2", "English", 0, 384, 256, "Apache-2.0"),
    OfferedEmbedder(
        "BAAI/bge-small-en-v1.5",
        "BGE small 1.5",
        "English",
        133,
        384,
        512,
        "MIT",
        "Represent this sentence for searching relevant passages: ",
    ),
    OfferedEmbedder(
        "BAAI/bge-base-en-v1.5",
        "BGE base 1.5",
        "English",
        438,
        768,
        512,
        "MIT",
        "Represent this sentence for searching relevant passages: ",
    ),
    OfferedEmbedder(
        "intfloat/multilingual-e5-small",
        "Multilingual E5 small",
        "94 languages",
        471,
        384,
        512,
        "MIT",
        "query: ",
        "passage: ",
    ),
    OfferedEmbedder(
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        "Multilingual MiniLM",
        "more than 50 languages",
        471,
        384,
        128,
        "Apache-2.0",
    ),
)

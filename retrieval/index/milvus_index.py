"""Milvus as the engine: a server, or milvus-lite's server in this process over a file.

One collection for each corpus and embedder. It bears the generation that it stands for, so that
only the difference is sent; while a difference is being sent it bears none.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedder import Vectors
from retrieval.errors import RetrievalError, VectorServerError
from retrieval.index.engine import Scores
from retrieval.snapshot import Ids

logger = logging.getLogger(__name__)

_GENERATION = "duet.generation"
_UNFINISHED = -1
_LINKS, _BREADTH_BUILT, _BREADTH_SEARCHED = 32, 200, 160
_MOST_AT_ONCE = 16_384  # Milvus's own limit of a search or query
_SENT_AT_ONCE = 2_000
_SECONDS, _SECONDS_SENDING = 15.0, 120.0

_embedded: Counter[str] = Counter()
_embedded_lock = threading.Lock()


class MilvusIndex:
    """A `VectorIndex` on a Milvus server. Several processes may use one collection."""

    def __init__(self, uri: str, token: str, corpus: str, embedder: str, dimension: int) -> None:
        """uri: of a server, http or https, or the path of a milvus-lite file, ending in .db."""
        self._uri = uri
        self._token = token
        self._dimension = dimension
        self._prefix = f"duet_{re.sub(r'[^A-Za-z0-9]', '_', corpus)}_"
        self._name = self._prefix + hashlib.sha256(embedder.encode()).hexdigest()[:12]
        self._opening = threading.Lock()
        self._client: Any = None
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._changed = False
        self._ahead = _UNFINISHED

    def load(self, generation: int, live: Ids) -> None:
        """As in `VectorIndex`; ids are asked for only where the generation is another one."""
        with self._mapped() as client:
            if not client.has_collection(self._name):
                self._create(client)
                self._ids = np.empty(0, dtype=np.int64)
                return
            client.load_collection(self._name)
            if self._recorded(client) == generation and self._count(client) == len(live):
                self._ids = live
            else:
                self._ids = self._listed(client)

    def ahead_of(self, generation: int) -> bool:
        """Whether another process is further on.

        False when asked again of the same state: then corpus.db was put back from a copy.
        """
        with self._mapped() as client:
            recorded = self._recorded(client)
        ahead = recorded > generation and recorded != self._ahead
        self._ahead = recorded
        return ahead

    def ids(self) -> Ids:
        """As in `VectorIndex`."""
        return self._ids

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """As in `VectorIndex`; ids that another process has sent already do no harm."""
        with self._changing() as client:
            for start in range(0, len(ids), _SENT_AT_ONCE):
                part = slice(start, start + _SENT_AT_ONCE)
                rows = [
                    {"id": key, "vector": vector}
                    for key, vector in zip(ids[part].tolist(), vectors[part], strict=True)
                ]
                client.upsert(self._name, rows, timeout=_SECONDS_SENDING)
        self._ids = np.union1d(self._ids, ids)

    def remove(self, ids: Ids) -> None:
        """As in `VectorIndex`."""
        with self._changing() as client:
            for start in range(0, len(ids), _SENT_AT_ONCE):
                wanted = ids[start : start + _SENT_AT_ONCE].tolist()
                client.delete(self._name, ids=wanted, timeout=_SECONDS_SENDING)
        self._ids = np.setdiff1d(self._ids, ids)

    def clear(self) -> None:
        """As in `VectorIndex`."""
        with self._changing() as client:
            client.drop_collection(self._name)
            self._create(client)
        self._ids = np.empty(0, dtype=np.int64)

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """As in `VectorIndex`, approximately: the server searches a graph. At most 16,384."""
        top = min(top, len(self._ids), _MOST_AT_ONCE)
        if top < 1:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        with self._mapped() as client:
            (hits,) = client.search(
                self._name,
                data=[vector[0]],
                limit=top,
                output_fields=["id"],
                search_params={"params": {"ef": max(top, _BREADTH_SEARCHED)}},
                timeout=_SECONDS,
            )
            found = [(hit["id"], hit["distance"]) for hit in hits]
        ids: Ids = np.array([row[0] for row in found], dtype=np.int64)
        return ids, np.array([row[1] for row in found], dtype=np.float32)

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """As in `VectorIndex`."""
        rows: list[dict[str, Any]] = []
        with self._mapped() as client:
            for start in range(0, len(ids) if len(self._ids) else 0, _SENT_AT_ONCE):
                wanted = ids[start : start + _SENT_AT_ONCE].tolist()
                rows += client.query(
                    self._name,
                    filter=f"id in {wanted}",
                    output_fields=["id", "vector"],
                    timeout=_SECONDS,
                )
        vectors: Vectors = np.array([row["vector"] for row in rows], dtype=np.float32)
        return (
            np.array([row["id"] for row in rows], dtype=np.int64),
            vectors.reshape(-1, self._dimension),
        )

    def keep(self, generation: int) -> None:
        """As in `VectorIndex`."""
        with self._mapped() as client:
            self._record(client, generation)
        self._changed = False

    def close(self) -> None:
        """As in `VectorIndex`; the last one on a milvus-lite file ends its server."""
        with self._opening:
            client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(Exception):  # pymilvus and grpc each raise their own
            client.close()
        if self._is_file:
            _let_go(self._uri)

    def forget(self) -> None:
        """Drop all collections of the corpus, and close. Raises VectorServerError."""
        with self._mapped() as client:
            for name in client.list_collections():
                if name.startswith(self._prefix):
                    client.drop_collection(name)
        self.close()

    @property
    def _is_file(self) -> bool:
        return not self._uri.startswith(("http://", "https://"))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Any]:
        """As `_mapped`; what is changed stands for no generation until it is kept."""
        with self._mapped() as client:
            if not self._changed:
                self._record(client, _UNFINISHED)
                self._changed = True
            yield client

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[Any]:
        """The client; what fails in the body becomes VectorServerError."""
        try:
            yield self._connected()
        except RetrievalError:
            raise
        except Exception as error:  # pymilvus and grpc each raise their own
            what = str(getattr(error, "message", "") or error).strip().splitlines()
            logger.warning("Milvus at %s failed: %r", self._uri, error)
            raise VectorServerError(
                f"The vector index at {self._uri} did not answer "
                f"({(what or [type(error).__name__])[0][:200]}): no document is lost; start the "
                "server and ask again, or empty DUET_VECTOR_INDEX to search with the built-in "
                "index."
            ) from error

    def _connected(self) -> Any:
        with self._opening:
            if self._client is None:
                try:
                    from pymilvus import MilvusClient

                    if self._is_file:
                        Path(self._uri).parent.mkdir(parents=True, exist_ok=True)
                        import milvus_lite  # noqa: F401 - pymilvus starts it by itself
                except ImportError as error:
                    raise VectorServerError(
                        f"DUET_VECTOR_INDEX names Milvus, but the package {error.name} is not "
                        "installed: install pymilvus, and milvus-lite for a file, or empty it."
                    ) from error
                self._client = MilvusClient(self._uri, token=self._token, timeout=_SECONDS)
                if self._is_file:
                    with _embedded_lock:
                        _embedded[self._uri] += 1
            return self._client

    def _create(self, client: Any) -> None:
        from pymilvus import DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        graph = client.prepare_index_params()
        graph.add_index(
            "vector",
            index_type="HNSW",
            metric_type="IP",
            params={"M": _LINKS, "efConstruction": _BREADTH_BUILT},
        )
        client.create_collection(
            self._name,
            schema=schema,
            index_params=graph,
            consistency_level="Strong",
            properties={_GENERATION: str(_UNFINISHED)},
        )

    def _record(self, client: Any, generation: int) -> None:
        client.alter_collection_properties(self._name, properties={_GENERATION: str(generation)})

    def _recorded(self, client: Any) -> int:
        told = client.describe_collection(self._name).get("properties") or {}
        return int(told.get(_GENERATION, _UNFINISHED))

    def _count(self, client: Any) -> int:
        (row,) = client.query(self._name, filter="", output_fields=["count(*)"], timeout=_SECONDS)
        return int(row["count(*)"])

    def _listed(self, client: Any) -> Ids:
        found: list[int] = []
        pages = client.query_iterator(
            self._name, batch_size=_MOST_AT_ONCE // 2, output_fields=["id"]
        )
        while page := pages.next():
            found += [row["id"] for row in page]
        pages.close()
        return np.unique(np.array(found, dtype=np.int64))


def _let_go(path: str) -> None:
    """End milvus-lite's server over the file when no index of this process uses it."""
    from milvus_lite.server_manager import server_manager_instance

    with _embedded_lock:
        _embedded[path] -= 1
        if _embedded[path] < 1:
            server_manager_instance.release_server(path)

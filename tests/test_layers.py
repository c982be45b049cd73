"""The layers: who may import whom, where each heavy library lives, and what starting costs.

Read from the syntax of every module, so that an import inside a function counts as any other.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The worker and the local backend are where a model is held in memory.
_TORCH = (
    "assistant/local_model*",
    "assistant/decoding*",
    "assistant/training/*",
    "assistant/exporting/merged.py",
)
_PAGE = ("app.py", "assistant/ui/*")
HOMES: dict[str, tuple[str, ...]] = {
    "gradio": _PAGE,
    "fastapi": _PAGE,
    "starlette": _PAGE,
    "sqlalchemy": ("assistant/store/*",),
    "alembic": ("assistant/store/*",),
    "faiss": ("retrieval/index/faiss_index.py", "retrieval/index/graph.py"),
    "pymilvus": ("retrieval/index/milvus_index.py",),
    "milvus_lite": ("retrieval/index/milvus_index.py",),
    "bm25s": ("retrieval/lexical.py",),
    "sentence_transformers": ("retrieval/embedder_model.py", "retrieval/reranker.py"),
    "torch": (*_TORCH, "retrieval/embedder_model.py"),  # chooses its device and dtype
    "pyarrow": ("assistant/interchange/parquet.py",),
    "py3langid": ("retrieval/language.py",),
    "transformers": _TORCH,
    "peft": _TORCH,
    "trl": _TORCH,
    "accelerate": _TORCH,
    "datasets": (*_TORCH, "assistant/evaluation/evaluate_modules.py"),
    "evaluate": ("assistant/evaluation/evaluate_modules.py",),
    "typer": ("assistant/cli/*",),
    "rich": ("assistant/cli/*",),
}

# What costs no more than what it does when it is imported: all but the page and the worker's part.
_WORKER = (
    "arguments",
    "general",
    "halving",
    "loading",
    "memory",
    "packing",
    "preference",
    "preference_preparing",
    "preference_rows",
    "preference_trainer",
    "preflight",
    "preparing",
    "ranks",
    "sampling",
    "saving",
    "trainer",
    "tuning",
    "watching",
)
_NOT_CORE = (
    "app.py",
    "assistant/ui/*",
    "assistant/evaluation/evaluate_modules.py",
    "assistant/store/migrations/*",
    "assistant/training/__main__.py",
    *(f"assistant/training/{name}.py" for name in _WORKER),
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module of ours: its dotted name, its path under the root, and the names it imports."""

    name: str
    path: str
    imports: frozenset[str]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all that is imported, also by importlib; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            name = node.args[0]
            if called in ("import_module", "__import__") and isinstance(name, ast.Constant):
                yield str(name.value)


def _modules() -> list[Module]:
    paths = [*ROOT.glob("app.py"), *ROOT.glob("assistant/**/*.py"), *ROOT.glob("retrieval/**/*.py")]
    found = []
    for path in sorted(paths):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text("utf-8"))
        relative = path.relative_to(ROOT).as_posix()
        found.append(Module(name, relative, frozenset(_imported(tree))))
    return found


MODULES = _modules()
NAMES = {module.name for module in MODULES}


def _ours(imported: str) -> str | None:
    """The module of ours that a dotted name stands for or is in."""
    while imported:
        if imported in NAMES:
            return imported
        imported = imported.rpartition(".")[0]
    return None


def _edges(module: Module) -> set[str]:
    return {own for name in module.imports if (own := _ours(name)) and own != module.name}


def _in(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def test_the_modules_are_found_and_their_imports_seen() -> None:
    assert {"retrieval.errors", "assistant.records", "assistant.store", "assistant.ui"} <= NAMES
    source = """
import a.b as c
def f():
    from d.e import g, h
    importlib.import_module("torch.nn")
    if TYPE_CHECKING:
        import i
"""
    expected = {"a.b", "d.e.g", "d.e.h", "torch.nn", "i"}
    assert set(_imported(ast.parse(source))) == expected
    (comparison,) = [module for module in MODULES if module.name == "assistant.comparison"]
    assert {"assistant.store", "assistant.records"} <= _edges(comparison)


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_has_one_home(library: str) -> None:
    strangers = {
        module.path
        for module in MODULES
        if any(name.split(".")[0] == library for name in module.imports)
        and not _in(module.path, HOMES[library])
    }
    assert strangers == set()


def test_retrieval_knows_nothing_of_assistants() -> None:
    upward = {
        module.path: edges
        for module in MODULES
        if module.path.startswith("retrieval/")
        and (edges := {edge for edge in _edges(module) if not edge.startswith("retrieval")})
    }
    assert upward == {}


def test_the_core_knows_nothing_of_the_page() -> None:
    # `duet serve` starts the page: the command line composes, as app.py does.
    composes = "assistant/cli/commands.py"
    upward = {
        module.path
        for module in MODULES
        if not _in(module.path, _PAGE)
        and module.path != composes
        and any(edge.startswith(("assistant.ui", "app")) for edge in _edges(module))
    }
    assert upward == set()


def test_only_who_composes_imports_the_command_line() -> None:
    upward = {
        module.path
        for module in MODULES
        if not module.path.startswith("assistant/cli/")
        and any(edge.startswith("assistant.cli") for edge in _edges(module))
    }
    assert upward <= {"app.py"}


def test_records_and_errors_stand_on_nothing() -> None:
    edges = {module.name: _edges(module) for module in MODULES}
    assert edges["assistant.records"] == set()
    assert edges["assistant.errors"] == {"retrieval.errors"}
    assert edges["retrieval.errors"] == edges["retrieval.documents"] == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    try:
        TopologicalSorter({module.name: _edges(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")


def test_app_only_composes() -> None:
    assert len((ROOT / "app.py").read_text("utf-8").splitlines()) < 100


def test_datasets_holds_data_only() -> None:
    assert list((ROOT / "datasets").rglob("*.py*")) == []


@pytest.mark.slow  # imports a heavy package
def test_hugging_faces_datasets_is_not_shadowed() -> None:
    code = "import datasets; print(datasets.__file__, hasattr(datasets, 'load_dataset'))"
    told = _run(code).split()
    assert told[1] == "True"
    assert not Path(told[0]).is_relative_to(ROOT / "datasets")


def test_importing_the_core_costs_no_heavy_library() -> None:
    core = [module.name for module in MODULES if not _in(module.path, _NOT_CORE)]
    assert "assistant.cli.commands" in core
    heavy = set(HOMES) - {"sqlalchemy", "typer", "rich"}
    code = f"""
import importlib, json, sys
loaded = {{}}
for name in {core!r}:
    importlib.import_module(name)
    for library in {sorted(heavy)!r}:
        if library in sys.modules:
            loaded.setdefault(library, name)
print(json.dumps(loaded))
"""
    assert json.loads(_run(code)) == {}


def test_the_page_costs_no_torch() -> None:
    code = "import assistant.ui.page, sys; print('gradio' in sys.modules, 'torch' in sys.modules)"
    assert _run(code).split() == ["True", "False"]


def _run(code: str) -> str:
    """What a fresh interpreter, started in the root, prints last."""
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()[-1]

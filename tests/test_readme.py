"""What the README says of commands and of the tree is true."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from assistant.cli import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def help_of(*command: str) -> str:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.output)


def documented_commands() -> dict[str, set[str]]:
    """The commands of the README's table with the options it names."""
    found: dict[str, set[str]] = {}
    for line in README.splitlines():
        for usage in re.findall(r"duet [^#]+?(?=\s{2,}|$)", line.strip().removeprefix("uv run ")):
            words = usage.split()[1:]
            if not line.startswith("    duet") or '"' in usage:
                continue
            lower = [word for word in words if re.fullmatch(r"[a-z]+(?:\|[a-z]+)*", word)]
            path = (
                [lower[0]]
                if lower[0] not in ("documents", "examples", "runs", "retrieval")
                else lower[:2]
            )
            options = set(re.findall(r"--[a-z-]+", usage))
            for last in path[-1].split("|"):
                found.setdefault(" ".join([*path[:-1], last]), set()).update(options)
    return found


def test_every_documented_command_and_option_exists() -> None:
    commands = documented_commands()
    assert {"new", "documents add", "runs resume", "vote", "sample", "serve"} <= set(commands)
    for command, options in commands.items():
        text = help_of(*command.split())
        for option in options:
            assert option in text, f"duet {command} has no {option}"


def test_the_tree_is_as_described() -> None:
    tree = README.split("The tree:")[1].split("Licence:")[0]
    named = [line.split()[0] for line in tree.strip().splitlines()]
    for path in named:
        assert (ROOT / path).exists(), path
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."}
    described = {Path(path).parts[0] for path in named}
    assert {folder for folder in folders if any((ROOT / folder).rglob("*.py"))} <= described


def test_every_named_script_picture_and_page_is_there() -> None:
    for path in re.findall(r"(?:tests|docs|datasets)/[\w./-]+\w", README):
        assert (ROOT / path).exists(), path


def test_continuous_integration_runs_the_documented_commands() -> None:
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "uv run pytest --slow --browser" in run and "uv run pytest --slow --browser" in README
    assert "    uv run pytest  " in README and "    uv run app.py  " in README


def test_no_lock_file_and_no_machine_path_is_kept() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return
    files = listed.stdout.splitlines()
    assert "uv.lock" not in files
    here = "/" + "work" + "/"
    for name in files:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".jsonl", ".html", ".css", ".js"}:
            assert here not in path.read_text("utf-8"), name

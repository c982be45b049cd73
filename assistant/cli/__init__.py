"""The command line: the same core as the page, one JSON document on stdout with --json.

Exit codes: 0 done, 1 the request failed (one sentence on stderr), 2 wrong usage.
"""

from __future__ import annotations

import os

# OpenMP threads that spin while they wait starve everything else on the machine; the setting is
# read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import sys

from assistant.cli.commands import app
from assistant.errors import DuetError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app(prog_name="duet")
    except DuetError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None

"""Switches for the tests that cost more: --slow for real models, --browser for Chromium.

With DUET_REQUIRE_ALL=1, which `.ci/run` sets, a test that is skipped because something is not
installed has failed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests with real models")
    parser.addoption("--browser", action="store_true", help="also run tests in Chromium")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for tier in ("slow", "browser"):
        if config.getoption(f"--{tier}"):
            continue
        skip = pytest.mark.skip(reason=f"switched on by --{tier}")
        for item in items:
            if tier in item.keywords:
                item.add_marker(skip)


_NOT_INSTALLED = re.compile(r"\bnot (?:be )?installed|not on the PATH|\binstall\b")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = (yield).get_result()
    if report.skipped and os.environ.get("DUET_REQUIRE_ALL") and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2])
        if _NOT_INSTALLED.search(reason):
            report.outcome = "failed"
            report.longrepr = f"Nothing that can run may be skipped here: {reason}"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real documents, questions and votes beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder is not beside this checkout")
    return SHARED_DATA

"""What the whole suite shares: seeds, both databases, and proof that both halves really ran."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import lending, postgres

# A slow machine is not a failing rule: nothing here is timed.
settings.register_profile(
    "wismo", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("check", settings.get_profile("wismo"), max_examples=30)  # `make check`
settings.load_profile("wismo")

SEED = "WISMO_TEST_SEED"
FAST_FOLDERS = ("domain", "house")
HALVES = ("sqlite", "postgresql")


# --- fixtures ---------------------------------------------------------------------------------


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.sqlite),
        pytest.param("postgresql", marks=pytest.mark.postgresql),
    ]
)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a clean database, once on SQLite and once on PostgreSQL.

    What must always be true is asked of it after the test.
    """
    with lending.lend(request.param) as url:
        yield url


@pytest.fixture
def sqlite_database() -> Iterator[str]:
    """The URL of a clean SQLite database, for what only SQLite has; it may be left broken."""
    with lending.lend("sqlite", ask=False) as url:
        yield url


@pytest.fixture
def postgresql_database() -> Iterator[str]:
    """The URL of a clean PostgreSQL database, for what only PostgreSQL has."""
    with lending.lend("postgresql", ask=False) as url:
        yield url


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance that can be repeated: one seed for the run, another stream for every test."""
    return random.Random(f"{_seed(request.config)} {request.node.nodeid}")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# --- the run ----------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole-suite",
        action="store_true",
        help="fail unless every test for two databases has run on both",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if _is_worker():
        config.add_cleanup(lending.close)
        config.option.hypothesis_seed = os.environ[SEED]
        return
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))
    os.environ[SEED] = _seed(config)
    running = contextlib.ExitStack()
    _keep_files_in(running.enter_context(postgres.session()))
    running.callback(lending.close)
    config.add_cleanup(running.close)
    config.pluginmanager.register(BothHalves(config.option.whole_suite), "both-halves")


def _keep_files_in(folder: str) -> None:
    """In memory, if the session is: the suite waits for no disk, and leaves nothing behind."""
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None  # what Python remembers of the last answer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seed = _seed(terminalreporter.config)
    terminalreporter.write_line(f"seed: {seed} (again with: --hypothesis-seed={seed})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if "postgresql_database" in getattr(item, "fixturenames", ()):
            item.add_marker("postgresql")
        if item.path.is_relative_to(here):
            folder = item.path.relative_to(here).parts[0]
            if folder in FAST_FOLDERS and "postgresql" not in item.keywords:
                item.add_marker("fast")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def _seed(config: pytest.Config) -> str:
    return str(config.option.hypothesis_seed)


class BothHalves:
    """Counts what ran on each database, since a half that was skipped would look like success."""

    def __init__(self, whole_suite: bool) -> None:
        self.whole_suite = whole_suite
        self.ran: Counter[str] = Counter()
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for half in HALVES:
            if half in report.keywords:
                self.ran[half] += report.when == "call" and not report.skipped
                self.skipped += [report.nodeid] * report.skipped

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.whole_suite and self.problems() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        counts = ", ".join(f"{half} {self.ran[half]}" for half in HALVES)
        terminalreporter.write_line(f"tests that ran on a database: {counts}")
        for problem in self.problems() if self.whole_suite else []:
            terminalreporter.write_line(f"FAILED {problem}", red=True)

    def problems(self) -> list[str]:
        missing = [f"nothing ran on {half}" for half in HALVES if not self.ran[half]]
        skipped = [f"skipped on a database: {nodeid}" for nodeid in self.skipped]
        return missing + skipped

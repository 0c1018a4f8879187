"""The run itself: half a suite is a failed suite, and chance can be repeated."""

from __future__ import annotations

import random
from typing import Literal

import hypothesis.core
import pytest

from tests.conftest import BothHalves


def report(half: str, outcome: Literal["passed", "failed", "skipped"]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=f"test_orders[{half}]",
        location=("", 0, ""),
        keywords={half: 1},
        outcome=outcome,
        longrepr=None,
        when="call",
    )


def heard(*reports: pytest.TestReport) -> BothHalves:
    halves = BothHalves(whole_suite=True)
    for each in reports:
        halves.pytest_runtest_logreport(each)
    return halves


def test_a_run_on_both_databases_has_no_problem() -> None:
    assert heard(report("sqlite", "passed"), report("postgresql", "passed")).problems() == []


def test_a_run_without_postgresql_is_a_problem() -> None:
    assert heard(report("sqlite", "passed")).problems() == ["nothing ran on postgresql"]


def test_a_run_of_nothing_is_a_problem() -> None:
    assert len(heard().problems()) == 2


def test_a_skipped_half_is_a_problem_even_if_others_ran() -> None:
    found = heard(
        report("sqlite", "passed"),
        report("postgresql", "passed"),
        report("postgresql", "skipped"),
    ).problems()
    assert found == ["skipped on a database: test_orders[postgresql]"]


def test_hypothesis_starts_from_the_seed_that_is_printed(pytestconfig: pytest.Config) -> None:
    assert hypothesis.core.global_force_seed == int(pytestconfig.option.hypothesis_seed)


def test_chance_is_the_same_for_the_same_seed_and_test(
    rng: random.Random, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    again = random.Random(f"{pytestconfig.option.hypothesis_seed} {request.node.nodeid}")
    assert rng.random() == again.random()

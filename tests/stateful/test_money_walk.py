"""Whatever gives money back, in whatever order: no unit twice, no cent more than was paid."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.money import MoneyMachine
from tests.stateful.world import postgresql_world, sqlite_world

# A night may give more of both: WISMO_MONEY_EXAMPLES=2000 WISMO_MONEY_STEPS=60.
EXAMPLES = int(os.environ.get("WISMO_MONEY_EXAMPLES", "8"))
STEPS = int(os.environ.get("WISMO_MONEY_STEPS", "25"))
PLAY = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.sqlite
def test_money_stays_right_on_sqlite(tmp_path: Path) -> None:
    class OnSqlite(MoneyMachine):
        world = staticmethod(partial(sqlite_world, tmp_path))

    run_state_machine_as_test(OnSqlite, settings=PLAY)


@pytest.mark.postgresql
def test_money_stays_right_on_postgresql() -> None:
    class OnPostgresql(MoneyMachine):
        world = staticmethod(postgresql_world)

    few = settings(PLAY, max_examples=max(2, EXAMPLES // 8))
    run_state_machine_as_test(OnPostgresql, settings=few)

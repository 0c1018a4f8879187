"""Whatever happens to a shop, in whatever order, all that must be true stays true."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import ShopMachine
from tests.stateful.world import postgresql_world, sqlite_world

# A night may give more of both: WISMO_STATEFUL_EXAMPLES=2000 WISMO_STATEFUL_STEPS=60.
EXAMPLES = int(os.environ.get("WISMO_STATEFUL_EXAMPLES", "60"))
STEPS = int(os.environ.get("WISMO_STATEFUL_STEPS", "30"))
PLAY = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.sqlite
def test_what_must_be_true_stays_true_on_sqlite(tmp_path: Path) -> None:
    class OnSqlite(ShopMachine):
        world = staticmethod(partial(sqlite_world, tmp_path))

    run_state_machine_as_test(OnSqlite, settings=PLAY)


@pytest.mark.postgresql
def test_what_must_be_true_stays_true_on_postgresql() -> None:
    class OnPostgresql(ShopMachine):
        world = staticmethod(postgresql_world)

    few = settings(PLAY, max_examples=max(3, EXAMPLES // 8))
    run_state_machine_as_test(OnPostgresql, settings=few)

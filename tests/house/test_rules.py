"""Our own code keeps the rules of the house, and every rule can say no."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.house import rules
from tests.house.code import PACKAGES, Module, modules, parse

# Longer than 60 lines with good reason: "path::name".
LONG_WITH_REASON: set[str] = set()

PRODUCTION = [
    rules.reads_environment,
    rules.reads_wall_clock,
    rules.ends_transaction,
    rules.impure_import,
    rules.missing_docstring,
    rules.early_sandbox,
]
TESTS = [rules.missing_docstring, rules.patches_our_code, rules.sleeps]

Rule = Callable[[Module], list[str]]


def name_of(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", PRODUCTION, ids=name_of)
def test_no_module_of_ours_breaks_the_rule(rule: Rule) -> None:
    assert [place for module in modules(*PACKAGES) for place in rule(module)] == []


@pytest.mark.parametrize("rule", TESTS, ids=name_of)
def test_no_test_breaks_the_rule(rule: Rule) -> None:
    assert [place for module in modules("tests") for place in rule(module)] == []


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    found = [
        place
        for module in modules(*PACKAGES, "tests", "benchmarks")
        for place in rules.long_function(module)
        if place.partition(" ")[0] not in LONG_WITH_REASON
    ]
    assert found == []


def test_the_checks_look_at_something() -> None:
    assert len(modules(*PACKAGES)) > 10
    assert len(modules("tests")) > 5


BROKEN = [
    (rules.reads_environment, "core/a.py", "import os\nos.environ['A']"),
    (rules.reads_environment, "bot/a.py", "from os import getenv\ngetenv('A')"),
    (rules.reads_wall_clock, "core/a.py", "from datetime import datetime\ndatetime.now()"),
    (rules.reads_wall_clock, "core/a.py", "import datetime as dt\nmake = dt.datetime.utcnow"),
    (rules.reads_wall_clock, "bot/a.py", "from time import time\ntime()"),
    (rules.ends_transaction, "core/engine.py", "def f(c): c.commit()"),
    (rules.ends_transaction, "bot/a.py", "async def f(c): await c.rollback()"),
    (rules.impure_import, "core/domain/a.py", "import sqlalchemy"),
    (rules.impure_import, "core/domain/a.py", "from core.db import tables"),
    (rules.impure_import, "core/domain/a.py", "import random"),
    (rules.missing_docstring, "core/a.py", "x = 1"),
    (rules.long_function, "core/a.py", "def f():\n" + "    x = 1\n" * 60),
    (rules.early_sandbox, "bot/cli.py", "from bot.sandbox import shop"),
    (rules.early_sandbox, "bot/main.py", "def f():\n    import bot.sandbox"),
    (rules.patches_our_code, "tests/a.py", "from unittest.mock import patch"),
    (rules.patches_our_code, "tests/a.py", "def f(m): m.setattr('core.engine.x', 1)"),
    (rules.patches_our_code, "tests/a.py", "from bot import web\ndef f(m): m.setattr(web, 'x', 1)"),
    (rules.sleeps, "tests/a.py", "import time\ntime.sleep(1)"),
    (rules.sleeps, "tests/a.py", "from asyncio import sleep\nasync def f(): await sleep(0.1)"),
]

ALLOWED = [
    (rules.reads_environment, "bot/settings.py", "import os\nos.environ['A']"),
    (rules.reads_wall_clock, "bot/main.py", "from datetime import datetime\ndatetime.now()"),
    (rules.reads_wall_clock, "core/a.py", "def f(clock): return clock.now()"),
    (rules.reads_wall_clock, "bot/sandbox/a.py", "import time\ntime.monotonic()"),
    (rules.ends_transaction, "core/db/writer.py", "def f(c): c.commit()"),
    (rules.impure_import, "core/domain/a.py", "import re\nfrom core.domain.money import Money"),
    (rules.impure_import, "core/db/a.py", "import sqlalchemy"),
    (rules.missing_docstring, "core/__init__.py", ""),
    (rules.long_function, "core/a.py", "def f():\n" + "    x = 1\n" * 59),
    (rules.early_sandbox, "bot/cli.py", "def demo():\n    from bot.sandbox import shop"),
    (rules.patches_our_code, "tests/a.py", "import os\ndef f(m): m.setattr(os, 'x', 1)"),
    (rules.sleeps, "tests/a.py", "import asyncio\nasync def f(): await asyncio.sleep(0)"),
]


@pytest.mark.parametrize(("rule", "path", "source"), BROKEN)
def test_a_rule_says_no(rule: Rule, path: str, source: str) -> None:
    assert rule(parse(path, source)) != []


@pytest.mark.parametrize(("rule", "path", "source"), ALLOWED)
def test_a_rule_lets_pass_what_is_right(rule: Rule, path: str, source: str) -> None:
    assert rule(parse(path, source)) == []

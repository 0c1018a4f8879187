"""What a server loads before it can answer: a costly package waits for whoever needs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from core.db import migrate

ROOT = Path(__file__).parents[2]

# Each costs seconds or megabytes, and a shop may never use it.
COSTLY = {
    "PIL",
    "aiogram",
    "aiohttp",
    "alembic",
    "apscheduler",
    "babel.dates",
    "dateparser",
    "highspy",
    "holidays",
    "mrml",
    "phonenumbers",
    "psycopg",
    "rapidfuzz",
    "rich",
    "segno",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy.dialects.postgresql",
    "typst",
}
LOOK = f"import sys, bot.main, bot.doors; print(*({COSTLY} & set(sys.modules)))"


def test_a_plain_server_starts_without_what_only_some_need():
    loaded = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == []


def test_the_revision_that_the_start_compares_is_that_of_the_migrations():
    """The start does not ask Alembic, which would have to be loaded for it."""
    from alembic.script import ScriptDirectory

    assert migrate.head() == ScriptDirectory(str(migrate.FOLDER)).get_current_head()


def test_values_are_defined_the_quick_way():
    """Nine hundred classes of the standard library's kind are half a second of each start."""
    rooms = [
        path for room in ("core", "notifications", "bot") for path in (ROOT / room).rglob("*.py")
    ]
    slow = [
        str(path)
        for path in rooms
        if not path.is_relative_to(ROOT / "bot/sandbox")
        and "(frozen=True, slots=True)" in (text := path.read_text("utf-8"))
        and re.search(r"^from dataclasses import .*\bdataclass\b", text, re.MULTILINE)
    ]
    allowed = {str(ROOT / "core/domain/values.py")}
    assert len(rooms) > 500
    assert set(slow) <= allowed, "take dataclass from core.domain.values"

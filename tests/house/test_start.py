"""What a server loads before it can answer: a costly package waits for whoever needs it."""

from __future__ import annotations

import subprocess
import sys

from core.db import migrate

# Each costs seconds or megabytes, and a shop may never use it.
COSTLY = {
    "PIL",
    "aiogram",
    "aiohttp",
    "alembic",
    "apscheduler",
    "dateparser",
    "highspy",
    "holidays",
    "mrml",
    "psycopg",
    "rapidfuzz",
    "rich",
    "segno",
    "slack_bolt",
    "slack_sdk",
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

"""Backup and restore: taken while it is written, checked, and what a restore holds back."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bridge import House
from bot.duties import back_up
from bot.main import build
from bot.restoring import hold, restore
from bot.settings import Settings
from core.db import backup, setup
from core.db import house as notes
from core.db import tables as t
from core.db.connection import Database
from core.db.machinery import HELD
from core.domain.refusals import Conflict, NotFound, NotPossible
from tests.shop import SHOP, START, make_shop


@pytest.fixture
def shop(database):
    made = make_shop(database)
    yield made
    made.close()


def settings_for(database, **more):
    return Settings(database_url=database, sandbox=True, **more)


def test_a_backup_taken_while_orders_come_in_is_whole_and_older_than_they(shop, tmp_path):
    shop.place(1001, ("mug-red", 1))
    file = tmp_path / "b.backup"
    assert backup.backup(shop.engine.database, file) == file.stat().st_size
    shop.place(1002, ("mug-red", 1))
    with pytest.raises(Conflict):
        backup.backup(shop.engine.database, file)
    assert not list(tmp_path.glob("*.part"))


def test_a_restore_brings_back_what_was_and_holds_what_waited(database, tmp_path):
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 1))
    waiting = {row["kind"] for row in shop.rows(t.outbox)}
    file = tmp_path / "b.backup"
    backup.backup(shop.engine.database, file)
    shop.place(1002, ("mug-red", 1))
    shop.close()
    done = restore(settings_for(database), file)
    assert (done.kept is not None) == database.startswith("sqlite")
    house = build(settings_for(database))
    rows = house.engine.read(lambda s: s.select(t.outbox.select()))
    assert [row.number for row in house.engine.read(lambda s: s.select(t.orders.select()))] == [
        "1001"
    ]
    assert done.held == len([row for row in rows if row.reason == HELD])
    assert not [row for row in rows if row.state in ("waiting", "leased")]
    assert waiting <= {row.kind for row in rows}
    assert house.engine.read(lambda s: setup.load_shop(s, SHOP)).paused_at is not None
    assert house.engine.read(lambda s: notes.get(s, notes.EPOCH)) == "1"
    house.close()


def test_what_had_not_been_planned_is_planned_and_held_not_lost(shop):
    shop.place(1001, ("mug-red", 1))
    assert not shop.rows(t.outbox, kind="message.email")
    house = House(shop.engine, Settings(sandbox=True), shop.clock)
    assert hold(house) > 0
    mails = shop.rows(t.outbox, kind="message.email")
    assert [(row["state"], row["reason"]) for row in mails] == [("suppressed", HELD)]


def test_the_daily_backup_is_noted_and_old_ones_go(shop, tmp_path):
    folder = tmp_path / "backups"
    settings = Settings(sandbox=True, backup_dir=str(folder), backup_days_kept=2)
    house = House(shop.engine, settings, shop.clock)
    for _ in range(4):
        back_up(house)
        shop.clock.advance(days=1)
    (folder / "notes.txt").write_text("not ours")
    assert len(list(folder.glob("*.backup"))) == 3
    last = shop.engine.read(lambda s: notes.noted_at(s, notes.BACKED_UP_AT))
    assert last == START + timedelta(days=3)
    assert (folder / "notes.txt").exists()


def test_a_backup_of_a_missing_or_damaged_database_is_refused(tmp_path):
    missing = Database(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(NotFound):
        backup.backup(missing, tmp_path / "b.db")
    (tmp_path / "bad.db").write_bytes(backup.SQLITE_HEADER + b"\xff" * 5000)
    with pytest.raises(NotPossible):
        backup.backup(Database(f"sqlite:///{tmp_path / 'bad.db'}"), tmp_path / "b.db")
    assert not list(tmp_path.glob("b.db*"))


def test_a_backup_of_a_later_wismo_is_refused(sqlite_database, tmp_path):
    shop = make_shop(sqlite_database)
    file = tmp_path / "b.db"
    backup.backup(shop.engine.database, file)
    shop.close()
    opened = sqlite3.connect(file)
    opened.execute("UPDATE alembic_version SET version_num = 'r9999'")
    opened.commit()
    opened.close()
    with pytest.raises(NotPossible, match="later wismo"):
        restore(settings_for(sqlite_database), file)
    assert Path(sqlite_database.removeprefix("sqlite:///")).exists()


def test_without_its_programs_postgresql_is_refused_clearly(
    postgresql_database, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPossible, match="pg_dump is not installed"):
        backup.backup(Database(postgresql_database), tmp_path / "b")

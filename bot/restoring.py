"""Restoring: the database of then, in which nothing of the past goes out by itself again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.bridge import House
from bot.local import database_path, ownership
from bot.main import build, wall_clock
from bot.settings import Settings
from core.commands.setup import PauseMessages
from core.db import backup, machinery, setup
from core.db import house as notes
from core.db.connection import Database
from core.db.unit_of_work import UnitOfWork
from core.domain.access import system
from core.domain.values import dataclass
from core.engine import Caller
from core.worker import Worker


@dataclass(frozen=True, slots=True)
class Restored:
    """How many intents are held for a person, and where the database before was put."""

    held: int
    kept: Path | None


def restore(settings: Settings, file: Path) -> Restored:
    """Replace the database by a backup; refused while anybody uses it."""
    with ownership(database_path(settings.database_url)):
        database = Database(settings.database_url)
        try:
            kept = backup.restore(database, file, wall_clock())
        finally:
            database.close()
        house = build(settings)
        try:
            return Restored(hold(house), kept)
        finally:
            house.close()


def hold(house: House) -> int:
    """Plan what the past had not planned yet, then hold all of it, and pause all words."""
    from bot.duties import duties, make_hands

    async def plan_the_rest() -> None:
        hands = make_hands(house)
        nobody_acts = replace(duties(hands), executors={}, chores=())
        await Worker(house.engine, nobody_acts).until_idle()
        await hands.http.aclose()

    asyncio.run(plan_the_rest())
    now = house.clock()

    def work(uow: UnitOfWork) -> int:
        epoch = int(notes.get(uow.session, notes.EPOCH) or 0) + 1
        notes.put(uow, notes.EPOCH, str(epoch))
        notes.note_at(uow, notes.RESTORED_AT, now)
        return machinery.hold_everything(uow.session, now)

    held = house.engine.chore(work)
    for shop_id in house.engine.read(setup.shop_ids):
        house.engine.execute(PauseMessages(), Caller(system(shop_id, "restore"), "restore"))
    return held

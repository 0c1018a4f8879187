"""kill -9 under load: what was accepted is there once, what was promised to people is said once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.api.keys import make_key
from bot.sandbox.mailbox import Mail, Mailbox
from core.db import house, invariants
from core.db import tables as t
from core.db.connection import Database
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.integrations.calling import new_http
from core.integrations.secrets import seal_secrets
from tests.faults.lives import CONNECTION, HOOK_SECRET, KEY, Client, Server
from tests.shop import SHOP, Clock, make_shop

KILLS = int(os.environ.get("WISMO_KILLS", "25"))
CLIENTS = 6
LIFE_SECONDS = (0.3, 0.9)


@pytest.mark.anyio
async def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, rng: random.Random
) -> None:
    url = f"sqlite:///{tmp_path / 'wismo.db'}"
    key = make_key()
    furnish(url, key.prefix, key.hash)
    mailbox = Mailbox(lambda: datetime.now(UTC))
    async with (
        mailbox.smtp() as (_, smtp_port),
        Server(url, smtp_port).living() as server,
        new_http(5) as http,
    ):
        client = Client(f"http://127.0.0.1:{server.port}", key.key, rng, http)
        done = asyncio.Event()
        sending = [asyncio.create_task(_send(client, n, done)) for n in range(CLIENTS)]
        for _ in range(KILLS):
            await asyncio.sleep(rng.uniform(*LIFE_SECONDS))
            await server.kill()
        done.set()
        await asyncio.gather(*sending)
        await until_quiet(url)
    told = _verify(url, client, mailbox)
    told |= {"kills": server.deaths, "tries": client.tries}
    print(json.dumps(told))  # noqa: T201 (the soak's figures)


def furnish(url: str, prefix: str, hashed: str, kind: str = house.LIVE) -> None:
    shop = make_shop(url, stock=100_000, clock=Clock(datetime.now(UTC)))

    def settle(uow: UnitOfWork) -> None:
        house.settle_kind(uow, kind)
        uow.people.put(
            t.connection,
            {"id": CONNECTION},
            {
                "config": {"shop_domain": "nordlicht.example"},
                "secrets": seal_secrets({"webhook_secret": HOOK_SECRET}, [KEY]),
            },
        )
        uow.insert_now(
            t.api_key,
            {
                "id": 1,
                "shop_id": SHOP,
                "name": "faults",
                "prefix": prefix,
                "hash": hashed,
                "role": "lead",
                "created_at": micros(uow.now),
            },
        )

    shop.engine.chore(settle, SHOP)
    shop.close()


async def _send(client: Client, lane: int, done: asyncio.Event) -> None:
    count = 0
    while not done.is_set() or count == 0:
        number = str(100_000 * (lane + 1) + count)
        await client.order(number)
        if count % 3 == 0:
            await client.note(number)
        count += 1


async def until_quiet(url: str, seconds: float = 200) -> None:
    """Wait until the worker has said and done everything that is due soon, for as long as less
    and less is left: the last life may have died with its hands full, and a lease is a minute."""
    database = Database(url)
    least, deadline = None, time.monotonic() + seconds
    while (left := _left(database)) and time.monotonic() < deadline:
        if least is None or left < least:
            least, deadline = left, time.monotonic() + seconds
        await asyncio.sleep(0.2)
    database.close()
    assert not left, f"{left} events and messages still wait"


def _left(database: Database) -> int:
    b, v = t.outbox.c, t.event.c
    soon = micros(datetime.now(UTC)) + 200_000_000
    open_ = t.outbox.select().where(b.state.in_(("waiting", "leased")), b.kind.like("message.%"))
    with database.read() as session:
        waiting = session.select(open_.where(b.due_at <= soon))
        unplanned = session.select(t.event.select().where(v.position.is_(None)))
    return len(waiting) + len(unplanned)


def _message_id(mail: Mail) -> str:
    return next(v for k, v in mail.headers.items() if k.lower() == "message-id")


def _verify(url: str, client: Client, mailbox: Mailbox) -> dict[str, int]:
    database = Database(url)
    with database.read() as session:
        stored = Counter(row.number for row in session.select(t.orders.select()))
        notes = Counter(
            json.loads(row.data)["text"]
            for row in session.select(t.event.select().where(t.event.c.kind == "OrderNoted"))
        )
        unsaid = [
            (row.key, row.state, row.reason, row.attempts)
            for row in session.select(t.outbox.select().where(t.outbox.c.state != "done"))
        ]
        broken = [r for r in invariants.run(session) if not r.ok and r.severity == "violation"]
        unknown = sum(
            max(row.attempts - 1, row.unknown) for row in session.select(t.outbox.select())
        )
    database.close()
    assert len(client.accepted) > KILLS
    assert client.noted
    assert client.accepted <= set(stored), "accepted, and then lost"
    assert set(stored.values()) == {1}, "one order stands there twice"
    assert {f"note of {n}" for n in client.noted} <= set(notes)
    assert set(notes.values()) == {1}, "one key acted twice"
    assert broken == []
    # The shop itself is told of a store that cannot be reached, sooner or later.
    mails = [mail for mail in mailbox.mails if mail.recipients[0] != "hello@nordlicht.example"]
    sent = Counter(mail.recipients[0] for mail in mails)
    ids: dict[str, set[str]] = {}
    for mail in mails:
        ids.setdefault(mail.recipients[0], set()).add(_message_id(mail))
    assert set(sent) == {f"c{number}@example.org" for number in stored}, unsaid
    assert all(len(found) == 1 for found in ids.values()), "two different mails about one thing"
    again = sum(sent.values()) - len(sent)
    assert again <= unknown, "a mail was repeated although its end was known"
    return {"orders": len(stored), "notes": len(notes), "mails": len(sent), "repeated": again}

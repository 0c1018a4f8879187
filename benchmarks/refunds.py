"""Refunds whose answer is lost: the gateway accepts each, then the connection is cut.

Every refund is asked for once over a real socket; then the worker is gone. A new one first lists
what the gateway has, as the clock does every quarter of an hour, and then goes on with its work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import machine
from benchmarks.machine import Figures, Run
from bot.sandbox.shop.wire import Fault, served
from bot.sandbox.stripe.app import stripe_app
from bot.sandbox.stripe.model import Account as Stripe
from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.choosing import Units
from core.commands.orders import CancelOrder
from core.commands.payment_news import CapturePayment
from core.db import invariants, setup
from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.db.rows import micros
from core.domain.access import Actor, Role, system
from core.engine import Caller, Engine
from core.integrations.channels.shopify.access import Access
from core.integrations.payments import carrying
from core.integrations.payments.opening import Till
from core.integrations.payments.reconcile import reconcile
from core.integrations.secrets import seal_secrets
from core.worker import Duties, Worker

SHOP, STRIPE = 1, 7
KEYS = ("a-key-for-benchmarks-only-0123456789abcdef",)
COUNT, QUICK = 1_000, 100
LEAD = Caller(Actor(Role.LEAD, SHOP, "staff:ann", "Ann"), "slack")
MACHINE = Caller(system(SHOP, "channel"), "api")


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Scene:
    engine: Engine
    clock: Clock
    stripe: Stripe
    till: Till

    def worker(self) -> Worker:
        acts = carrying.executors("stripe", self.till.open)
        return Worker(self.engine, Duties(acts, lambda _uow, _fact: None, lambda _s, _d: None))

    def rows(self, table: Any) -> list[Any]:
        return self.engine.read(lambda session: list(session.select(table.select())))


def measure(run: Run) -> Figures:
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # each cut would be a line
    count = QUICK if run.quick else COUNT
    return machine.about(run.folder) | asyncio.run(lose_answers(run.folder, count))


async def lose_answers(folder: Path, count: int) -> Figures:
    """Lose `count` answers, find them again, and say what both books hold at the end."""
    clock = Clock()
    engine = _engine(folder / "refunds.db", clock)
    stripe = Stripe(clock)
    stripe.post.travel("dropped")  # no word of Stripe's own helps
    async with (
        httpx2.AsyncClient(timeout=20, trust_env=False) as http,
        served(stripe_app(stripe)) as base,
    ):
        till = Till(engine, http, KEYS, Access(engine, http, KEYS), base)
        scene = Scene(engine, clock, stripe, till)
        try:
            return await _play(scene, count)
        finally:
            engine.close()


async def _play(scene: Scene, count: int) -> Figures:
    began = time.perf_counter()
    await asyncio.to_thread(_owe, scene, count)
    scene.clock.now += timedelta(minutes=2)  # the undo window is over
    owed = time.perf_counter()
    scene.stripe.faults.script(Fault("refunds.create", "accept_then_drop", times=count))
    await scene.worker().step()
    while _parts(scene, "sent"):
        await scene.worker().step()
    lost = time.perf_counter()
    unknown = len(_parts(scene, "unknown"))
    shop = scene.engine.read(lambda session: setup.load_shop(session, SHOP))
    await reconcile(scene.till, shop)
    found = time.perf_counter()
    settled = len(_parts(scene, "refunded"))
    scene.clock.now += timedelta(hours=1)
    await scene.worker().until_idle()
    return {
        "refunds": count,
        "answers_lost": unknown,
        "settled_by_reconcile": settled,
        "refunds_at_gateway": len(scene.stripe.refunds),
        "doubles_at_gateway": len(scene.stripe.refunds) - len(_paid_once(scene)),
        "calls_to_refund": len(scene.stripe.transcript.of("refunds.create")),
        "money_at_gateway": sum(one.amount for one in scene.stripe.refunds.values()),
        "money_in_our_books": sum(row.refunded for row in scene.rows(t.orders)),
        "broken_sentences": len([x for x in scene.engine.read(invariants.run) if not x.ok]),
        "owe_seconds": round(owed - began, 1),
        "lose_seconds": round(lost - owed, 1),
        "reconcile_seconds": round(found - lost, 1),
    }


def _parts(scene: Scene, state: str) -> list[Any]:
    return [row for row in scene.rows(t.refund_part) if row.state == state]


def _paid_once(scene: Scene) -> set[str]:
    return {one.metadata["wismo_key"] for one in scene.stripe.refunds.values()}


# --- furnishing ----------------------------------------------------------------------------------


def _engine(file: Path, clock: Clock) -> Engine:
    database = Database(f"sqlite:///{file}")
    migrate(database)
    engine = Engine(database, clock)
    engine.chore(lambda uow: _furnish(uow, clock()), SHOP)
    return engine


def _furnish(uow: Any, now: datetime) -> None:
    at = micros(now - timedelta(days=30))
    uow.insert_now(
        t.shop,
        {"id": SHOP, "name": "Benchmark", "currency": "EUR", "mode": "live", "live_since": at}
        | {"created_at": at},
    )
    secrets = {"secret_key": "sk_test_sandbox", "webhook_secret": "whsec_sandbox"}
    uow.insert_now(
        t.connection,
        {"id": STRIPE, "shop_id": SHOP, "kind": "stripe", "name": "card", "created_at": at}
        | {"secrets": seal_secrets(secrets, KEYS)},
    )


def _owe(scene: Scene, count: int) -> None:
    """So many orders paid by card, and one of the two units of each canceled."""
    for n in range(1, count + 1):
        paid = scene.stripe.pay(2000 + n, order=f"B{n}", manual=False)
        told = CapturePayment("stripe", paid.id, paid.amount, paid.received)
        line = CaptureLine("card", 2, str(n), "Gift card", total=paid.amount, ships=False)
        order = CaptureOrder(
            f"b{n}", (line,), "EUR", scene.clock(), number=f"B{n}", payments=(told,)
        )
        for command, caller in ((order, MACHINE), (_cancel(n), LEAD)):
            receipt = scene.engine.execute(command, caller)
            if not receipt.ok:
                raise RuntimeError(receipt.sentence)


def _cancel(n: int) -> CancelOrder:
    return CancelOrder(f"B{n}", units=(Units("card", 1),))


if __name__ == "__main__":
    machine.run(__doc__, measure)

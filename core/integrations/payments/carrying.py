"""Refunds, captures and releases carried out at a gateway: look where it may have happened, act,
and tell the books what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from core.commands.collecting import SettleCollection
from core.commands.payouts import SettleRefundPart
from core.db import collections, refunds
from core.db.connection import Session
from core.domain.effects import Effect, Outcome, dead, done, later, unknown
from core.domain.shop import Connection, Mode, Shop
from core.domain.values import dataclass
from core.engine import Caller, Engine
from core.integrations.payments.port import (
    Busy,
    Gateway,
    GatewayProblem,
    Held,
    KeyRefused,
    NotReached,
    Owed,
    PaidBack,
    Refused,
    Unsure,
)

KEY_WAIT_SECONDS = 900.0
WATCHING = "watch mode: no money is moved"
OFF = "the connection is switched off"


@dataclass(frozen=True, slots=True)
class Account:
    """One gateway on one side, our engine on the other; `caller` is who speaks for it."""

    gateway: Gateway
    engine: Engine
    shop: Shop
    connection: Connection
    caller: Caller

    async def tell(self, command: Any) -> None:
        await asyncio.to_thread(self.engine.execute, command, self.caller)

    async def read(self, look: Callable[[Session], Any]) -> Any:
        return await asyncio.to_thread(self.engine.read, look)


Open = Callable[[Effect], Awaitable[Account]]
Work = Callable[[Account, Effect], Awaitable[Outcome]]


def executors(kind: str, open_: Open) -> Mapping[str, Callable[[Effect], Awaitable[Outcome]]]:
    """Kind of effect → who carries it out, for connections of this kind."""
    works: dict[str, Work] = {"refund": _refund, "capture": _capture, "release": _release}
    return {f"{kind}.{name}": partial(_carry_out, open_, work) for name, work in works.items()}


async def _carry_out(open_: Open, work: Work, effect: Effect) -> Outcome:
    """Every way a call can go wrong, as an outcome; what is certain or unknown is told first."""
    account = await open_(effect)
    if not await account.read(partial(_is_wanted, effect)):
        return done(already=True)
    try:
        _require_on(account, effect)
        return await work(account, effect)
    except Busy as problem:
        return later(str(problem), problem.seconds)
    except NotReached as problem:
        return later(str(problem))
    except KeyRefused as problem:
        return later(f"{problem}: enter a new one", KEY_WAIT_SECONDS)
    except Refused as problem:
        await account.tell(_verdict(effect, "failed", str(problem)))
        return dead(str(problem))
    except GatewayProblem as problem:  # Unsure
        await account.tell(_verdict(effect, "unknown", str(problem)))
        return unknown(str(problem))


def _is_wanted(effect: Effect, session: Session) -> bool:
    """Whether nobody has settled it meanwhile: what is settled is never asked for again."""
    if "part" in effect.payload:
        return refunds.is_part_open(session, effect.shop_id, effect.payload["part"])
    return collections.is_open(session, effect.shop_id, effect.payload["collection"])


def _require_on(account: Account, effect: Effect) -> None:
    """Raises Refused, or Unsure where it may have happened before this was switched off."""
    why = OFF if not account.connection.active else ""
    if account.shop.mode is Mode.WATCH:
        why = why or WATCHING
    if why:
        raise Unsure(why) if _may_be_there(effect) else Refused(why)


def _verdict(effect: Effect, state: Any, reason: str) -> Any:
    if "part" in effect.payload:
        return SettleRefundPart(effect.payload["part"], state, reason=reason)
    return SettleCollection(effect.payload["collection"], state, reason)


def _may_be_there(effect: Effect) -> bool:
    return effect.unknown_before or effect.attempt > 1


# --- refunds --------------------------------------------------------------------------------------


async def _refund(account: Account, effect: Effect) -> Outcome:
    """A refund that the gateway has under our key is not asked for a second time."""
    owed = owed_of(effect)
    made = await _find(account.gateway, owed) if _may_be_there(effect) else None
    if made is None:
        made = await account.gateway.refund(owed)
    if made.state == "failed":
        raise Refused(made.reason or "the gateway could not pay it out")
    part = effect.payload["part"]
    await account.tell(SettleRefundPart(part, "refunded", made.id))
    return done(refund=made.id)


async def _find(gateway: Gateway, owed: Owed) -> PaidBack | None:
    """One that failed there does not count: it may be asked for under a key of its own only."""
    found = await gateway.refunds_of(owed.payment)
    return next((one for one in found if one.key == owed.key), None)


def owed_of(effect: Effect) -> Owed:
    told = effect.payload
    units: dict[str, int] = {}
    for item in told.get("items", ()):
        if item.get("line") and item.get("kind") == "line":
            units[item["line"]] = units.get(item["line"], 0) + item["quantity"]
    return Owed(
        payment=told.get("payment_external") or told.get("order_external") or "",
        order=told["order"],
        amount=told["amount"],
        currency=told["currency"],
        key=effect.key,
        note=told.get("note") or "",
        units=units,
    )


# --- captures and releases ------------------------------------------------------------------------


async def _capture(account: Account, effect: Effect) -> Outcome:
    """A payment of which as much was taken as we wanted to reach has been captured already."""
    told = effect.payload
    payment, goal = told["payment_external"], told["before"] + told["amount"]
    held = await account.gateway.look(payment) if _may_be_there(effect) else None
    if held is None or held.captured < goal:
        _require_open(held)
        held = await account.gateway.capture(
            payment, told["amount"], told["currency"], effect.key, last=told["last"]
        )
    return await _settled(account, effect, held)


async def _release(account: Account, effect: Effect) -> Outcome:
    payment = effect.payload["payment_external"]
    held = await account.gateway.look(payment)
    if held.is_open:
        held = await account.gateway.release(payment, effect.key)
    return await _settled(account, effect, held)


def _require_open(held: Held | None) -> None:
    if held is not None and not held.is_open:
        raise Refused("nothing is set aside there any more")


async def _settled(account: Account, effect: Effect, held: Held) -> Outcome:
    await account.tell(SettleCollection(effect.payload["collection"], "done"))
    return done(captured=held.captured)

"""What happened at gateways without a word to us: listed, compared, and told to the books."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from core.commands.payouts import SettleRefundPart
from core.db import answers, channels
from core.domain.refusals import Unavailable
from core.domain.shop import Shop
from core.domain.values import dataclass
from core.integrations.payments.carrying import Account
from core.integrations.payments.opening import Till
from core.integrations.payments.port import GatewayProblem, PaidBack
from core.integrations.payments.stripe import Stripe
from core.integrations.payments.stripe_hooks import payment_news, refund_news

OVERLAP = timedelta(hours=1)
FIRST_LOOK = timedelta(days=2)
MARK = "refunds_to"


@dataclass(frozen=True, slots=True)
class Compared:
    """How a look at a gateway went: refunds it told of, and parts of ours that found theirs."""

    told: int = 0
    found: int = 0

    def __str__(self) -> str:
        return f"{self.told} refunds told, {self.found} answers found"


async def reconcile(till: Till, shop: Shop) -> str:
    """Every account of a shop; one without an answer must not keep the others from being asked."""
    said, failed = [], []
    for connection in shop.connections.values():
        if connection.kind not in ("stripe", "shopify") or not connection.active:
            continue
        account = till.account(shop, connection)
        try:
            said.append(f"{connection.name}: {await compare(account)}.")
        except GatewayProblem as problem:
            failed.append(f"{connection.name}: {problem}.")
    if failed:
        raise Unavailable(" ".join([*failed, *said]), "It is tried again in a quarter of an hour.")
    return " ".join(said)


async def compare(account: Account) -> Compared:
    """What this gateway has that we were not told; and what became of that which has no answer."""
    told = await _new_refunds(account) if isinstance(account.gateway, Stripe) else 0
    await _open_payments(account)
    return Compared(told, await _without_answer(account))


async def _new_refunds(account: Account) -> int:
    """Refunds since the last look, once more with an hour of overlap; equal news are one."""
    gateway = account.gateway
    if not isinstance(gateway, Stripe):
        return 0
    began, count = account.engine.clock(), 0
    async for one in gateway.refunds_since(await _mark(account) - OVERLAP):
        await account.tell(refund_news(account.connection.id, one))
        count += 1
    await _remember(account, began)
    return count


async def _mark(account: Account) -> datetime:
    state, since = await account.read(
        lambda session: channels.state_of(session, account.connection.id)
    )
    found = state.get(MARK)
    first: datetime = max(since, account.engine.clock() - FIRST_LOOK)
    return datetime.fromisoformat(found) if found else first


async def _remember(account: Account, mark: datetime) -> None:
    facts = {MARK: mark.isoformat()}
    await asyncio.to_thread(
        account.engine.chore,
        lambda uow: channels.remember(uow, account.connection.id, **facts),
        account.shop.id,
    )


# --- what has no answer ---------------------------------------------------------------------------


async def _without_answer(account: Account) -> int:
    """Our refunds of which nobody said what became: the gateway has them under our key, or not."""
    waiting = await account.read(
        lambda session: answers.parts_without_answer(session, account.connection.id)
    )
    lists: dict[str, list[PaidBack]] = {}
    found = 0
    for part_id, key, payment in waiting:
        if payment not in lists:
            lists[payment] = await account.gateway.refunds_of(payment)
        own = next((one for one in lists[payment] if one.key == key), None)
        if own is not None:
            await account.tell(_verdict(part_id, own))
            found += 1
    return found


def _verdict(part_id: int, own: PaidBack) -> SettleRefundPart:
    if own.state == "failed":
        return SettleRefundPart(part_id, "failed", own.id, own.reason)
    return SettleRefundPart(part_id, "refunded", own.id)


async def _open_payments(account: Account) -> None:
    """Payments of which a capture has no answer, or which lapse: as the gateway has them now."""
    now = account.engine.clock()
    names = await account.read(
        lambda session: answers.payments_in_doubt(session, account.connection.id, now)
    )
    for name in names:
        held = await account.gateway.look(name)
        await account.tell(payment_news(account.connection.id, replace(held, order="")))

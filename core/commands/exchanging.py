"""Exchanges: goods come back and others go out, in one step; what arrived pays for what leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from core.commands.choosing import Units, by_sku, in_words
from core.commands.disputing import asked_back
from core.commands.exchange_money import require_open
from core.commands.exchange_steps import go_on
from core.commands.orders import CancelOrder
from core.commands.orders import cancel as cancel_order
from core.commands.owing import items_for
from core.commands.placing import open_short_case, open_unknown_case, place
from core.commands.replacing import Sure, copy_of, free_number
from core.commands.return_decisions import ApproveReturn, CancelReturn, approve
from core.commands.return_decisions import cancel as cancel_return
from core.commands.returned_money import pay_for
from core.commands.returns import RequestReturn, ReturnedLine, request_return
from core.db import exchanges, links
from core.db.changes import articles_of
from core.db.shelf import find_product
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, demand
from core.domain.cases import CaseKind
from core.domain.exchanges import (
    Exchange,
    ExchangeState,
    Price,
    catalog_price,
    kept_price,
    line_of,
    read_wanted,
    require_known,
)
from core.domain.holds import Hold, HoldReason
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible
from core.domain.returns import ReturnReason, Rma, RmaStatus, Wish
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

CHANNEL = "exchange"
_RETURN = re.compile(r"#?R\S*\d-\d{1,3}", re.IGNORECASE)
_LINE_FOR = re.compile(r"(\S+)\s+((?:for|against|gegen)\s.+)", re.IGNORECASE)


class Goes(StrEnum):
    """The new goods wait for the old ones, unless they go first."""

    FIRST = "first"


@dataclass(frozen=True, slots=True)
class ExchangeOrder:
    """Take delivered units back and send others for them: they are reserved at once, and leave
    when the old ones have arrived, or `first`. Instead of an order it may be a return's number.

    What the customer's bank has asked back goes first only with `again`.
    """

    order: Annotated[str, Arg.ORDER]
    new: Annotated[str, Arg.TEXT]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    goes: Annotated[Goes | None, Arg.CHOICE] = None
    sure: Annotated[Sure | None, Arg.CHOICE] = None


@command(
    "exchange",
    ExchangeOrder,
    Right.RETURN_REQUEST,
    aliases=("swap",),
    examples=(
        "exchange 1001 mug-red 1 for mug-blue",
        "exchange 1001 mug-red 1 size_too_small first for mug-blue 1, card 1",
        "exchange R1001-1 for mug-blue",
    ),
)
def exchange(ask: ExchangeOrder, uow: UnitOfWork) -> Done:
    if _RETURN.fullmatch(ask.order.strip()) and not ask.units:
        return exchange_return(ExchangeReturn(ask.order, ask.new, ask.goes, ask.sure), uow)
    lines = tuple(ReturnedLine(each.line, each.quantity) for each in ask.units)
    if not lines and (said := _LINE_FOR.match(ask.new.strip())):
        lines = (ReturnedLine(said[1]),)
        ask = replace(ask, new=said[2])
    wanted = RequestReturn(ask.order, reason=ask.reason, wish=Wish.EXCHANGE, lines=lines)
    done = request_return(uow, wanted)
    rma = uow.returns.get(str(done.facts["return"]))
    if rma.status is RmaStatus.REJECTED:
        raise NotPossible(f"This cannot be exchanged: {rma.decision}", "Ask a lead, or say no.")
    done = _begin(uow, rma, ask)
    uow.undo = CancelExchange(str(done.facts["order"]))
    return done


@dataclass(frozen=True, slots=True)
class ExchangeReturn:
    """Send other goods for a return that is there already."""

    number: Annotated[str, Arg.RETURN]
    new: Annotated[str, Arg.TEXT]
    goes: Annotated[Goes | None, Arg.CHOICE] = None
    sure: Annotated[Sure | None, Arg.CHOICE] = None


@command(
    "exchange return",
    ExchangeReturn,
    Right.RETURN_REQUEST,
    examples=("exchange return R1001-1 for mug-blue",),
)
def exchange_return(ask: ExchangeReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    _require_free(uow, rma)
    if rma.wish is not Wish.EXCHANGE:
        rma = uow.returns.save(rma, replace(rma, wish=Wish.EXCHANGE))
    return _begin(uow, rma, ask)


def _require_free(uow: UnitOfWork, rma: Rma) -> None:
    if exchanges.exchange_of(uow.session, rma.id) is not None:
        raise NotPossible(f"Return {rma.number} is exchanged already.", "Look at its order.")
    if rma.status in (RmaStatus.REJECTED, RmaStatus.CANCELED, RmaStatus.EXPIRED):
        raise NotPossible(f"Return {rma.number} is {rma.status.value}.", "Start a new one.")
    if any(line.paid for line in rma.lines):
        raise NotPossible(
            f"Money for return {rma.number} is on its way already.", "Look at its refunds."
        )


def _begin(uow: UnitOfWork, rma: Rma, ask: ExchangeOrder | ExchangeReturn) -> Done:
    order, goes = uow.orders.by_id(rma.order_id), ask.goes
    rma = _decided(uow, rma, goes)
    if goes is Goes.FIRST and ask.sure is None:
        _require_no_chargeback(uow, order)
    prices = _prices(uow, order, rma, ask.new)
    new = _make(uow, order, rma, prices, is_held=goes is not Goes.FIRST)
    days = timedelta(days=int(uow.shop.policy["exchange_days"]))
    begun = Exchange(
        id=uow.new_id(),
        rma_id=rma.id,
        order_id=order.id,
        new_order_id=new.id,
        state=ExchangeState.OPEN,
        moved=0,
        at=uow.now,
        deadline=uow.now + days if goes is Goes.FIRST else None,
    )
    exchanges.add(uow, begun)
    _tell(uow, order, rma, new, goes)
    links.add(uow, links.EXCHANGES, order.id, new.id, {"return": rma.number})
    return _done(order, rma, new, goes)


def _require_no_chargeback(uow: UnitOfWork, order: Order) -> None:
    """Raises NotPossible (confirm): a customer may get the money and both goods."""
    if said := asked_back(uow, order):
        raise NotPossible(
            said,
            "Let the old goods come first, without `first`. If the new ones have to go now all "
            "the same, write `again` behind `first`.",
            code="confirm",
        )


def _decided(uow: UnitOfWork, rma: Rma, goes: Goes | None) -> Rma:
    """Whoever may decide about returns has decided by exchanging it; others wait for them. Goods
    that go first are trusted to the customer, whatever our rules say of the return."""
    if goes is Goes.FIRST:
        demand(uow.actor, Right.RETURN_DECIDE)
    if rma.status is not RmaStatus.REQUESTED or not uow.actor.may(Right.RETURN_DECIDE):
        return rma
    approve(ApproveReturn(rma.number, "exchanged"), uow)
    return uow.returns.by_id(rma.id)


def _tell(uow: UnitOfWork, order: Order, rma: Rma, new: Order, goes: Goes | None) -> None:
    back = {line.line_id: line.quantity - line.declined for line in rma.lines}
    forth = {line.sku: line.ordered for line in new.bought}
    is_first = goes is Goes.FIRST
    fact = e.ExchangeOpened(new.number, rma.number, by_sku(order, back), forth, is_first)
    uow.emit(order.id, fact)
    uow.cases.close(CaseKind.RETURN_SWAP, f"return:{rma.id}", f"exchanged: order {new.number}")


def _done(order: Order, rma: Rma, new: Order, goes: Goes | None) -> Done:
    forth = in_words({line.sku: line.ordered for line in new.bought})
    when = "now" if goes is Goes.FIRST else f"when return {rma.number} has arrived"
    short = sum(line.backordered for line in new.lines)
    waits = f" {short} of them wait for stock." if short else ""
    facts = {"order": new.number, "original": order.number, "exchanged": rma.number}
    go = "goes" if sum(line.ordered for line in new.bought) == 1 else "go"
    return Done(f"{forth} {go} out as {new.number} {when}.{waits}", {**facts, "total": new.total})


# --- the new goods -------------------------------------------------------------------------------


def _prices(uow: UnitOfWork, order: Order, rma: Rma, words: str) -> list[Price]:
    """What is wanted, at the price that the shop's policy says."""
    units = {x.line_id: x.quantity - x.declined for x in rma.lines if x.quantity > x.declined}
    wanted = read_wanted(words, sum(units.values()))
    found = [(_exact(uow, sku), count) for sku, count in wanted]
    articles = articles_of(uow, sorted({sku for sku, _ in found}))
    prices = []
    for sku, count in found:
        article = articles.get(sku)
        title = require_known(sku, article.title if article else None)
        each = article.price if article else 0
        prices.append(catalog_price(order, sku, title, count, each))
    if len(prices) == 1 and uow.shop.policy["exchange_price"] == "kept":
        return [kept_price(order, prices[0], items_for(uow, order, units))]
    return prices


def _exact(uow: UnitOfWork, word: str) -> str:
    product = find_product(uow.session, uow.shop.id, word)
    return product.sku if product else word


def _make(
    uow: UnitOfWork, order: Order, rma: Rma, prices: Iterable[Price], *, is_held: bool
) -> Order:
    """The order of the new goods, routed and reserved like any other."""
    lines = tuple(line_of(price, uow.new_id(), n) for n, price in enumerate(prices, 1))
    number = free_number(uow, order, "X")
    total, tax = sum(x.total for x in lines), sum(x.tax for x in lines)
    uow.write_rows()
    uow.founding = True
    new = replace(
        copy_of(order, uow.new_id(), number, CHANNEL),
        lines=lines,
        subtotal=sum(line.net for line in lines),
        discount=sum(line.discount for line in lines),
        tax=tax,
        total=total,
        placed_at=uow.now,
        captured_at=uow.now,
        extra={name: words for name, words in order.extra.items() if name != "status_url"},
    )
    uow.emit(new.id, e.ExchangeMade(order.number, rma.number))
    new = place(uow, new)
    uow.orders.add(_held(uow, new, rma) if is_held else Change(new))
    if any(line.backordered for line in new.lines):
        open_short_case(uow, new)
    if any(line.unplaced > 0 for line in new.lines):
        open_unknown_case(uow, new)
    return new


def _held(uow: UnitOfWork, new: Order, rma: Rma) -> Change[Order]:
    note = f"return {rma.number} has not arrived"
    return new.hold(Hold(uow.new_id(), HoldReason.EXCHANGE, note, uow.actor.name, uow.now))


# --- neither, after all --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CancelExchange:
    """Take an exchange back, both sides of it, while nothing has arrived and nothing has left."""

    order: Annotated[str, Arg.ORDER]


@command(
    "cancel exchange",
    CancelExchange,
    Right.CANCEL,
    risk=Risk.IRREVERSIBLE,
    examples=("cancel exchange 1001-X1",),
)
def cancel_exchange(ask: CancelExchange, uow: UnitOfWork) -> Done:
    new = uow.orders.get(ask.order)
    found = require_open(uow, new)
    rma = uow.returns.by_id(found.rma_id)
    if rma.has_begun:
        raise NotPossible(
            f"Return {rma.number} has begun to arrive.",
            f"Cancel the new goods, `cancel {new.number}`, and its money is paid out.",
        )
    if not new.is_canceled:
        cancel_order(CancelOrder(new.number, "the exchange was canceled"), uow)
    if rma.status in (RmaStatus.REQUESTED, RmaStatus.APPROVED):
        cancel_return(CancelReturn(rma.number), uow)
    exchanges.save(uow, found, replace(found, state=ExchangeState.CANCELED))
    uow.emit(found.order_id, e.ExchangeCanceled(new.number, f"by {uow.actor.name}"))
    uow.undo = None
    return Done(f"Exchange {new.number} is canceled.", {"order": new.number, "return": rma.number})


# --- by the clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettleExchanges:
    """See what open exchanges need, whatever has happened to either side of them."""


@command("settle-exchanges", SettleExchanges, Right.MACHINERY, in_chat=False)
def settle(_: SettleExchanges, uow: UnitOfWork) -> Done:
    moved = 0
    for order_id, rma_id in exchanges.moving_exchanges(uow):
        order = uow.orders.own(order_id)
        rma, _owed = pay_for(uow, order, uow.returns.by_id(rma_id))
        moved += go_on(uow, rma)
    return Done(f"{moved} exchanges went on.", {"moved": moved})

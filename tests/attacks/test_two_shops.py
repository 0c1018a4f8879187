"""Two shops in one database: whatever one says, with any name or id of the other, it is a no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import MISSING, fields, replace
from itertools import cycle, islice
from typing import Any, get_type_hints

import pytest

from core.commands.arrivals import ExpectStock
from core.commands.capture import CaptureLine
from core.commands.choosing import Units
from core.commands.claims import ClaimOrder
from core.commands.crediting import AddCredit
from core.commands.documents import IssueInvoice
from core.commands.edits import EditOrder
from core.commands.exchanging import ExchangeOrder
from core.commands.fulfillment import ShipWork
from core.commands.holds import HoldOrder
from core.commands.imports import ImportedRow, ImportProducts
from core.commands.refunding import RefundOrder
from core.commands.returns import RequestReturn
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Actor, Role, system
from core.domain.claims import ClaimReason, Remedy
from core.domain.refusals import Invalid, Refusal
from core.domain.stock import Move, StockMove
from core.engine import Caller
from core.registry import COMMANDS, QUESTIONS, Spec
from tests.attacks.fortress import CANARY, OTHER_SHOP, OTHER_SHOPIFY, Fortress, fortress
from tests.shop import SHOP

pytestmark = pytest.mark.anyio
THEIRS = Caller(Actor(Role.OWNER, OTHER_SHOP, "staff:otto", CANARY), "slack")
OURS = (
    Caller(Actor(Role.OWNER, SHOP, "staff:olga", "Olga"), "slack"),
    Caller(system(SHOP, "channel"), "webhook"),
)
TRACKING = "00340434161094000009"
NAMES = (
    "X-77",
    "X-78",
    "X-78-1",
    "gid-X-77",
    TRACKING,
    "PO-THEIRS",
    f"{CANARY}@x.org",
    "ZRH",
    "RX-78-1",
    "CLX-78-1",
    "X-78-X1",
    "INV-00001",
)
ONE = (Units("secret-sku", 1),)
SLOW = {"refresh_holidays", "simulate_rules", "set_up_shop"}  # nothing of them names a thing
LOGS = {"audit", "taken_back", "outbox", "counter", "attempt", "job_slot"}


@pytest.fixture
async def fort(sqlite_database: str) -> AsyncIterator[Fortress]:
    async with fortress(sqlite_database) as made:
        _live(made)
        yield made


def _live(fort: Fortress) -> None:
    """The other shop has one of almost everything."""
    engine = fort.shop.engine
    goods = ImportProducts((ImportedRow(2, "secret-sku", {"title": CANARY}),))
    assert engine.execute(goods, THEIRS).ok
    shelf = [StockMove(Move.RECEIVE, "secret-sku", 91, 20, reason="opening stock")]
    engine.chore(lambda uow: uow.stock.move(shelf), OTHER_SHOP)
    channel = Caller(system(OTHER_SHOP, "channel"), "webhook")
    for number in ("X-77", "X-78"):
        told = {"email": f"{CANARY}@x.org", "customer_name": CANARY, "captured": 3 * 1990}
        order = fort.shop.order(number, **told)
        line = CaptureLine("secret-sku", 3, f"{number}-1", CANARY, 1990)
        assert engine.execute(
            replace(order, connection_id=OTHER_SHOPIFY, lines=(line,)), channel
        ).ok
    for command in (
        HoldOrder("X-77", note=CANARY),
        EditOrder("X-77", "secret-sku 1"),
        ShipWork("X-78", "DHL", TRACKING),
        DeliverParcel("X-78"),
        RequestReturn("X-78", "secret-sku", 1),
        ClaimOrder("X-78", ClaimReason.DAMAGED, ONE, Remedy.REFUND),
        ExchangeOrder("X-78", "for secret-sku", ONE),
        RefundOrder("X-77", reason=f"5.00 {CANARY}"),
        IssueInvoice("X-78"),
        AddCredit("X-78", "7.00", CANARY),
        ExpectStock("secret-sku", "zrh", 5, reference="PO-THEIRS"),
    ):
        receipt = engine.execute(command, THEIRS)
        assert receipt.ok, receipt


def _theirs(fort: Fortress) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the other shop; of tables that name no shop, every row."""

    def read(session: Any) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for table in t.metadata.sorted_tables:
            if table.name not in LOGS and "shop_id" in table.c:
                clause = table.select().where(table.c.shop_id == OTHER_SHOP)
                found[table.name] = sorted(map(tuple, session.select(clause)), key=str)
        return found

    return fort.shop.engine.read(read)


def _ids(fort: Fortress) -> list[int]:
    """The last id of each table in which the other shop has rows."""
    found = {
        name: fort.shop.rows(t.metadata.tables[name], shop_id=OTHER_SHOP)[-1].get("id")
        for name, rows in _theirs(fort).items()
        if rows
    }
    commands = fort.shop.rows(t.audit, shop_id=OTHER_SHOP)
    return [*filter(None, found.values()), commands[-1]["command_id"]]


def _said(spec: Spec, ids: list[int]) -> Iterator[Any]:
    """The command or question with every name and every id, each once where it makes no odds."""
    seen = set()
    for name, number in islice(zip(cycle(NAMES), cycle(ids)), max(len(NAMES), len(ids))):
        try:
            asked = spec.read(_arguments(spec, name, number))
        except Invalid:
            continue
        if repr(asked) not in seen:
            seen.add(repr(asked))
            yield asked


def _arguments(spec: Spec, name: str, number: int) -> dict[str, Any]:
    hints = get_type_hints(spec.shape)
    told: dict[str, Any] = {}
    for each in fields(spec.shape):
        kind = str(hints[each.name])
        needed = each.default is MISSING and each.default_factory is MISSING
        if "datetime" in kind:
            told |= {each.name: "2026-12-01T00:00:00Z"} if needed else {}
        elif hints[each.name] is int or kind == "int | None":
            told[each.name] = number
        elif hints[each.name] is str or kind == "str | None":
            told[each.name] = name
        elif kind.startswith("tuple[str"):
            told[each.name] = [name]
    return told


def _heard(ask: Callable[[Any, Caller], Any], what: Any, caller: Caller) -> str:
    """The answer or the no, without the address that the attacker has written there."""
    try:
        told = str(ask(what, caller))
    except Refusal as refusal:
        told = str(refusal)
    return told.replace(f"{CANARY}@x.org", "")


async def test_no_command_of_one_shop_moves_a_row_of_the_other(fort: Fortress) -> None:
    before, ids = _theirs(fort), _ids(fort)
    assert len(ids) > 15
    tried = 0
    for name, spec in COMMANDS.items():
        for command in () if name in SLOW else _said(spec, ids):
            for caller in OURS:
                told = _heard(fort.shop.engine.execute, command, caller)
                tried += 1
                assert CANARY not in told, command
        assert _theirs(fort) == before, name
    assert tried > 1000


async def test_no_question_of_one_shop_shows_a_word_of_the_other(fort: Fortress) -> None:
    ids = _ids(fort)
    for name, spec in QUESTIONS.items():
        for asked in () if name in SLOW else _said(spec, ids):
            for caller in OURS:
                told = _heard(fort.shop.engine.query, asked, caller)
                assert CANARY not in told, asked


async def test_the_step_of_another_shop_is_not_taken_back(fort: Fortress) -> None:
    """Not even by somebody who is called the same there."""
    receipt = fort.shop.engine.execute(HoldOrder("X-77", note="again"), THEIRS)
    namesake = Caller(replace(THEIRS.actor, shop_id=SHOP), "slack")
    before = _theirs(fort)
    refused = fort.shop.engine.execute(UndoLast(receipt.command_id), namesake)
    assert refused.code == "not_possible"
    assert _theirs(fort) == before

"""Stock as people write and read it: what is typed, and how a card looks at the end of a shift."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from bot.grammar import Ask, Desk, Question, parse
from bot.presentation.plain import as_text
from bot.presentation.views import card_for
from core.commands.arrivals import ExpectStock, LoseExpected, ReceiveAll, ReceiveStock
from core.commands.aside import Aside, SellAgain, SetAside, WriteOffStock
from core.commands.channel_stock import KeepBackStock, plan_stock_pushes
from core.commands.stock import AdjustStock, SetBuffer, SetSafety
from core.commands.transfers import CancelTransfer, PlanTransfer, SendTransfer
from core.db.channels import set_told
from core.db.rows import micros
from core.domain.access import Actor, Role
from core.queries.channel_stock import ShowAvailability
from core.queries.incoming import ListExpected, ListTransfers
from core.queries.ledger import ShowLedger
from core.queries.stock import ShowStock
from tests.shop import BER, SHOP, SHOPIFY, START, Shop, make_shop, staff

FRIDAY = date(2026, 11, 27)
ANN = Actor(Role.LEAD, SHOP, "staff:ann", "Ann")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def desk(shop: Shop) -> Desk:
    known = shop.engine.chore(lambda uow: uow.shop, SHOP)
    return Desk.at(known, ANN, shop.clock())


TYPED = [
    ("expect mug-red ber 50 fri PO-7731", ExpectStock("mug-red", "BER", 50, FRIDAY, "PO-7731")),
    ("expect mug-red ber 50 by 27 nov PO-1", ExpectStock("mug-red", "BER", 50, FRIDAY, "PO-1")),
    (
        "expect mug-red in berlin 50 PO-7731 Weber KG",
        ExpectStock("mug-red", "BER", 50, None, "PO-7731", "Weber KG"),
    ),
    ("expect mug-red ber 50", ExpectStock("mug-red", "BER", 50)),
    ("receive mug-red ber 24 PO-7731", ReceiveStock("mug-red", "BER", 24, "PO-7731")),
    ("arrived T-1", ReceiveAll("T-1")),
    ("arrived PO-7731 ber", ReceiveAll("PO-7731", "BER")),
    (
        "missing T-1 mug-red 2 lost in transit",
        LoseExpected("T-1", "mug-red", 2, reason="lost in transit"),
    ),
    (
        "missing PO-7731 all supplier sold out",
        LoseExpected("PO-7731", "all", reason="supplier sold out"),
    ),
    ("transfer mug-red 5 from ber to ham", PlanTransfer("mug-red", 5, "BER", "HAM")),
    (
        "transfer mug-red 5 ber ham fri low there",
        PlanTransfer("mug-red", 5, "BER", "HAM", FRIDAY, "low there"),
    ),
    ("dispatch T-1", SendTransfer("T-1")),
    ("cancel transfer T-1", CancelTransfer("T-1")),
    (
        "aside mug-red ber 2 damaged dropped",
        SetAside("mug-red", "BER", 2, Aside.DAMAGED, "dropped"),
    ),
    ("sell again mug-red ber 2 quality", SellAgain("mug-red", "BER", 2, Aside.QUALITY)),
    ("write-off mug-red ber 3 thrown away", WriteOffStock("mug-red", "BER", 3, "thrown away")),
    ("buffer mug-red ham 2", SetBuffer("mug-red", "HAM", 2)),
    ("keep-back 2 nordlicht", KeepBackStock("2", "nordlicht")),
    ("keep-back 10% nordlicht mug-red", KeepBackStock("10%", "nordlicht", "mug-red")),
]
ASKED = [
    ("ledger mug-red ber", ShowLedger("mug-red", "BER")),
    ("expected", ListExpected()),
    ("expected ber", ListExpected("BER")),
    ("expected PO-7731", ListExpected("", "PO-7731")),
    ("transfers", ListTransfers()),
    ("transfers T-1", ListTransfers("T-1")),
    ("availability mug-red", ShowAvailability("mug-red")),
]


@pytest.mark.parametrize(("text", "command"), TYPED, ids=[text for text, _ in TYPED])
def test_a_line_becomes_its_command(shop, text, command):
    heard = parse(text, desk(shop))
    assert isinstance(heard, Ask), heard
    assert heard.commands == (command,)


@pytest.mark.parametrize(("text", "question"), ASKED, ids=[text for text, _ in ASKED])
def test_a_line_becomes_its_question(shop, text, question):
    heard = parse(text, desk(shop))
    assert isinstance(heard, Question), heard
    assert heard.asked == (question,)


def shown(shop: Shop, question) -> str:
    return as_text(card_for(shop.ask(question), question, desk(shop)))


def test_the_stock_card_fits_a_phone_at_the_end_of_a_shift(shop):
    shop.place(1001, ("mug-red", 4))
    shop.do(SetSafety("mug-red", "ham", 2))
    shop.do(SetAside("mug-red", "ber", 1, Aside.DAMAGED, "dropped"))
    shop.do(ExpectStock("mug-red", "ber", 50, FRIDAY, "PO-7731"))
    shop.do(PlanTransfer("mug-red", 3, "ham", "ber"))
    shop.do(SendTransfer("T-1"))
    assert shown(shop, ShowStock("mug-red")) == "\n".join(
        (
            "mug-red (Mug-Red): 10 available",
            "  Available  10",
            "  On hand    16",
            "  Reserved   4",
            "  Coming     53",
            "  BER: 5 available (9 on hand, 4 reserved, 1 damaged, 53 incoming)",
            "  HAM: 5 available (7 on hand, 0 reserved, 2 kept back)",
            "  Coming:",
            "    50 at BER, Fri 27 Nov: PO-7731",
            "    3 at BER: T-1 from HAM",
            "  Last moves:",
            "    just now: 3 units expected at BER — T-1",
            "    just now: 3 units sent to another location at HAM — T-1",
            "    just now: 3 units promised at HAM — T-1 to BER",
            "    just now: 50 units expected at BER — PO-7731",
            "    just now: 1 unit damaged at BER — dropped",
            "  [Correct Stock…] [Show Ledger]",
        )
    )


def test_the_ledger_reads_as_a_story(shop):
    shop.place(1001, ("mug-red", 4))
    shop.do(AdjustStock("mug-red", "ber", -2, "broken"), staff(Role.WAREHOUSE, "Bo"))
    assert shown(shop, ShowLedger("mug-red", "ber")).splitlines()[:3] == [
        "Ledger of mug-red (Mug-Red) at BER",
        "   1. today 10:00 · -2 units corrected → 8 on hand · broken · Bo (slack)",
        "   2. today 10:00 · 4 units promised → 4 reserved · 1001 · channel (webhook)",
    ]


def test_transfers_and_what_is_expected_offer_the_next_step(shop):
    shop.do(PlanTransfer("mug-red", 3, "ham", "ber", reason="low there"))
    planned = shown(shop, ListTransfers("T-1"))
    assert planned.splitlines()[0] == "Transfer T-1: HAM to BER, waits at HAM"
    assert "[It Has Left] [Cancel Transfer]" in planned
    shop.do(SendTransfer("T-1"))
    assert "3 × mug-red at BER: T-1 from HAM" in shown(shop, ListExpected())
    assert "[T-1 Arrived]" in shown(shop, ListExpected())
    assert "[T-1 Arrived]" in shown(shop, ListTransfers())


def test_nothing_on_its_way_is_said(shop):
    assert "Nothing is on its way." in shown(shop, ListExpected())
    assert "Nothing travels between locations." in shown(shop, ListTransfers())


def test_availability_shows_what_a_channel_was_told_and_when(shop):
    shop.do(KeepBackStock("2", "nordlicht"))
    shop.engine.chore(plan_stock_pushes, SHOP)
    shop.clock.advance(seconds=3)

    def tell(uow) -> None:
        set_told(uow, SHOPIFY, "mug-red", BER, 8, micros(START))

    shop.engine.chore(tell, SHOP)
    assert shown(shop, ShowAvailability("mug-red")) == "\n".join(
        (
            "mug-red (Mug-Red): 20 for channels",
            "  Available     20",
            "  For channels  20",
            "  nordlicht: 18, 2 kept back:",
            "    BER: 8, told just now after 3.0 s",
            "    HAM: 10, not told yet",
            "  [Show Stock]",
        )
    )

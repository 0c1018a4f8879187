"""Labels of returns: bought once whatever happens on the wire, given out, and given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from bot import desk
from bot.papers import paper_behind
from bot.presentation.model import Card
from bot.sandbox.easypost import Account, easypost_app
from bot.sandbox.shop.wire import Fault
from core.commands.label_buying import BuyReturnLabel, VoidReturnLabel, plan_label
from core.commands.return_decisions import CancelReturn
from core.commands.returns import RequestReturn
from core.commands.tracking import RecordTracking
from core.db import tables as t
from core.domain.access import Role
from core.domain.tracking import event
from core.domain.tracking_codes import read
from core.integrations.carriers.buying import Counter
from core.integrations.secrets import seal_secrets
from core.queries.margin import ShowMargin
from core.worker import Duties, Worker
from notifications.plan import plan
from tests.commands.test_returns import deliver
from tests.shop import BER, CHANNEL, HAM, SHOP, VIE, staff
from tests.shopify import Town, Wire, make_town

pytestmark = pytest.mark.anyio


@dataclass
class Post:
    """`account` is the carrier's side; order 1001 of two mugs has arrived at its customer."""

    town: Town
    account: Account
    counter: Counter

    @property
    def shop(self) -> Any:
        return self.town.shop

    async def work(self, minutes: int = 2) -> None:
        self.shop.clock.advance(minutes=minutes)

        def planner(uow: Any, fact: Any) -> None:
            plan(uow, fact)
            plan_label(uow, fact)

        acts = self.counter.executors()
        await Worker(self.shop.engine, Duties(acts, planner, lambda _s, _d: None)).until_idle()

    def label(self) -> dict[str, Any]:
        return self.shop.rows(t.bought_label)[-1]

    def calls(self, name: str) -> int:
        return len(self.account.transcript.of(name))


@pytest.fixture
async def post(database: str) -> AsyncIterator[Post]:
    town = make_town(database)
    account = Account(town.shop.clock)
    http = httpx2.AsyncClient(transport=Wire(app=easypost_app(account)))
    settings = town.house.settings
    town.shop.engine.chore(lambda uow: _furnish(uow, settings), SHOP)
    town.shop.place(1001, ("mug-red", 2))
    deliver(town.shop, 1001)
    counter = Counter(town.shop.engine, http, settings.secrets, "http://easypost.test")
    yield Post(town, account, counter)
    await http.aclose()
    await town.close()


def _furnish(uow: Any, settings: Any) -> None:
    secrets = seal_secrets({"key": "EZTK_sandbox"}, settings.secrets)
    values = {"kind": "easypost", "config": {}, "secrets": secrets}
    uow.people.put(t.connection, {"name": "Post"}, values)
    for place in (BER, HAM, VIE):
        uow.people.put(t.location, {"id": place}, {"street": "Lager 1", "zip": "10115"})
    uow.forget_shop()


def _automatic(uow: Any) -> None:
    uow.people.put(t.connection, {"name": "Post"}, {"config": {"automatic": "yes"}})
    uow.forget_shop()


async def test_from_the_word_to_the_customers_hands_and_back(post: Post):
    post.shop.do(RequestReturn("1001", "mug-red", 1))
    assert post.shop.do(BuyReturnLabel("R1001-1")).ok
    assert post.shop.do(BuyReturnLabel("R1001-1")).code == "already"
    await post.work()
    label = post.label()
    (rma,) = post.shop.rows(t.rma)
    assert (label["state"], label["carrier"], label["cost"]) == ("bought", "DHL", 449)
    assert rma["tracking_number"] == label["tracking_number"] != ""
    (parcel,) = post.account.parcels.values()
    assert parcel.told["is_return"] is True
    assert parcel.told["from_address"]["street1"] == "Lager 1", "the way out; they turn it round"
    assert parcel.told["reference"] == "R1001-1"

    told = post.shop.rows(t.outbox, kind="message.email")
    assert [row for row in told if '"label"' in row["payload"]], "its customer gets it"
    (card,) = await desk.answer(post.town.house, "R1001-1", staff())
    assert isinstance(card, Card)
    assert f"DHL {label['tracking_number']}" in str(card)
    link = next(x.url for x in card.actions if x.verb == "label")
    paper = await paper_behind(post.town.house, link.rsplit("/", 1)[-1])
    assert paper is not None
    assert paper.pdf.startswith(b"%PDF-")
    before = post.shop.ask(ShowMargin("1001"), staff(Role.OWNER)).parcels
    assert before >= 449

    post.account.faults.script(Fault("refund", "accept_then_drop"))
    post.shop.do(CancelReturn("R1001-1"))
    await post.work()
    await post.work(minutes=30)
    assert (post.label()["state"], post.calls("refund")) == ("void", 1)
    assert post.shop.rows(t.rma)[0]["tracking_number"] == ""
    assert await paper_behind(post.town.house, link.rsplit("/", 1)[-1]) is None
    assert post.shop.ask(ShowMargin("1001"), staff(Role.OWNER)).parcels == before - 449


@pytest.mark.parametrize(
    ("name", "kind", "drafts"),
    [
        ("buy", "accept_then_drop", 1),
        ("buy", "status", 1),
        ("draft", "accept_then_drop", 2),
        ("paper", "status", 1),
        ("look", "drop", 1),
    ],
)
async def test_one_label_is_paid_whatever_is_lost(post: Post, name: str, kind: Any, drafts: int):
    post.account.faults.script(Fault(name, kind))
    if name == "look":
        post.account.faults.script(Fault("buy", "accept_then_drop"))
    post.shop.do(RequestReturn("1001", "mug-red", 1))
    assert post.shop.do(BuyReturnLabel("R1001-1")).ok
    for _ in range(5):
        await post.work(minutes=30)
    bought = [one for one in post.account.parcels.values() if one.rate]
    assert (len(bought), len(post.account.parcels)) == (1, drafts)
    assert post.label()["tracking_number"] == bought[0].tracking_code
    (row,) = post.shop.rows(t.outbox, kind="easypost.label")
    assert row["state"] == "done"


async def test_a_no_is_told_with_another_way_and_money_that_is_kept_stays_spent(post: Post):
    post.shop.do(RequestReturn("1001", "mug-red", 1))
    post.account.currency = "USD"
    assert post.shop.do(BuyReturnLabel("R1001-1")).ok
    await post.work()
    (row,) = post.shop.rows(t.outbox, kind="easypost.label")
    assert (row["state"], "`return-label`" in row["reason"]) == ("dead", True)
    assert post.label()["state"] == "failed"
    assert post.calls("buy") == 0

    post.account.currency, post.account.keeps_money = "EUR", True
    assert post.shop.do(BuyReturnLabel("R1001-1")).ok
    await post.work()
    assert post.shop.do(VoidReturnLabel("R1001-1")).ok
    await post.work()
    assert (post.label()["state"], post.label()["cost"]) == ("spent", 449)
    assert post.shop.do(VoidReturnLabel("R1001-1")).code == "not_possible"


async def test_by_itself_where_the_account_says_so_and_kept_once_it_travels(post: Post):
    post.shop.engine.chore(_automatic, SHOP)
    post.shop.do(RequestReturn("1001", "mug-red", 1))
    await post.work()
    label = post.label()
    assert label["state"] == "bought"
    scan = event(read("17track", "InTransit_PickedUp"), post.shop.clock.now, "InTransit_PickedUp")
    post.shop.do(RecordTracking(label["tracking_number"], (scan,)), CHANNEL)
    assert "on its way" in post.shop.do(VoidReturnLabel("R1001-1")).sentence
    post.shop.do(CancelReturn("R1001-1"))
    await post.work()
    assert (post.label()["state"], post.calls("refund")) == ("bought", 0)

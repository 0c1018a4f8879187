"""A store's books brought in over HTTP, and its webhooks seen to, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.bridge import House
from bot.duties import compare_all
from bot.local import Local
from bot.sandbox.shop import acts
from bot.sandbox.shop.catalog import LOCATIONS, VARIANTS
from bot.sandbox.shop.store import SECRET, TOKEN
from bot.sandbox.shop.wire import Fault
from bot.settings import Settings
from bot.stores import bring_from, see_to_webhooks
from core.commands.access import AddConnection, ChangeConnection
from core.commands.setup import SetUpShop
from core.commands.stock import AdjustStock
from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.domain.refusals import Invalid, NotFound, NotPossible, Refusal, Unavailable
from core.engine import Engine
from core.integrations.secrets import seal_secrets
from tests.shop import SHOP, Clock
from tests.shop import Shop as Ours
from tests.storefront import storefront

ODD = (
    replace(VARIANTS[0], id=1, inventory_item_id=1, sku="", title="Nameless"),
    replace(VARIANTS[0], id=2, inventory_item_id=2, title="Doubled"),
    replace(VARIANTS[1], barcode="4006381333931"),
    replace(VARIANTS[2], tracked=False),
)


@pytest.fixture
def front():
    with storefront(variants=(VARIANTS[0], *ODD, *VARIANTS[3:])) as front:
        yield front


@pytest.fixture
def local(database, front):
    """A shop that was just founded, in watch mode, and connected."""
    opened = Database(database)
    migrate(opened)
    engine = Engine(opened, Clock())
    settings = Settings(
        _env_file=None, sandbox=True, shopify_api_url=front.address, base_url="http://127.0.0.1:9"
    )  # type: ignore[call-arg]
    house = House(engine, settings, engine.clock)
    local = Local(house, None, SHOP)
    local.execute(SetUpShop("Nordlicht", "Europe/Berlin"))
    secrets = {"access_token": TOKEN, "webhook_secret": SECRET}
    sealed = seal_secrets(secrets, settings.secrets)
    local.execute(AddConnection("shopify", "store", {"shop_domain": front.store.domain}, sealed))
    yield local
    house.close()


def bring(local, kind, **more):
    shares: list[float] = []
    report = bring_from(local, kind, "store", shares.append, **more)
    return report, (report.made, report.changed, report.same, len(report.problems))


def rows(local, table, **where):
    return Ours(local.house.engine, Clock()).rows(table, **where)


def furnished(local):
    bring(local, "locations")
    bring(local, "products")
    bring(local, "stock")


# --- its books -----------------------------------------------------------------------------------


def test_a_store_comes_in_whole_and_the_second_time_changes_nothing(local, front):
    goods = len(VARIANTS) - 1  # the first and its double are left out, with the nameless one
    expected = {"locations": (5, 0, 0, 0), "products": (goods, 0, 0, 3)}
    for kind, counts in expected.items():
        assert bring(local, kind)[1] == counts
    levels = (goods - 1) * len(LOCATIONS)
    report, (made, changed, same, problems) = bring(local, "stock")
    assert (made, changed + same, problems) == (0, levels, 4)
    assert "mug-sand" in [one.field for one in report.problems]

    moves = len(rows(local, t.stock_move))
    assert bring(local, "locations")[1] == (0, 0, 5, 0)
    assert bring(local, "products")[1] == (0, 0, goods, 3)
    assert bring(local, "stock")[1] == (0, 0, levels, 4)
    assert len(rows(local, t.stock_move)) == moves
    assert front.mutations == []


def test_what_came_in_is_what_the_store_says(local, front):
    furnished(local)
    mug = rows(local, t.product, sku="mug-blue")[0]
    item = front.store.variant("mug-blue").inventory_item_id
    assert (mug["title"], mug["price"], mug["weight"], mug["barcode"]) == (
        "Stoneware Mug, Harbor blue", 1690, 380, "4006381333931"
    )  # fmt: skip
    assert str(item) in mug["external_ids"]
    places = {row["id"]: row for row in rows(local, t.location)}
    assert {row["code"] for row in places.values()} == {"BER", "HAM", "MUN", "WIE", "EIN"}
    assert [row["origin"] for row in rows(local, t.shipping_pause)] == ["MUN"]
    for row in rows(local, t.stock_level, sku="mug-blue"):
        theirs = front.store.stock("mug-blue", _number(places[row["location_id"]]))
        assert row["on_hand"] == theirs.available


def _number(place):
    return next(one.id for one in LOCATIONS if one.name == place["name"])


def test_a_dry_run_says_the_same_and_writes_nothing(local):
    assert bring(local, "locations", dry_run=True)[1] == (5, 0, 0, 0)
    assert bring(local, "products", dry_run=True)[1][0] == len(VARIANTS) - 1
    assert (rows(local, t.location), rows(local, t.product)) == ([], [])


def test_stock_before_places_is_reported_not_invented(local):
    bring(local, "products")
    report, counts = bring(local, "stock")
    assert counts[:3] == (0, 0, 0)
    assert "import them first" in report.problems[0].says
    assert rows(local, t.stock_level) == []


def test_what_changed_in_the_store_comes_in_until_it_has_moved_here(local, front):
    furnished(local)
    front.do(acts.set_stock, "mug-blue", "BER", 7)
    assert bring(local, "stock")[1][1] == 1
    local.execute(AdjustStock("mug-blue", "BER", -2, "counted"))
    front.do(acts.set_stock, "mug-blue", "BER", 90)
    report, counts = bring(local, "stock")
    assert counts[1] == 0
    assert [one.says for one in report.problems if one.field == "mug-blue"] == [
        "BER has 5 available here and 90 there, and it has moved here since. "
        "`--overwrite` takes their figure."
    ]
    assert bring(local, "stock", overwrite=True)[1][1] == 1
    assert bring(local, "stock")[1][1] == 0


def test_a_store_in_another_currency_leaves_prices_to_us(local, front):
    front.store.currency = "USD"
    report, counts = bring(local, "products")
    assert counts[0] == len(VARIANTS) - 1
    assert "are in USD" in report.problems[0].says
    assert {row["price"] for row in rows(local, t.product)} == {0}


# --- what goes wrong there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (Fault("locations", "status", status=502), Unavailable, "answered 502"),
        (Fault("locations", "drop"), Unavailable, "no whole answer"),
        (Fault("locations", "status", status=401), NotPossible, "access_token"),
        (Fault("locations", "status", status=404), Invalid, "scopes"),
    ],
)
def test_every_way_to_fail_is_a_sentence_and_changes_nothing(local, front, fault, kind, says):
    front.store.faults.script(fault)
    with pytest.raises(kind, match=says):
        bring(local, "locations")
    assert rows(local, t.location) == []


def test_a_comparison_that_the_store_does_not_allow_is_said_too(local, front):
    front.store.token = "another"
    with pytest.raises(NotPossible, match="store: the shop does not accept our access token"):
        asyncio.run(compare_all(local.house, SHOP))


def test_an_answer_of_another_shape_is_not_guessed_at(local, front):
    front.store.locations = tuple(replace(one, name=None) for one in LOCATIONS)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="not as documented"):
        bring(local, "locations")


def test_only_a_connected_store_that_is_switched_on_is_read(local):
    with pytest.raises(NotFound, match="Stores: store"):
        bring_from(local, "products", "other", lambda _: None)
    with pytest.raises(Invalid, match="no orders to take"):
        bring_from(local, "orders", "store", lambda _: None)
    local.execute(ChangeConnection("store", active=False))
    with pytest.raises(NotPossible, match="--active"):
        bring(local, "products")


# --- its webhooks --------------------------------------------------------------------------------


def states(local, **more):
    return [one.state for one in see_to_webhooks(local, "store", **more)[1]]


def test_looking_at_webhooks_writes_nothing_and_creating_makes_only_what_lacks(local, front):
    ours, _ = see_to_webhooks(local, "store")
    front.store.webhooks.subscribe("orders/paid", ours)
    front.store.webhooks.subscribe("orders/create", "https://old.example/hooks/shopify/1")
    assert states(local) == ["missing"] * 2 + ["there"] + ["missing"] * 10
    assert front.mutations == []
    made = see_to_webhooks(local, "store", create=True)[1]
    assert [one.state for one in made].count("made") == 12
    assert made[0].elsewhere == ("https://old.example/hooks/shopify/1",)
    assert states(local, create=True) == ["there"] * 13
    assert len(front.mutations) == 12


def test_an_address_that_the_store_refuses_is_said_with_its_reason(local):
    told = local.house.settings.model_copy(update={"base_url": "http://shop.example"})
    local.house.settings = told
    with pytest.raises(Refusal, match=r"Address is not allowed.*WISMO_BASE_URL"):
        states(local, create=True)


def test_creation_that_broke_off_goes_on_where_it_stopped(local, front):
    front.store.faults.script(Fault("webhookSubscriptionCreate", "accept_then_drop"))
    with pytest.raises(Unavailable):
        states(local, create=True)
    assert states(local, create=True).count("there") == 1
    assert states(local) == ["there"] * 13

"""A fresh sandbox database: the demo shop set up by the commands that a real shop uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.api.keys import make_key
from bot.sandbox.shop.catalog import LOCATIONS, VARIANTS, opening_stock
from bot.sandbox.town import STAFF, Town
from core.commands.access import AddConnection, AddKey, AddStaff
from core.commands.imports import ImportedRow, ImportLocations, ImportProducts, ImportStock
from core.commands.setup import SetPolicy, SetUpShop
from core.db.connection import Database
from core.db.house import CLOCK_OFFSET, SANDBOX, put, settle_kind
from core.db.migrate import migrate
from core.domain.access import Actor, Role, system
from core.engine import Caller, Engine, Receipt
from core.integrations.secrets import seal_secrets

SHOP = 1
SYSTEM = Caller(system(SHOP, "setup"), "setup")
WEEK = "mon-fri 08:00-18:00"
# code: name, kind, hours, cut-off, rank, cost of a parcel and of a unit
PLACES: dict[str, tuple[str, str, str, str, int, int, int]] = {
    "BER": ("Berlin warehouse", "warehouse", WEEK, "14:00", 1, 490, 40),
    "HAM": ("Hamburg store", "store", "mon-sat 10:00-19:00", "12:00", 2, 590, 80),
    "MUC": ("Munich store", "store", "mon-sat 10:00-19:00", "", 90, 990, 90),
    "VIE": ("Vienna store", "store", "mon-fri 10:00-18:00", "", 5, 790, 80),
    "3PL": ("Packwerk 3PL", "3pl", "mon-fri 07:00-16:00", "12:00", 8, 890, 60),
}
SPOTS = {
    "BER": (52.49, 13.42),
    "HAM": (53.54, 10.0),
    "MUC": (48.14, 11.57),
    "VIE": (48.2, 16.35),
    "3PL": (51.44, 5.47),
}


@dataclass(frozen=True, slots=True)
class Furnished:
    """What the supervisor needs to know of the database: connection ids by kind, and a key."""

    connections: Mapping[str, int]
    api_key: str
    checkout_key: str  # of a machine that brings orders in


def open_engine(url: str, town: Town, keys: Sequence[str] = ()) -> Engine:
    """A migrated sandbox database, with an engine that lives by the town's clock."""
    database = Database(url, durable=False)
    migrate(database)
    engine = Engine(database, town.clock, keys)
    engine.chore(lambda uow: settle_kind(uow, SANDBOX))
    return engine


def furnish(engine: Engine, town: Town, keys: Sequence[str], mail_url: str) -> Furnished:
    """The shop with its connections, places, goods and people, before its first order."""
    _do(
        engine,
        SetUpShop(
            "Nordlicht & Söhne",
            "Europe/Berlin",
            email="hello@nordlicht.example",
            url="https://nordlicht.example",
        ),
    )
    connections = _connect(engine, town, keys, mail_url)
    _places(engine)
    _goods(engine)
    _people(engine, town)
    made = make_key()
    _do(engine, SetPolicy("usual_carrier", "DHL"))
    _do(engine, AddKey("scanner", Role.OWNER, made.prefix, made.hash))
    checkout = make_key()
    _do(engine, AddKey("checkout", Role.MACHINE, checkout.prefix, checkout.hash))
    return Furnished(connections, made.key, checkout.key)


def keep_clock(engine: Engine, town: Town) -> None:
    """Write down how far the sandbox is from the wall clock, for every process to come."""
    engine.chore(lambda uow: put(uow, CLOCK_OFFSET, str(town.clock.offset_micros)))


def _connect(engine: Engine, town: Town, keys: Sequence[str], mail_url: str) -> dict[str, int]:
    slack, shop = town.workspace, town.shop
    bot_token, app_token = slack.tokens
    wanted: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
        "shopify": (
            {"shop_domain": shop.domain},
            {"access_token": shop.token, "webhook_secret": shop.webhooks.secret},
        ),
        "slack": (
            {"mode": "http", "team_id": slack.team["id"], "default_channel": town.channel.id},
            {
                "signing_secret": slack.signing_secret,
                "bot_token": bot_token,
                "app_token": app_token,
            },
        ),
        "telegram": (
            {"mode": "webhook", "username": town.telegram.me["username"]},
            {"token": town.telegram.token, "bot_token": town.telegram.token}
            | {"webhook_secret": TELEGRAM_SECRET},
        ),
        "carrier": ({"service": "17track"}, {"webhook_secret": town.carrier.key}),
        "smtp": ({}, {"url": mail_url}),
        "stripe": (
            {},
            {"secret_key": town.stripe.key, "webhook_secret": town.stripe.post.secret},
        ),
        "easypost": ({}, {"key": town.easypost.key}),
    }
    found = {}
    for kind, (config, secrets) in wanted.items():
        sealed = seal_secrets(secrets, keys)
        ask = AddConnection(kind, NAMES[kind], config, sealed, OURS.get(kind, ()))
        found[kind] = int(_do(engine, ask).facts["connection"])
    return found


TELEGRAM_SECRET = "sandbox-telegram-secret"
NAMES = {
    "shopify": "nordlicht",
    "slack": "team",
    "telegram": "bot",
    "carrier": "17track",
    "smtp": "post",
    "stripe": "card",
    "easypost": "labels",
}
KINDS = (
    "order_confirmation",
    "shipped",
    "delivered",
    "delayed",
    "order_changed",
    "question",
    "ready_for_pickup",
    "return_status",
    "claim_status",
    "refund_status",
)
OURS: dict[str, tuple[str, ...]] = {"shopify": KINDS}


def _places(engine: Engine) -> None:
    rows = []
    for line, place in enumerate(LOCATIONS, 2):
        name, kind, hours, cut_off, rank, parcel, unit = PLACES[place.code]
        values = {
            "name": name,
            "kind": kind,
            "street": place.address1,
            "zip": place.zip,
            "city": place.city,
            "country": place.country,
            "lat": SPOTS[place.code][0],
            "lon": SPOTS[place.code][1],
            "rank": rank,
            "parcel_cost": parcel,
            "unit_cost": unit,
            "hours": hours,
            "cut_off": cut_off,
        }
        rows.append(ImportedRow(line, place.code, values, {NAMES["shopify"]: str(place.id)}))
    _do(engine, ImportLocations(tuple(rows)))


def _goods(engine: Engine) -> None:
    products = tuple(
        ImportedRow(
            line,
            one.sku,
            {"title": f"{one.product}, {one.title}", "price": one.price, "weight": one.grams},
            {NAMES["shopify"]: str(one.inventory_item_id)},
        )
        for line, one in enumerate(VARIANTS, 2)
    )
    _do(engine, ImportProducts(products))
    stock = tuple(
        ImportedRow(line, one.sku, {"location": place.code, "on_hand": opening_stock(one, place)})
        for line, (one, place) in enumerate(
            ((one, place) for one in VARIANTS for place in LOCATIONS), 2
        )
    )
    _do(engine, ImportStock(stock, "opening stock"))


def _people(engine: Engine, town: Town) -> None:
    for one in STAFF:
        slack = town.person(one.first_name).id
        _do(engine, AddStaff(one.name, Role(one.role), one.email, slack, one.locations))


def staff(name: str) -> Caller:
    """A colleague at work, in the days before the demo begins."""
    one = next(each for each in STAFF if each.first_name == name)
    actor = Actor(Role(one.role), SHOP, f"staff:{name.lower()}", one.name, one.locations)
    return Caller(actor, "slack")


def _do(engine: Engine, command: Any) -> Receipt:
    receipt = engine.execute(command, SYSTEM)
    if not receipt.ok:
        raise RuntimeError(f"The sandbox cannot be furnished: {receipt.command}: {receipt}")
    problems = receipt.facts.get("problems") or receipt.facts.get("refused")
    if problems:
        raise RuntimeError(f"The sandbox cannot be furnished: {receipt.command}: {problems}")
    return receipt

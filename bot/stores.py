"""What a person does with a connected store by hand: bring its books in, see to its webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from bot.bringing import Progress, hand_in
from bot.importing import Problem, Report
from bot.local import Local
from core.commands.imports import ImportedRow, ImportLocations, ImportProducts, ImportStock
from core.db.setup import load_shop
from core.domain.refusals import Invalid, NotFound, NotPossible, Refusal, Unavailable
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Access, Store
from core.integrations.channels.shopify.catalog import (
    Found,
    find_locations,
    find_products,
    find_stock,
)
from core.integrations.channels.shopify.client import (
    NotUnderstood,
    ShopifyProblem,
    TokenRefused,
    new_http,
)
from core.integrations.channels.shopify.subscriptions import addresses, subscribe, subscriptions

T = TypeVar("T")

FINDERS: Mapping[str, Callable[[Store], Awaitable[Found]]] = {
    "products": find_products,
    "locations": find_locations,
    "stock": find_stock,
}


def ask_store(house: Local, name: str, act: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with a connected store; what goes wrong there is a refusal."""
    shop = house.read(lambda session: load_shop(session, house.shop_id))
    connection = _store_called(shop, name)
    return asyncio.run(_ask_store(house, shop, connection, act))


def _store_called(shop: Shop, name: str) -> Connection:
    stores = {one.name: one for one in shop.connections.values() if one.kind == "shopify"}
    if name not in stores:
        known = ", ".join(sorted(stores)) or "none yet, see `wismo connection add shopify`"
        raise NotFound(f"There is no Shopify store {name}.", f"Stores: {known}.")
    if not stores[name].active:
        raise NotPossible(f"{name} is paused.", f"Say `wismo connection set {name} --active`.")
    return stores[name]


async def _ask_store(
    house: Local, shop: Shop, connection: Connection, act: Callable[[Store], Awaitable[T]]
) -> T:
    settings = house.house.settings
    async with new_http() as http:
        access = Access(house.house.engine, http, settings.secrets, settings.shopify_api_url)
        try:
            return await act(Store(access, shop, connection))
        except ShopifyProblem as problem:
            raise as_refusal(connection.name, problem) from problem


def as_refusal(name: str, problem: ShopifyProblem) -> Refusal:
    """What a person at a terminal can do about it."""
    said = f"{name}: {problem}."
    if isinstance(problem, TokenRefused):
        renew = f"Give it a new one: `wismo connection set {name} --secret access_token`."
        return NotPossible(said, renew)
    if isinstance(problem, NotUnderstood):
        return Invalid(said, "Has the app all the scopes that docs/guide/shopify.md names?")
    return Unavailable(said, "Try again in a moment; doing it twice changes nothing.")


# --- its books -----------------------------------------------------------------------------------


def bring_from(
    house: Local,
    kind: str,
    name: str,
    progress: Progress,
    *,
    dry_run: bool = False,
    overwrite: bool = False,
) -> Report:
    """Bring the store's products, locations or stock in, by the same commands as a file's."""
    if kind not in FINDERS:
        raise Invalid(f"There are no {kind} to take from a store.", f"Choose {', '.join(FINDERS)}.")
    found = ask_store(house, name, FINDERS[kind])
    report = Report(problems=[Problem(x.line, x.name, x.says) for x in found.left_out])
    command = partial(_command, kind, name, dry_run=dry_run, overwrite=overwrite)
    keys = {row.line: row.key for row in found.rows}
    before = len(report.problems)
    hand_in(house, found.rows, command, report, progress)
    named = [Problem(x.line, keys[x.line], x.says) for x in report.problems[before:]]
    report.problems = sorted(report.problems[:before] + named, key=lambda one: one.line)
    return report


def _command(
    kind: str, name: str, rows: tuple[ImportedRow, ...], *, dry_run: bool, overwrite: bool
) -> Any:
    if kind == "locations":
        return ImportLocations(rows, dry_run)
    if kind == "products":
        return ImportProducts(rows, dry_run)
    return ImportStock(rows, f"opening stock of {name}", dry_run, overwrite, name)


# --- its webhooks --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Webhook:
    """One topic that we want: there, made, or missing; `elsewhere` are other addresses of it."""

    topic: str
    state: str
    elsewhere: tuple[str, ...] = ()


def see_to_webhooks(house: Local, name: str, *, create: bool = False) -> tuple[str, list[Webhook]]:
    """Our address, and how the store's subscriptions stand; `create` makes those that lack."""
    return ask_store(house, name, partial(_see_to_webhooks, house, create=create))


async def _see_to_webhooks(
    house: Local, store: Store, *, create: bool
) -> tuple[str, list[Webhook]]:
    base = house.house.settings.base_url.rstrip("/")
    ours = f"{base}/hooks/shopify/{store.connection.id}"
    listed = []
    for topic, uris in addresses(await subscriptions(store)).items():
        state = "there" if ours in uris else "missing"
        if create and state == "missing":
            await _subscribe(store, topic, ours)
            state = "made"
        listed.append(Webhook(topic, state, tuple(uri for uri in uris if uri != ours)))
    return ours, listed


async def _subscribe(store: Store, topic: str, uri: str) -> None:
    refused = await subscribe(store, topic, uri)
    if refused:
        raise Invalid(
            f"The store takes no {topic} subscription to {uri}: {refused}.",
            "Is WISMO_BASE_URL the https address at which the store reaches us?",
        )

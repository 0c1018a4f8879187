"""One connected Slack workspace: its secrets, its client, and who we are in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from bot.bridge import House
from bot.slack.tokens import Tokens
from core.db.connection import Session
from core.db.setup import load_shop, shop_ids, shop_of_connection
from core.db.unit_of_work import UnitOfWork
from core.domain.shop import Connection, Shop
from core.domain.values import dataclass
from core.integrations.secrets import open_secrets

log = logging.getLogger("wismo.slack")
T = TypeVar("T")
OpenSecrets = Callable[[Connection, Sequence[str]], dict[str, str]]

CALL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Self:
    """Who the app is in the workspace."""

    user: str
    team: str


class Account:
    """A connection of kind slack, opened. `config` may name mode, team_id and default_channel."""

    def __init__(
        self, connection: Connection, shop_id: int, secrets: dict[str, str], house: House
    ) -> None:
        self.connection = connection
        self.shop_id = shop_id
        self.signing_secret = secrets.get("signing_secret", "")
        self.app_token = secrets.get("app_token", "")
        self.tokens = Tokens(house.settings.secrets, connection.id)
        from slack_sdk.web.async_client import AsyncWebClient  # who has no Slack never pays for it

        self.client = AsyncWebClient(
            token=secrets.get("bot_token", ""),
            base_url=house.settings.slack_api_url,
            timeout=CALL_SECONDS,
            retry_handlers=[],
        )
        self._self: Self | None = None

    @property
    def id(self) -> int:
        return self.connection.id

    @property
    def is_socket(self) -> bool:
        return bool(self.connection.config.get("mode") == "socket")

    async def me(self) -> Self:
        if self._self is None:
            found = await self.client.auth_test()
            self._self = Self(str(found["user_id"]), str(found["team_id"]))
        return self._self


class Accounts:
    """Opens connections by id and keeps them open until their settings change."""

    def __init__(self, house: House, secrets: OpenSecrets = open_secrets) -> None:
        self.house = house
        self._open_secrets = secrets
        self._open: dict[int, tuple[Connection, Account]] = {}

    async def open(self, connection_id: int) -> Account | None:
        """The account behind a connection, or None when there is no such active one."""
        found = await self.house.read(lambda session: _slack_connection(session, connection_id))
        if found is None:
            self._open.pop(connection_id, None)
            return None
        shop_id, connection = found
        known = self._open.get(connection_id)
        if known is not None and known[0] == connection:
            return known[1]
        secrets = self._open_secrets(connection, self.house.settings.secrets)
        account = Account(connection, shop_id, secrets, self.house)
        self._open[connection_id] = (connection, account)
        return account

    async def at_door(self, connection_id: int | None) -> Account | None:
        """Whom a request is for: the connection it names, or the only one there is."""
        if connection_id is None:
            found = await self.house.read(_slack_connections)
            connection_id = found[0].id if len(found) == 1 else None
        return None if connection_id is None else await self.open(connection_id)

    async def are_there(self) -> bool:
        return bool(await self.house.read(_slack_connections))

    async def in_socket_mode(self) -> list[int]:
        """The connections whose sockets we open ourselves."""
        found = await self.house.read(_slack_connections)
        return [each.id for each in found if each.config.get("mode") == "socket"]

    async def of_shop(self, shop_id: int) -> Account | None:
        """The account of a shop's first active Slack connection."""
        shop = await self.shop(shop_id)
        connection = shop.first_connection("slack")
        return None if connection is None else await self.open(connection.id)

    async def shop(self, shop_id: int) -> Shop:
        return await self.house.read(lambda session: load_shop(session, shop_id))


def _slack_connection(session: Session, connection_id: int) -> tuple[int, Connection] | None:
    shop_id = shop_of_connection(session, connection_id)
    if shop_id is None:
        return None
    connection = load_shop(session, shop_id).connection(connection_id)
    if connection is None or connection.kind != "slack" or not connection.active:
        return None
    return shop_id, connection


async def chore(house: House, shop_id: int, work: Callable[[UnitOfWork], T]) -> T:
    """Machine-room work in one transaction, off the event loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(house.pool, lambda: house.engine.chore(work, shop_id))


def _slack_connections(session: Session) -> list[Connection]:
    shops = [load_shop(session, shop_id) for shop_id in shop_ids(session)]
    every = [each for shop in shops for each in shop.connections.values()]
    return [each for each in every if each.kind == "slack" and each.active]


class Background:
    """Work that outlives its request: kept hold of, its failures logged, drained at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work for Slack failed", exc_info=task.exception())

    async def drain(self) -> None:
        """Wait for everything that was begun."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until `stop`."""
    if seconds > 0:
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopping}, timeout=seconds)
        stopping.cancel()

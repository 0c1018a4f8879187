"""Slack as a whole: one Bolt app per connection, fed the same way by HTTP and by sockets.

Bolt and its client are loaded when the first connection needs them: they cost 0.2 s and 15 MB,
which a shop without Slack never pays.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from bot.bridge import House
from bot.slack.account import Account, Accounts, Background, OpenSecrets, rest
from core.domain.effects import Effect, Outcome
from core.integrations.secrets import open_secrets
from core.worker import Executor

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.response import BoltResponse

    from bot.slack.incoming import Incoming
    from bot.slack.outbound import Cards

ANSWER_SECONDS = 2.0
LOOK_SECONDS = 15.0  # how soon the first socket that was set up is opened
_COSTLY = ("slack_bolt.async_app", "bot.slack.handlers", "bot.slack.routes", "bot.slack.outbound")


class Slack:
    """What bot/main makes once: dispatch for the door, cards for the worker, drain at the end."""

    def __init__(
        self,
        house: House,
        secrets: OpenSecrets = open_secrets,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.house = house
        self.accounts = Accounts(house, secrets)
        self.background = Background()
        self._answer_seconds = answer_seconds
        self._is_loaded = False
        self._apps: dict[int, tuple[Account, AsyncApp]] = {}

    # --- the door ---------------------------------------------------------------------------------

    async def dispatch(self, account: Account, incoming: Incoming) -> BoltResponse:
        """The answer to one verified request; the body of the acknowledgement."""
        app = await self._app(account)
        from slack_bolt.request.async_request import AsyncBoltRequest

        request = AsyncBoltRequest(
            body=incoming.payload, mode="socket_mode", context={"incoming": incoming}
        )
        return await app.async_dispatch(request)

    async def _app(self, account: Account) -> AsyncApp:
        cards = await self.cards()
        known = self._apps.get(account.id)
        if known is not None and known[0] is account:
            return known[1]
        from bot.slack.acts import Acts
        from bot.slack.handlers import Handlers
        from bot.slack.routes import bolt_app

        acts = Acts(self.house, account, cards, self.background, self._answer_seconds)
        app = bolt_app(account, Handlers(acts))
        self._apps[account.id] = (account, app)
        return app

    # --- the worker -------------------------------------------------------------------------------

    def executors(self) -> dict[str, Executor]:
        return {"slack.card": self._carry_card, "slack.thread": self._carry_words}

    async def _carry_card(self, effect: Effect) -> Outcome:
        return await (await self.cards()).carry_card(effect)

    async def _carry_words(self, effect: Effect) -> Outcome:
        return await (await self.cards()).carry_words(effect)

    async def cards(self) -> Cards:
        """The cards in channels; whoever asks first waits until everything is loaded."""
        if not self._is_loaded:
            await self.house.hop(_load)
            self._is_loaded = True
        return self._cards

    @cached_property
    def _cards(self) -> Cards:
        from bot.slack.outbound import Cards

        return Cards(self.house, self.accounts)

    async def run(self, stop: asyncio.Event) -> None:
        """Get ready where somebody uses Slack, and keep the sockets open that are set up."""
        if await self.accounts.are_there():
            await self.cards()
        while not stop.is_set() and not await self.accounts.in_socket_mode():
            await rest(stop, LOOK_SECONDS)
        if not stop.is_set():
            await self.cards()
            from bot.slack.socket import Sockets

            await Sockets(self).run(stop)

    async def drain(self) -> None:
        """Wait for answers that are still under way; call it before the engine closes."""
        await self.background.drain()


def _load() -> None:
    """In a thread of its own, so that everybody else is served meanwhile."""
    for name in _COSTLY:
        import_module(name)

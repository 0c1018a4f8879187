"""Slack as a whole: one Bolt app per connection, fed the same way by HTTP and by sockets."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.bridge import House
from bot.slack.account import Account, Accounts, Background, OpenSecrets
from bot.slack.acts import ANSWER_SECONDS, Acts
from bot.slack.handlers import Handlers
from bot.slack.incoming import Incoming
from bot.slack.outbound import Cards
from bot.slack.routes import bolt_app
from core.integrations.secrets import open_secrets


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
        self.cards = Cards(house, self.accounts)
        self._answer_seconds = answer_seconds
        self._apps: dict[int, tuple[Account, AsyncApp]] = {}

    async def dispatch(self, account: Account, incoming: Incoming) -> BoltResponse:
        """The answer to one verified request; the body of the acknowledgement."""
        request = AsyncBoltRequest(
            body=incoming.payload, mode="socket_mode", context={"incoming": incoming}
        )
        return await self._app(account).async_dispatch(request)

    def _app(self, account: Account) -> AsyncApp:
        known = self._apps.get(account.id)
        if known is not None and known[0] is account:
            return known[1]
        acts = Acts(self.house, account, self.cards, self.background, self._answer_seconds)
        app = bolt_app(account, Handlers(acts))
        self._apps[account.id] = (account, app)
        return app

    async def drain(self) -> None:
        """Wait for answers that are still under way; call it before the engine closes."""
        await self.background.drain()

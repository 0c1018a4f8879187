"""Cards that stand in channels: posted once, changed in place, found again after a doubt."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.bridge import House
from bot.slack.account import Account, Accounts, chore
from bot.slack.mrkdwn import escaped
from bot.slack.problems import GONE, SILENT, error_of, outcome_of
from bot.slack.render import (
    SECTION_MAX,
    Json,
    Rendered,
    cut,
    message,
    pieces,
    plain,
)
from bot.slack.subjects import Shown, shown_subject
from core.db.conversations import SurfaceMessage, surface_messages
from core.db.rows import to_json
from core.domain.effects import Effect, Outcome, dead, done, later
from core.domain.values import dataclass
from core.worker import Executor

SURFACE = "slack"
CARD_EVENT = "wismo_card"
THREAD_EVENT = "wismo_thread"
LOOK_MESSAGES = 200
THREAD_TEXT_MAX = 8_000


@dataclass(frozen=True, slots=True)
class Target:
    """Which message this is about: an account, a subject, and a channel."""

    account: Account
    subject: str
    channel: str


class Cards:
    """Shows subjects in channels; its executors carry out `slack.card` and `slack.thread`."""

    def __init__(self, house: House, accounts: Accounts) -> None:
        self._house = house
        self._accounts = accounts
        self._locks: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def executors(self) -> dict[str, Executor]:
        return {"slack.card": self.carry_card, "slack.thread": self.carry_words}

    # --- cards ------------------------------------------------------------------------------------

    async def carry_card(self, effect: Effect) -> Outcome:
        """{"subject": "case:<id>" or "order:<id>", "channel"?}"""
        account = await self._account(effect)
        if account is None:
            return dead("There is no active Slack connection.")
        subject = str(effect.payload["subject"])
        return await self.show(account, subject, str(effect.payload.get("channel") or ""))

    async def show(self, account: Account, subject: str, channel: str = "") -> Outcome:
        """Bring the card up to date wherever it stands; post it where it does not stand yet."""
        async with self._locks[account.id, subject]:
            shown = await shown_subject(self._house, account.shop_id, subject)
            if shown is None:
                return dead(f"There is no {subject} any more.")
            standing = await self._standing(account.shop_id, subject)
            if not channel and not standing and subject.startswith("order:"):
                return done(note="nobody shared this order")
            if channel or not standing:
                standing = [m for m in standing if m.channel == channel] if channel else []
                where = channel or await self._channel_for(account, shown)
                return await self._post_if_wanted(account, shown, where, standing)
            return await self._refresh_all(account, shown, standing)

    async def _refresh_all(
        self, account: Account, shown: Shown, standing: list[SurfaceMessage]
    ) -> Outcome:
        outcome = done()
        for known in standing:
            each = await self._put(Target(account, shown.subject, known.channel), shown, known)
            outcome = each if each.state != "done" else outcome
        return outcome

    async def _post_if_wanted(
        self, account: Account, shown: Shown, channel: str, standing: list[SurfaceMessage]
    ) -> Outcome:
        if not channel:
            return dead("No channel for cards is chosen: set the policy cases_channel.")
        if shown.is_closed and not standing:
            return done(note="closed before it was shown")
        target = Target(account, shown.subject, channel)
        return await self._put(target, shown, standing[0] if standing else None)

    async def _put(self, target: Target, shown: Shown, known: SurfaceMessage | None) -> Outcome:
        rendered = self._rendered(target.account, shown)
        mark = _hash(rendered)
        if known is not None and known.ts and known.hash == mark:
            return done(ts=known.ts, note="unchanged")
        try:
            ts = await self._known_ts(target, known)
            if ts and await self._update(target, ts, rendered):
                await self._remember(target, ts, mark, shown.version)
                return done(ts=ts)
            if ts and shown.is_closed:
                return done(note="the message is gone, and so is its cause")
            await self._remember(target, None, "", shown.version)  # a claim: look before repeating
            ts = await self._post(target, rendered)
        except SlackApiError as refused:
            return outcome_of(refused)
        except SILENT as silence:
            return outcome_of(silence)
        await self._remember(target, ts, mark, shown.version)
        return done(ts=ts)

    async def _known_ts(self, target: Target, known: SurfaceMessage | None) -> str | None:
        """Where the message stands; a claim without a place may have been posted all the same."""
        if known is None or known.ts:
            return known.ts if known else None
        return await self._find(target.account, target.channel, CARD_EVENT, target.subject)

    async def _update(self, target: Target, ts: str, rendered: Rendered) -> bool:
        """False when the message is gone or closed to us: then a new one is due."""
        try:
            await target.account.client.chat_update(
                channel=target.channel, ts=ts, **rendered.as_json()
            )
        except SlackApiError as refused:
            if error_of(refused) in GONE:
                return False
            raise
        return True

    async def _post(self, target: Target, rendered: Rendered) -> str:
        posted = await target.account.client.chat_postMessage(
            channel=target.channel,
            metadata=_metadata(CARD_EVENT, target.subject),
            unfurl_links=False,
            unfurl_media=False,
            **rendered.as_json(),
        )
        return str(posted["ts"])

    async def _find(self, account: Account, channel: str, kind: str, name: str) -> str | None:
        found = await account.client.conversations_history(
            channel=channel, limit=LOOK_MESSAGES, include_all_metadata=True
        )
        return _ts_of(found["messages"], kind, name)

    def _rendered(self, account: Account, shown: Shown) -> Rendered:
        now = self._house.clock()
        # Signed once a day, so that an unchanged card has an unchanged hash.
        signed_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
        sign = _signer(account, signed_at)
        return message([shown.card], sign, can_share=False, closing=shown.closing)

    async def _standing(self, shop_id: int, subject: str) -> list[SurfaceMessage]:
        return await self._house.read(lambda s: surface_messages(s, shop_id, subject, SURFACE))

    async def _remember(self, target: Target, ts: str | None, mark: str, version: int) -> None:
        await chore(
            self._house,
            target.account.shop_id,
            lambda uow: uow.conversations.put_surface(
                target.subject,
                SURFACE,
                target.channel,
                ts=ts,
                hash=mark,
                version=version,
                connection_id=target.account.id,
            ),
        )

    async def _channel_for(self, account: Account, shown: Shown) -> str:
        """The location's own channel, else the shop's for cases, else the connection's default."""
        shop = await self._accounts.shop(account.shop_id)
        place = shop.locations.get(shown.location_id or 0)
        if place is not None and place.channel:
            return place.channel
        default = account.connection.config.get("default_channel", "")
        return str(shop.policy.get("cases_channel") or default)

    async def _account(self, effect: Effect) -> Account | None:
        if effect.connection_id is not None:
            return await self._accounts.open(effect.connection_id)
        return await self._accounts.of_shop(effect.shop_id)

    # --- a customer's words in the thread of a case -----------------------------------------------

    async def carry_words(self, effect: Effect) -> Outcome:
        """{"case_id", "text", "author"}"""
        account = await self._account(effect)
        if account is None:
            return dead("There is no active Slack connection.")
        subject = f"case:{effect.payload['case_id']}"
        standing = await self._standing(account.shop_id, subject)
        root = next((m for m in standing if m.ts), None)
        if root is None:
            shown = await self.show(account, subject)
            return shown if shown.state == "dead" else later("Its card is posted first.", 1)
        return await self._say(account, effect, root)

    async def _say(self, account: Account, effect: Effect, root: SurfaceMessage) -> Outcome:
        try:
            if effect.unknown_before and await self._was_said(account, effect, root):
                return done(note="it had arrived")
            posted = await account.client.chat_postMessage(
                channel=root.channel,
                thread_ts=root.ts,
                metadata=_metadata(THREAD_EVENT, effect.key),
                **_words(effect.payload),
            )
        except SlackApiError as refused:
            if error_of(refused) == "thread_not_found":
                target = Target(account, root.subject, root.channel)
                await self._remember(target, None, "", root.version)
                return later("The thread was deleted; its card is posted again.", 1)
            return outcome_of(refused)
        except SILENT as silence:
            return outcome_of(silence)
        return done(ts=posted["ts"])

    async def _was_said(self, account: Account, effect: Effect, root: SurfaceMessage) -> bool:
        """A thread is read from its beginning, so that a long one takes several looks."""
        cursor = None
        while True:
            found = await account.client.conversations_replies(
                channel=root.channel,
                ts=str(root.ts),
                limit=LOOK_MESSAGES,
                cursor=cursor,
                include_all_metadata=True,
            )
            if _ts_of(found["messages"], THREAD_EVENT, effect.key) is not None:
                return True
            cursor = (found.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return False


def _words(payload: dict[str, Any]) -> Json:
    """What a customer wrote: as plain text, where no markup and no mention works."""
    author, text = str(payload.get("author") or "customer"), str(payload["text"])
    parts = pieces(cut(text, THREAD_TEXT_MAX), SECTION_MAX)
    blocks = [{"type": "section", "text": plain(part)} for part in parts]
    who = {"type": "context", "elements": [plain(f"{author} writes")]}
    return {"text": escaped(cut(f"{author}: {text}", 1500)), "blocks": [who, *blocks]}


def _metadata(kind: str, name: str) -> Json:
    return {"event_type": kind, "event_payload": {"name": name}}


def _ts_of(messages: list[Json], kind: str, name: str) -> str | None:
    for each in messages:
        if each.get("metadata") == _metadata(kind, name):
            return str(each["ts"])
    return None


def _hash(rendered: Rendered) -> str:
    return hashlib.sha256(to_json(rendered.as_json()).encode()).hexdigest()[:32]


def _signer(account: Account, at: datetime) -> Callable[[Any], str]:
    return lambda press: account.tokens.press(press, at)

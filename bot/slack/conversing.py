"""Words in channels: mentions, direct messages, replies in a case's thread; and the Home tab."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import desk
from bot.presentation.forms import offered
from bot.presentation.model import Answer, Card, Form
from bot.presentation.receipts import refusal_card
from bot.slack.acts import Acts, context_of
from bot.slack.incoming import Incoming
from bot.slack.mrkdwn import plain_words
from bot.slack.outbound import SURFACE
from bot.slack.photos import keep_photos, photos_in
from bot.slack.problems import error_of
from bot.slack.render import Json, home
from bot.slack.replies import Place
from core.commands.chat import ReplyToCustomer
from core.db.cases import case_by_id
from core.db.conversations import conversation_of_case, surface_message_at
from core.db.orders import numbers_of
from core.domain.cases import Case
from core.domain.refusals import Refusal
from core.engine import Caller

Work = Coroutine[Any, Any, None]
Answering = Callable[[Incoming], Work]

HEARD_MAX = 2_000
HOME_ASKS = ("mine", "cases", "today")
_SPOKEN = (None, "", "thread_broadcast", "file_share")
_NOT_WORDS = "Only words reach the customer; the file stayed here."


class Conversing:
    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._answered: OrderedDict[str, None] = OrderedDict()

    async def written(self, incoming: Incoming, text: str, order: str = "") -> list[Answer]:
        """The desk's answer to what a colleague wrote, wherever they wrote it."""
        person = await self._acts.person(incoming)
        acting = self._acts.acting(incoming)
        caller = Caller(person.actor, "slack")
        return await desk.answer(acting, text, caller, context_of(person, order))

    async def event(self, incoming: Incoming) -> None:
        event: Json = incoming.payload.get("event") or {}
        kind = event.get("type")
        if kind == "user_change":
            self._acts.directory.forget(str((event.get("user") or {}).get("id", "")))
        elif kind == "app_home_opened" and event.get("tab") == "home":
            await self._in_time(self.publish_home(incoming.user, incoming))
        elif event.get("bot_id") or not incoming.user:
            return
        elif kind == "app_mention":
            await self._once(incoming, self._mentioned)
        elif kind == "message" and event.get("subtype") in _SPOKEN:
            await self._message(incoming, event)

    async def _message(self, incoming: Incoming, event: Json) -> None:
        if event.get("channel_type") == "im":
            await self._once(incoming, self._direct)
        elif event.get("thread_ts") and not await self._is_for_us(event):
            await self._thread_reply(incoming, event)

    async def _is_for_us(self, event: Json) -> bool:
        """A mention comes as an event of its own; as a message it must not reach a customer."""
        return f"<@{(await self._acts.account.me()).user}" in str(event.get("text", ""))

    # --- mentions and direct messages -------------------------------------------------------------

    async def _once(self, incoming: Incoming, answer: Answering) -> None:
        """Slack repeats what it thinks was missed: the change is recognized, the answer is too."""
        name = incoming.delivery_id()
        if name in self._answered:
            return
        self._answered[name] = None
        if len(self._answered) > HEARD_MAX:
            self._answered.popitem(last=False)
        await self._in_time(answer(incoming))

    async def _mentioned(self, incoming: Incoming) -> None:
        event = incoming.payload["event"]
        text = plain_words(re.sub(r"^\s*<@[^>]+>[\s,:]*", "", str(event.get("text", ""))))
        await self._reply(incoming, text, await self._order_of_thread(event))

    async def _direct(self, incoming: Incoming) -> None:
        await self._reply(incoming, plain_words(str(incoming.payload["event"].get("text", ""))))

    async def _reply(self, incoming: Incoming, text: str, order: str = "") -> None:
        """Words come without the trigger that opens a form: a button brings one."""
        answers = await self._acts.guarded(incoming, self.written(incoming, text, order))
        shown = [offered(each) if isinstance(each, Form) else each for each in answers]
        await self._acts.replies.whisper(Place.of(incoming), self._acts.replies.rendered(shown))

    async def _order_of_thread(self, event: Json) -> str:
        """The number of the order that the thread's card is about."""
        kind, number = await self._subject_of_thread(event)
        if kind == "case":
            case = await self._case(number)
            number = case.order_id or 0 if case else 0
        if not number:
            return ""
        return (await self._acts.house.read(lambda s: numbers_of(s, {number}))).get(number, "")

    async def _subject_of_thread(self, event: Json) -> tuple[str, int]:
        channel, ts = str(event.get("channel", "")), str(event.get("thread_ts") or "")
        shop_id = self._acts.account.shop_id
        known = await self._acts.house.read(
            lambda s: surface_message_at(s, shop_id, SURFACE, channel, ts) if ts else None
        )
        kind, _, number = known.subject.partition(":") if known else ("", "", "0")
        return kind, int(number)

    async def _case(self, case_id: int) -> Case | None:
        shop_id = self._acts.account.shop_id
        return await self._acts.house.read(lambda s: case_by_id(s, shop_id, case_id))

    # --- a customer's case ------------------------------------------------------------------------

    async def _thread_reply(self, incoming: Incoming, event: Json) -> None:
        """Words in the thread of a customer's case reach the customer; other threads are ours."""
        kind, case_id = await self._subject_of_thread(event)
        case = await self._case(case_id) if kind == "case" else None
        if case is None or not await self._is_a_talk(case):
            await self._photos(incoming, event)
            return
        told = await self._carried(incoming, event, case)
        self._acts.background.spawn(
            self._acts.replies.whisper(Place.of(incoming), self._acts.replies.rendered([told]))
        )

    async def _photos(self, incoming: Incoming, event: Json) -> None:
        """Photos beside an order, or a case about one, are kept with it."""
        files = photos_in(event)
        order = await self._order_of_thread(event) if files else ""
        if not order:
            return

        async def keep() -> None:
            told = await keep_photos(self._acts, incoming, files, order)
            rendered = self._acts.replies.rendered([told])
            await self._acts.replies.whisper(Place.of(incoming), rendered)

        self._acts.background.spawn(keep())

    async def _is_a_talk(self, case: Case) -> bool:
        shop_id = self._acts.account.shop_id
        found = await self._acts.house.read(lambda s: conversation_of_case(s, shop_id, case.id))
        return found is not None

    async def _carried(self, incoming: Incoming, event: Json, case: Case) -> Card:
        """Not acknowledged before it is durable: a lost reply would come again."""
        text = plain_words(str(event.get("text", "")))
        note = _NOT_WORDS if event.get("files") or event.get("subtype") == "file_share" else ""
        try:
            person = await self._acts.person(incoming)
            command = ReplyToCustomer(case.number, text)
            caller = Caller(person.actor, "slack")
            receipt = await self._acts.acting(incoming).execute(command, caller)
        except Refusal as refusal:
            return refusal_card(refusal)
        if receipt.ok:
            return Card(receipt.sentence, note=note, tone="good")
        return Card(f"Not sent. {receipt}", note=note, tone="warn")

    # --- Home -------------------------------------------------------------------------------------

    async def publish_home(self, user: str, incoming: Incoming | None = None) -> None:
        """What waits for this person, and the day; a stranger reads whom to ask."""
        team = incoming.team if incoming else ""
        try:
            person = await self._acts.directory.person(user, team)
            caller, context = Caller(person.actor, "slack"), context_of(person)
            answers: list[Answer] = []
            for ask in HOME_ASKS:
                answers += await desk.press(self._acts.house, ask, {}, caller, context)
        except Refusal as refusal:
            answers = [refusal_card(refusal)]
        now, tokens = self._acts.house.clock(), self._acts.account.tokens
        view = home(answers, lambda press: tokens.press(press, now), now)
        try:
            await self._acts.account.client.views_publish(user_id=user, view=view)
        except SlackApiError as refused:
            if error_of(refused) != "hash_conflict":  # it was published by another process just now
                raise

    async def _in_time(self, work: Work) -> None:
        await self._acts.in_time(work, _nothing_more)


async def _nothing_more(_: None) -> None:
    """A late answer was shown by the work itself."""

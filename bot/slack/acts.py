"""What every act in Slack needs: who it is, within which time, and what becomes of trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError

from bot import desk
from bot.bridge import House
from bot.presentation.model import Answer, Card, Form, Section
from bot.presentation.receipts import refusal_card
from bot.slack import forms
from bot.slack.account import Account, Background, log
from bot.slack.acting import Acting
from bot.slack.identity import Directory, Person
from bot.slack.incoming import Incoming
from bot.slack.outbound import SURFACE, Cards
from bot.slack.problems import SILENT, error_of
from bot.slack.render import Json, notice
from bot.slack.replies import Place, Replies
from bot.slack.tokens import FormState
from core.db.conversations import surface_message_at
from core.domain.refusals import Refusal

T = TypeVar("T")
USED_TRIGGER = "exchanged_trigger_id"
NOT_OPENED = "Slack did not open the form in time. Please do it once more."
WORKING = "Working … the answer follows here."


class Acts:
    """One account's means. Everything answers within `answer_seconds` or says that it works."""

    def __init__(
        self,
        house: House,
        account: Account,
        cards: Cards,
        background: Background,
        answer_seconds: float,
    ) -> None:
        self.house = house
        self.account = account
        self.cards = cards
        self.background = background
        self.directory = Directory(house, account)
        self.replies = Replies(house, account)
        self.answer_seconds = answer_seconds

    async def person(self, incoming: Incoming) -> Person:
        return await self.directory.person(incoming.user, incoming.team)

    def acting(self, incoming: Incoming) -> Acting:
        return Acting(self.house, incoming.delivery(self.account.id))

    # --- time and trouble -------------------------------------------------------------------------

    async def in_time(
        self, work: Coroutine[Any, Any, T], late: Callable[[T], Coroutine[Any, Any, None]]
    ) -> T | None:
        """The result, or None when it takes longer: then `late` gets it once it is there."""
        task = self.background.spawn(work)
        finished, _ = await asyncio.wait({task}, timeout=self.answer_seconds)
        if finished:
            return task.result()

        async def follow() -> None:
            await late(await task)

        self.background.spawn(follow())
        return None

    async def attempt(self, incoming: Incoming, work: Awaitable[T]) -> T | Card:
        """A no becomes a card; our own bug becomes a card with a reference, never silence."""
        reference = incoming.reference()
        try:
            return await work
        except Refusal as refusal:
            return refusal_card(refusal)
        except Exception:  # noqa: BLE001 - whoever acted gets an answer, whatever broke
            log.exception("an act in Slack failed (reference %s)", reference)
        step = Section((f"Tell whoever runs it: reference {reference}.",))
        return Card("Something went wrong inside wismo.", (step,), tone="bad")

    async def guarded(self, incoming: Incoming, work: Awaitable[list[Answer]]) -> list[Answer]:
        found = await self.attempt(incoming, work)
        return [found] if isinstance(found, Card) else found

    # --- answers ----------------------------------------------------------------------------------

    async def answer(self, place: Place, answers: list[Answer], *, replace: bool = False) -> None:
        """Show it where it was asked; a form opens."""
        form = next((each for each in answers if isinstance(each, Form)), None)
        if form is None:
            await self.replies.send(place, self.replies.rendered(answers), replace=replace)
        else:
            await self.open(place, self.modal(place, form))

    async def tell(self, place: Place, refusal: Refusal) -> None:
        await self.answer(place, [refusal_card(refusal)])

    def modal(self, place: Place, form: Form) -> Json:
        state = FormState(
            form.verb, form.fixed, form.version, place.channel, place.thread, place.message
        )
        return forms.modal(form, self.account.tokens.form(state, self.house.clock()))

    async def open(self, place: Place, view: Json) -> str:
        """Open a modal; returns its id. A repeat finds the trigger used: it is open already."""
        try:
            return await self.replies.open(place, view)
        except (SlackApiError, *SILENT) as problem:
            if isinstance(problem, SlackApiError) and error_of(problem) == USED_TRIGGER:
                return ""
            log.warning("a form did not open: %s", problem)
        await self.replies.whisper(place, notice(NOT_OPENED))
        return ""

    async def renew(self, place: Place) -> None:
        """Bring the channel's card that was pressed up to date at once."""
        shop_id, channel, ts = self.account.shop_id, place.channel, place.message
        known = await self.house.read(
            lambda s: surface_message_at(s, shop_id, SURFACE, channel, ts)
        )
        if known is not None:
            await self.cards.show(self.account, known.subject, channel)


def context_of(person: Person, order: str = "") -> desk.Context:
    return desk.Context(person.zone, order)

"""`pause messages` beside a worker that has messages in its hands: its answer is always true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.duties import Mail, duties
from core.commands.setup import PauseMessages, ResumeMessages
from core.domain.effects import Effect, Outcome
from core.worker import Worker
from notifications.deliver import Deliveries
from notifications.render import Words
from notifications.tell import Teller
from tests.surfaces.customers import Street, street

pytestmark = pytest.mark.anyio
LEAVING = "1 message was on the way out just now and may still arrive."


class Interrupted:
    """A worker whom the pause meets with a mail in its hands: before the door, or in it."""

    def __init__(self, here: Street, in_the_door: bool) -> None:
        self._shop, self._mail, self._in_the_door = here.shop, Mail(here.house), in_the_door
        self.said = ""
        teller = Teller(here.house.settings.secrets, here.house.settings.base_url)
        email = Deliveries(here.shop.engine, teller, self._sender_for, lambda _: None).email
        known = duties(here.hands)
        executors = {**known.executors, "message.email": email}
        self.worker = Worker(here.shop.engine, replace(known, executors=executors, chores=()))

    def _sender_for(self, effect: Effect) -> Interrupted:
        self._sender = self._mail.sender_for(effect)
        if not self._in_the_door:
            self._pause()
        return self

    async def send(self, effect: Effect, words: Words, address: str) -> Outcome:
        self._pause()
        assert self._sender is not None
        return await self._sender.send(effect, words, address)

    def _pause(self) -> None:
        self.said = self._shop.do(PauseMessages()).sentence


async def test_what_was_claimed_is_given_back_and_what_leaves_is_named(database: str):
    async with street(database, slack=False) as here:
        here.shop.place(1001, ("mug-red", 2))
        before = Interrupted(here, in_the_door=False)
        await before.worker.until_idle()
        (kept,) = here.outbox("message.email")
        assert (here.mailbox.mails, kept["state"]) == ([], "waiting")
        assert kept["reason"] == "Messages are paused."
        assert before.said.endswith(LEAVING)

        assert here.shop.do(ResumeMessages()).ok
        at_the_door = Interrupted(here, in_the_door=True)
        await at_the_door.worker.until_idle()
        assert [mail.subject for mail in here.mailbox.mails] == ["We have your order 1001"]
        assert at_the_door.said.endswith(LEAVING)

        assert here.shop.do(ResumeMessages()).ok
        assert "arrive" not in here.shop.do(PauseMessages()).sentence

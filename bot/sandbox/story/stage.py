"""The stage of the story: people who type, press and read, and a look at the rows behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from bot.sandbox.customer import WebCustomer, words_of
from bot.sandbox.story.reading import (
    Json,
    aloud,
    button_labels,
    code_in,
    mail_text,
)
from core.db.connection import Database
from core.integrations.calling import new_http

if TYPE_CHECKING:
    from bot.sandbox.demo import Place

T = TypeVar("T")
PATIENCE_SECONDS = 20.0
LOOK_SECONDS = 0.1
POST = (
    "SELECT b.kind, o.number, b.state, b.reason, b.attempts FROM v_outbox b "
    "LEFT JOIN v_orders o ON o.order_id = b.order_id WHERE b.kind = 'message.email' "
    "ORDER BY b.outbox_id DESC LIMIT 5"
)


class Missed(AssertionError):
    """What the step waited for did not come."""


def expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise Missed(otherwise)


@dataclass
class Stage:
    """Everything a step needs; `orders` remembers order numbers under the step's own names."""

    place: Place
    http: httpx2.AsyncClient
    database: Database
    orders: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    visitors: dict[str, WebCustomer] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def set(cls, place: Place) -> AsyncIterator[Stage]:
        database = Database(place.database_url)
        async with new_http(20) as http:
            stage = cls(place, http, database)
            try:
                yield stage
            finally:
                for visitor in stage.visitors.values():
                    await visitor.close()
                database.close()

    # --- the world outside: the page's own buttons, the shop's admin ---------------------------

    async def press(self, button: str, **words: Any) -> list[str]:
        """A button of the demo page; gives its evidence."""
        answer = await self._post(f"/town/press/{button}", words)
        return [str(answer["result"]["title"]), *map(str, answer["result"]["evidence"])]

    async def shop(self, act: str, **words: Any) -> Any:
        """Something done in the store or by its customers."""
        return (await self._post(f"/shop/control/{act}", words))["result"]

    async def shop_order(self, number: str) -> Json:
        state = await self._get("/shop/control/state")
        found: Json = next(one for one in state["orders"] if one["name"] == f"#{number}")
        return found

    async def buy(self, name: str, lines: Any, **words: Any) -> Json:
        """An order placed in the shop, remembered under a name."""
        order: Json = await self.shop("place_order", lines=lines, **words)
        self.orders[name] = order["name"].lstrip("#")
        return order

    async def statuses(self, topic: str) -> list[int | None]:
        """How the app has answered the shop's webhooks of a topic, newest last."""
        calls = await self._get("/shop/control/transcript")
        return [one["status"] for one in calls if one["endpoint"] == topic]

    async def stripe(self, act: str, **words: Any) -> Any:
        """Something done at the card processor, or a misfortune there (act `faults`)."""
        return (await self._post(f"/stripe/control/{act}", words))["result"]

    async def stripe_refunds(self) -> list[Json]:
        found: list[Json] = (await self._get("/stripe/control/state"))["refunds"]
        return found

    # --- staff in Slack --------------------------------------------------------------------------

    async def types(self, who: str, text: str, command: str = "/wismo") -> str:
        """Type a command; gives all that this person was then shown, read aloud."""
        before = await self.slack(who)
        channel = self.place.town.channel.id
        known = {one["ts"] for one in before["ephemerals"]}
        known |= {one["id"] for one in before["views"]}
        await self.acts(who, "slash", command=command, text=text, channel=channel)

        async def answered() -> Json | None:
            seen = await self.slack(who)
            fresh = [one for one in seen["ephemerals"] if one["ts"] not in known]
            done = [one for one in fresh if "Working" not in one["text"]]
            opened = [one for one in seen["views"] if one["id"] not in known]
            return {"fresh": done, "views": opened} if done or opened else None

        found = await self.until(answered, f"Slack answers “{text}”")
        self.notes["last"] = found["fresh"]
        return "\n".join(aloud(one) for one in found["fresh"]) or aloud(found["views"][-1])

    async def acts(self, who: str, act: str, **words: Any) -> Json:
        user = self.place.town.person(who).id
        body = {"user": user, "act": act, "with": words}
        seen = await self._post("/slack/control/act", body)
        expect(not seen["trouble"], f"{who} sees “{seen['trouble']}” after {act} {words}")
        expect(not seen["mistakes"], f"Slack would refuse: {seen['mistakes']}")
        return seen

    async def slack(self, who: str) -> Json:
        user = self.place.town.person(who).id
        found: Json = await self._get(f"/slack/control/state?user={user}")
        return found

    async def channel(self) -> list[Json]:
        state = await self.slack("ann")
        wanted = self.place.town.channel.id
        found: list[Json] = next(x["messages"] for x in state["channels"] if x["id"] == wanted)
        return found

    async def card(self, *words: str, without: str = "") -> Json:
        """The newest message in the channel that says all of these words."""

        async def look() -> Json | None:
            for message in reversed(await self.channel()):
                said = aloud(message)
                if all(word in said for word in words) and (not without or without not in said):
                    return message
            return None

        return await self.until(look, f"a card in the channel says {' … '.join(words)}")

    async def clicks(self, who: str, message: Json, button: str) -> Json:
        where = {"channel": message["channel"], "ts": message["ts"]}
        labels = button_labels(message)
        found = next((one for one in labels if one.startswith(button)), "")
        expect(found, f"the card has no button “{button}”, it has {labels}")
        return await self.acts(who, "click", where=where, button=found)

    # --- customers -------------------------------------------------------------------------------

    async def visitor(self, name: str, language: str = "en") -> WebCustomer:
        """A browser with the chat page open."""
        if name not in self.visitors:
            self.visitors[name] = WebCustomer(self.place.panel.app.base, language)
            status = await self.visitors[name].open()
            expect(status == 200, f"the chat page answers {status}")
        return self.visitors[name]

    async def chats(self, visitor: WebCustomer, text: str = "", pressed: str = "") -> str:
        """Say or press something in the web chat; gives the bot's new words."""
        known = (await visitor.seen())["lines"]
        answer = await (visitor.press(pressed) if pressed else visitor.say(text))
        expect(answer.is_success, f"the chat answers {answer.status_code}: {answer.text[:200]}")
        lines = (await visitor.seen())["lines"][len(known) :]
        return words_of(lines, "bot")

    async def chooses(self, visitor: WebCustomer, *wanted: str) -> str:
        """Press the first button of the web chat whose label or key begins like one of these."""
        buttons = (await visitor.seen())["buttons"]
        for word in wanted:
            for one in buttons:
                if one["label"].lower().startswith(word) or one["key"].startswith(word):
                    return await self.chats(visitor, pressed=one["key"])
        raise Missed(f"no button {wanted} among {[one['label'] for one in buttons]}")

    async def tells_bot(self, user: int, text: str) -> str:
        """A message in Telegram; gives the bot's new words."""
        before = len(await self.telegram(user))
        await self._post("/telegram/control/say", {"user": user, "text": text})

        async def answered() -> str | None:
            fresh = (await self.telegram(user))[before:]
            return "\n".join(one["text"] for one in fresh if one["from"]["is_bot"]) or None

        return await self.until(answered, f"the Telegram bot answers “{text}”")

    async def telegram(self, user: int) -> list[Json]:
        state = await self._get("/telegram/control/state")
        chat = state["chats"].get(str(user))
        return chat["messages"] if chat else []

    # --- mail ------------------------------------------------------------------------------------

    async def mails(self, address: str, *words: str) -> list[Json]:
        """Mails to an address that say these words, newest first."""
        state = await self._get("/mailbox/control/state")
        mine = [one for one in state["mails"] if address in one["recipients"]]
        return [one for one in mine if all(word in mail_text(one) for word in words)]

    async def all_mails(self, word: str) -> list[Json]:
        """Mails to anybody that say a word."""
        state = await self._get("/mailbox/control/state")
        return [one for one in state["mails"] if word in mail_text(one)]

    async def mail(self, address: str, *words: str) -> Json:
        async def look() -> Json | None:
            return next(iter(await self.mails(address, *words)), None)

        try:
            return await self.until(look, f"a mail to {address} says {' … '.join(words)}")
        except Missed as missed:
            raise Missed(f"{missed}; the newest in the outbox: {self.rows(POST)}") from missed

    async def code(self, address: str, known: int) -> str:
        """The code of a mail that was not yet there when `known` mails were."""

        async def look() -> str | None:
            mails = await self.mails(address)
            return code_in(mails[0]) if len(mails) > known else None

        return await self.until(look, f"a code is mailed to {address}")

    # --- the house -------------------------------------------------------------------------------

    async def api(self, path: str) -> Any:
        answer = await self.place.panel.call("GET", f"/api/v1{path}")
        expect(answer.is_success, f"GET {path} answers {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    async def command(self, name: str, key: str = "", **words: Any) -> Any:
        path = f"/api/v1/commands/{name}"
        return await self.place.panel.call("POST", path, words, key)

    async def order(self, number: str) -> Json:
        found: Json = await self.api(f"/orders/{number}")
        return found

    async def finds(self, number: str) -> bool:
        answer = await self.place.panel.call("GET", f"/api/v1/orders/{number}")
        return bool(answer.is_success)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A look into the database beside the app; `?` stands for a value."""
        mark = sql if self.database.is_sqlite else sql.replace("?", "%s")
        with self.database.read() as session:
            found = session.connection.exec_driver_sql(mark, values).fetchall()
        return [tuple(row) for row in found]

    def count(self, sql: str, *values: Any) -> int:
        return int(self.rows(sql, *values)[0][0])

    def is_held(self, number: str) -> bool:
        return self.rows("SELECT held FROM v_orders WHERE number = ?", number) == [(1,)]

    def stands(self, number: str) -> str:
        """How far an order is: its fulfillment status."""
        found = self.rows("SELECT fulfillment_status FROM v_orders WHERE number = ?", number)
        return str(found[0][0]) if found else "unknown"

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Look until there is something to see."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            found = await look()
            if found:
                return found
            await asyncio.sleep(LOOK_SECONDS)
        raise Missed(f"{what}: not within {PATIENCE_SECONDS:.0f} seconds")

    async def until_row(self, what: str, sql: str, *values: Any) -> tuple[Any, ...]:
        async def look() -> tuple[Any, ...] | None:
            found = self.rows(sql, *values)
            return found[0] if found else None

        return await self.until(look, what)

    async def idle(self) -> None:
        """Wait until the worker has nothing left that is due."""

        async def look() -> bool:
            waiting = "SELECT count(*) FROM v_outbox WHERE state IN ('waiting', 'leased')"
            unplanned = "SELECT count(*) FROM event WHERE position IS NULL"
            return self.count(waiting) + self.count(unplanned) == 0

        await self.until(look, "the worker comes to rest")

    async def _post(self, path: str, body: Any) -> Json:
        answer = await self.http.post(self.place.page + path, json=body)
        expect(answer.is_success, f"{path} answers {answer.status_code}: {answer.text[:300]}")
        told: Json = answer.json()
        return told

    async def _get(self, path: str) -> Any:
        return (await self.http.get(self.place.page + path)).json()

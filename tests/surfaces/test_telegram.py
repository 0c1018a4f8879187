"""Telegram through its own wire: signed webhook or polling in, the Bot API out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.shop.wire import Fault
from bot.telegram.app import Account
from core.commands.chat import HandBack, ReplyToCustomer
from core.db import tables as t
from core.db.rows import from_json
from core.db.setup import load_shop
from core.domain.access import Role
from core.integrations.calling import new_http
from tests.shop import SHOP, staff
from tests.surfaces.customers import LOCAL, SECRET, TELEGRAM, Street, person, street

pytestmark = pytest.mark.anyio
ANNA = "anna@example.org"
SUPPORT = staff(Role.SUPPORT, "Mia")


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as street_:
        street_.shop.place(1001, ("mug-red", 2))
        street_.shop.place(2001, ("tee-black-m", 1), email="ben@example.org")
        await street_.work()
        yield street_


async def heard(here: Street) -> list[str]:
    """Bring what waits to the bot and its answers back; all that Anna has been told."""
    await here.telegram.deliver()
    await here.work()
    return person(here).heard


async def identified(here: Street) -> None:
    anna = person(here)
    for words in ("where is my order", ANNA):
        anna.say(words)
        await heard(here)
    anna.say(here.code_for(ANNA))
    await heard(here)


async def post(here: Street, body: object, secret: str | None = SECRET) -> int:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with new_http(5) as client:
        answer = await client.post(here.telegram.webhook.url, content=raw, headers=headers)
    return answer.status_code


def account(here: Street) -> Account:
    shop = here.shop.engine.read(lambda session: load_shop(session, SHOP))
    return Account(SHOP, shop.connections[TELEGRAM])


# --- the day's work ------------------------------------------------------------------------------


async def test_a_customer_is_identified_by_mail_and_told_where_the_order_is(here: Street):
    await identified(here)
    assert "Order 1001" in person(here).heard[-1]


async def test_german_speakers_are_answered_in_german(here: Street):
    anna = person(here, language="de")
    anna.start()
    assert "wo Ihre Bestellung ist" in (await heard(here))[-1]


async def test_buttons_are_pressed_and_confirmed(here: Street):
    anna = person(here)
    anna.start()
    await heard(here)
    anna.press("Where is my order?")
    assert "Which e-mail address" in (await heard(here))[-1]
    assert all(answer is not None for answer in here.telegram.answers.values())


async def test_after_the_code_messages_come_to_the_chat_too(here: Street):
    await identified(here)
    here.ship(1001)
    await here.work()
    assert "1001" in person(here).heard[-1]
    sent = [row["kind"] for row in here.outbox() if '"kind":"shipped"' in row["payload"]]
    assert sorted(sent) == ["message.email", "message.telegram"]


async def test_a_link_from_a_message_opens_the_bot_with_its_proof(here: Street):
    page = await here.visitor().client.get(here.link_for(ANNA))
    token = page.text.split("?start=")[1].split('"')[0]
    person(here).start(token)
    assert "I know you now" in (await heard(here))[-1]
    person(here).say("where is my order")
    assert "Order 1001" in (await heard(here))[-1]


async def test_a_person_answers_in_the_chat_and_hands_it_back(here: Street):
    person(here).say("I want to talk to a human")
    await heard(here)
    (case,) = here.shop.rows(t.cases, kind="customer_chat")
    assert here.shop.do(ReplyToCustomer(case["number"], "Hello <b>Anna</b>"), SUPPORT).ok
    assert (await heard(here))[-1] == "Mia: Hello <b>Anna</b>"
    person(here).say("and the parcel?")
    await heard(here)
    thread = [from_json(row["payload"])["text"] for row in here.outbox("slack.thread")]
    assert thread == ["I want to talk to a human", "and the parcel?"]
    assert here.shop.do(HandBack(case["number"]), SUPPORT).ok
    assert "handed the conversation back" in (await heard(here))[-1]


async def test_one_s_own_contact_starts_the_identification(here: Street):
    here.shop.place(3001, ("sock-grey", 1), email="cara@example.org", phone="+493023125001")
    await here.work()
    anna = person(here)
    anna.say("where is my order")
    await heard(here)
    anna.share_contact()
    assert "a code is on its way" in (await heard(here))[-1]
    anna.say(here.code_for("cara@example.org"))
    assert "Order 3001" in (await heard(here))[-1]


async def test_the_contact_key_stays_while_it_is_asked_for_and_goes_with_the_next_message(
    here: Street,
):
    anna = person(here)
    anna.say("where is my order")
    await heard(here)
    assert here.telegram.chats[anna.id].keyboard
    anna.say("is this a contact?")
    await heard(here)
    assert here.telegram.chats[anna.id].keyboard
    anna.say(ANNA)
    assert "a code is on its way" in (await heard(here))[-1]
    assert not here.telegram.chats[anna.id].keyboard
    assert anna.press("Send a new code")


async def test_calling_a_person_puts_the_contact_key_away_once(here: Street):
    anna = person(here, language="de")
    anna.say("wo ist meine Bestellung")
    await heard(here)
    anna.say("Mensch")
    assert (await heard(here))[-2] == "In Ordnung."
    assert not here.telegram.chats[anna.id].keyboard
    anna.say("bot")
    assert (await heard(here)).count("In Ordnung.") == 1


# --- strangers -----------------------------------------------------------------------------------


async def test_somebody_elses_contact_is_not_taken(here: Street):
    here.shop.place(3001, ("sock-grey", 1), email="cara@example.org", phone="+493023125001")
    await here.work()
    mallory, anna = person(here, 66), person(here)
    mallory.say("where is my order")
    await heard(here)
    mallory.share_contact(anna)
    await heard(here)
    assert "does not look like" in mallory.heard[-1]
    assert not here.codes_for("cara@example.org")


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x"])
async def test_without_the_secret_nothing_is_stored_but_a_counter(here: Street, secret: str | None):
    update = {"update_id": 1, "message": {"text": "hello"}}
    assert await post(here, update, secret) == 401
    assert not here.shop.rows(t.inbox)
    assert here.shop.rows(t.counter, name="webhooks_refused")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"update_id": "x"}', b'{"update_id": 5, "message": {"text": 7}}'],
)
async def test_a_malformed_update_is_let_go(here: Street, body: bytes):
    assert await post(here, body) == 200
    assert not here.shop.rows(t.conversation)


async def test_a_huge_update_is_refused(here: Street):
    assert await post(here, b"x" * 1_000_001) == 413


async def test_an_unknown_connection_is_not_there(here: Street):
    here.telegram.webhook.url = here.telegram.webhook.url.replace(f"/{TELEGRAM}", "/999")
    assert await post(here, {"update_id": 1}) == 404


# --- the anomalies of the wire -------------------------------------------------------------------


async def test_the_same_update_again_is_answered_once(here: Street):
    update = person(here).say("hello")
    await heard(here)
    assert await post(here, update) == 200
    await here.work()
    assert len(person(here).heard) == 1
    assert len(here.shop.rows(t.inbox)) == 1


async def test_update_ids_that_start_again_lower_are_heard(here: Street):
    person(here).say("hello")
    await heard(here)
    here.telegram.restart_update_ids(5)
    person(here).say("where is my order")
    assert len(await heard(here)) == 2


async def test_an_id_that_comes_again_with_other_words_is_heard(here: Street):
    person(here).say("hello")
    await heard(here)
    here.telegram.restart_update_ids(700_001)
    person(here).say("where is my order")
    assert len(await heard(here)) == 2


async def test_killed_after_the_commit_the_answer_still_goes_out(here: Street):
    """The answer is a row of the same transaction: whoever starts next carries it out."""
    person(here).say("hello")
    await here.telegram.deliver()
    assert person(here).heard == []
    (row,) = here.outbox("message.chat")
    assert row["state"] == "waiting"
    await here.work()
    assert len(person(here).heard) == 1


async def test_a_pause_that_telegram_asks_for_is_kept(here: Street):
    here.telegram.faults.script(Fault("sendMessage", "rate", retry_after=7))
    person(here).say("hello")
    assert await heard(here) == []
    here.shop.clock.advance(seconds=8)
    assert len(await heard(here)) == 1


async def test_who_blocks_the_bot_gets_no_more_messages_there(here: Street):
    await identified(here)
    person(here).block()
    await heard(here)
    assert here.shop.rows(t.customer, email=ANNA)[0]["telegram_chat"] is None
    here.ship(1001)
    await here.work()
    assert not here.outbox("message.telegram")


async def test_a_shop_that_is_not_live_says_nothing(sqlite_database: str):
    async with street(sqlite_database, mode="watch") as quiet:
        person(quiet).say("hello")
        assert await heard(quiet) == []
        (row,) = quiet.outbox("message.chat")
        assert row["state"] == "suppressed"


async def test_a_pause_of_all_messages_holds_answers_back(here: Street):
    here.shop.engine.chore(lambda uow: uow.people.set_shop(paused_at=1), SHOP)
    person(here).say("hello")
    assert await heard(here) == []
    here.shop.engine.chore(lambda uow: uow.people.set_shop(paused_at=None), SHOP)
    assert len(await heard(here)) == 1


async def test_telegram_is_told_where_we_listen_and_what_can_be_asked(here: Street):
    await here.hands.telegram.introduce(account(here))
    assert here.telegram.webhook.url == f"{LOCAL}/hooks/telegram/{TELEGRAM}"
    assert here.telegram.webhook.secret == SECRET
    assert {one["command"] for one in here.telegram.commands} == {"start", "help", "human"}


async def test_commands_mean_what_their_words_mean(here: Street):
    person(here).say("/human")
    assert "called a colleague" in (await heard(here))[-1]


# --- polling -------------------------------------------------------------------------------------


async def test_polling_confirms_only_what_is_committed(here: Street):
    here.telegram.webhook.url = ""
    first, second = person(here).say("hello"), person(here).say("where is my order")
    offset = await here.hands.telegram.poll_once(account(here), None, seconds=0)
    assert offset == second["update_id"] + 1
    assert [u["update_id"] for u in here.telegram.updates] == [
        first["update_id"],
        second["update_id"],
    ]
    assert len(here.shop.rows(t.inbox)) == 2
    await here.hands.telegram.poll_once(account(here), offset, seconds=0)
    assert here.telegram.updates == []


async def test_what_is_fetched_again_after_a_crash_is_heard_once(here: Street):
    here.telegram.webhook.url = ""
    person(here).say("hello")
    for _ in range(2):
        await here.hands.telegram.poll_once(account(here), None, seconds=0)
    assert len(here.shop.rows(t.inbox)) == 1


async def test_one_process_polls_at_a_time(here: Street):
    door = here.hands.telegram
    assert door.holds(account(here), "one")
    assert door.holds(account(here), "one")
    assert not door.holds(account(here), "two")
    here.shop.clock.advance(minutes=2)
    assert door.holds(account(here), "two")
    assert not door.holds(account(here), "one")

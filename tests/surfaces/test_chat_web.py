"""The web chat through its own endpoints: identified by mail, answered from facts, once each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from bot.chat.host import Door
from bot.web.chat import WebChat
from core.commands.chat import HandBack, ReplyToCustomer
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from core.queries.conversations import ShowConversation
from tests.shop import SHOP, staff
from tests.surfaces.customers import BASE, Street, street

pytestmark = pytest.mark.anyio
ANNA, BEN = "anna@example.org", "ben@example.org"
SUPPORT = staff(Role.SUPPORT, "Mia")


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as street_:
        street_.shop.place(1001, ("mug-red", 2))
        street_.shop.place(2001, ("tee-black-m", 1), email=BEN, customer_name="Ben Kurz")
        await street_.work()
        yield street_


# --- the day's work ------------------------------------------------------------------------------


async def test_an_address_and_the_mailed_code_show_ones_own_orders(here: Street):
    visitor = here.visitor()
    answer = await visitor.identifies()
    assert "Thank you, I know you now." in answer
    assert "Order 1001" in answer
    assert "2001" not in answer


async def test_the_same_works_in_german(here: Street):
    visitor = here.visitor("de-DE,de;q=0.9")
    await visitor.opens()
    assert "E-Mail" in await visitor.says("Wo ist meine Bestellung?")
    await visitor.says(ANNA)
    answer = await visitor.says(here.code_for(ANNA))
    assert "Bestellung 1001" in answer
    assert "Ihr" in here.mailbox.to(ANNA)[-1].text or "Code" in here.mailbox.to(ANNA)[-1].subject


async def test_number_contact_and_code_name_the_order_at_once(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("where is order 1OO1")
    await visitor.says(ANNA)
    assert "Order 1001" in await visitor.says(here.code_for(ANNA))


async def test_each_parcel_is_told_from_what_happened_to_it(here: Street):
    here.ship(1001)
    answer = await here.visitor().identifies()
    assert "Handed to the carrier" in answer
    assert "on its way" not in answer


async def test_delivered_goods_go_back_after_an_explicit_yes(here: Street):
    here.ship(1001)
    here.deliver(1001)
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.presses("Return something")
    await visitor.presses("2")
    assert "What is broken" in await visitor.presses("Damaged or defective")
    assert "Shall I ask for this return?" in await visitor.says("a chip in the glaze")
    assert not here.shop.rows(t.rma)
    told = await visitor.presses("Yes, please")
    assert "approved" in told
    assert "Please send it by" in told
    (rma,) = here.shop.rows(t.rma)
    assert (rma["requested_by"], rma["reason"]) == ("customer", "defective")


async def test_a_wish_to_cancel_becomes_a_case_and_changes_nothing(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("please cancel my order")
    assert "Your reference: C-" in await visitor.presses("Yes, please")
    (case,) = here.shop.rows(t.cases, kind="customer_wish")
    assert from_json(case["facts"])["wish"] == "cancel"
    assert here.shop.rows(t.orders, number="1001")[0]["status"] == "open"


async def test_a_second_wish_joins_the_open_case(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    for text in ("Lange Reihe 7, 20099 Hamburg", "Lange Reihe 9, 20099 Hamburg"):
        await visitor.says("I need to change the address of my order")
        await visitor.says(text)
        await visitor.presses("Yes, please")
    (case,) = here.shop.rows(t.cases, kind="customer_wish")
    assert "Reihe 7" in from_json(case["facts"])["text"]
    assert "Reihe 9" in from_json(case["facts"])["text"]


async def test_a_person_answers_and_hands_the_conversation_back(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    assert "called a colleague" in await visitor.says("I want to talk to a human")
    assert await visitor.says("it is urgent") == ""
    (case,) = here.shop.rows(t.cases, kind="customer_chat")
    threads = [from_json(row["payload"]) for row in here.outbox("slack.thread")]
    assert [x["text"] for x in threads] == ["I want to talk to a human", "it is urgent"]
    assert {x["author"] for x in threads} == {"Anna Schmidt"}
    assert here.shop.do(ReplyToCustomer(case["number"], "It leaves today."), SUPPORT).ok
    assert "Mia: It leaves today." in await visitor.reads()
    assert here.shop.do(HandBack(case["number"]), SUPPORT).ok
    await here.work()
    assert "handed the conversation back" in (await visitor.reads())[-1]
    assert "Order 1001" in await visitor.says("where is my order")


async def test_the_page_shows_the_talk_without_any_script(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    answer = await visitor.client.post("/chat/messages", data={"id": "f1", "text": "hello"})
    assert answer.status_code == 303
    page = (await visitor.opens(answer.headers["location"])).text
    assert "Hello! I can tell you where your order is" in page
    assert 'name="pressed"' in page


async def test_a_page_that_comes_back_asks_for_what_is_new(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("hello")
    lines = (await visitor.client.get("/chat/messages")).json()["lines"]
    assert [line["side"] for line in lines] == ["customer", "bot"]
    later = await visitor.client.get(f"/chat/messages?after={lines[0]['id']}")
    assert [line["side"] for line in later.json()["lines"]] == ["bot"]


async def test_the_stream_brings_a_colleagues_answer(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("I want to talk to a human")
    assert here.shop.do(ReplyToCustomer(1, "Hello, Mia here."), SUPPORT).ok
    stream = WebChat(here.house).stream(await _open_door(here), 0, rounds=1)
    (first,) = [part async for part in stream]
    assert first.startswith(b"id: ")
    assert b"Hello, Mia here." in first


async def _open_door(here: Street) -> Door:
    (talk,) = here.shop.rows(t.conversation)
    return Door(SHOP, "web", talk["address"])


async def test_staff_can_read_what_was_said_before(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("I want to talk to a human")
    seen = here.shop.ask(ShowConversation(1), SUPPORT)
    assert seen.with_person
    assert [line.author for line in seen.lines] == ["customer", "bot"] * 4
    assert "(tracking link)" in seen.lines[5].text


async def test_a_long_talk_is_shown_from_its_end(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    for number in range(105):
        await visitor.says(f"hello {number}")
        here.shop.clock.advance(seconds=10)
    assert (await visitor.reads())[-2] == "customer: hello 104"


# --- strangers -----------------------------------------------------------------------------------


async def test_a_known_and_an_unknown_contact_hear_the_same_to_the_byte(here: Street):
    answers = []
    for contact in (ANNA, "nobody@example.org", "+49 151 23456789"):
        visitor = here.visitor()
        await visitor.opens()
        await visitor.says("where is my order")
        heard = await visitor.post({"id": "x", "text": contact})
        body = heard.json()
        shown = [(line["side"], line["rows"]) for line in body["lines"] if line["side"] == "bot"]
        answers.append((heard.status_code, shown, body["buttons"]))
    assert answers[0] == answers[1] == answers[2]
    await here.work()
    assert not here.mailbox.to("nobody@example.org")


async def test_a_foreign_number_and_a_missing_number_hear_the_same(here: Street):
    answers = []
    for number in ("2001", "9999"):
        visitor = here.visitor()
        await visitor.opens()
        await visitor.says(f"where is order {number}")
        answers.append(await visitor.says(ANNA))
        here.shop.clock.advance(minutes=2)
    assert answers[0] == answers[1]
    codes = [r for r in here.outbox("message.email") if from_json(r["payload"])["kind"] == "code"]
    assert [row["state"] for row in codes] == ["suppressed"] * 2


async def test_known_customers_cannot_see_the_orders_of_others(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    foreign = await visitor.says("where is order 2001")
    missing = await visitor.says("where is order 9999")
    assert foreign.replace("2001", "9999") == missing


async def test_what_a_customer_writes_cannot_become_a_link_to_somebody_elses_order(here: Street):
    (order,) = here.shop.rows(t.orders, number="2001")
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("I need to change the address of my order")
    answer = await visitor.says(f"send it to track:order-{order['id']} please")
    for link in re.findall(r"/track/\S+", answer):  # to the own order, if it asks about that
        page = await visitor.client.get(link)
        assert "1001" in page.text
        assert "2001" not in page.text


# --- codes ---------------------------------------------------------------------------------------


async def test_a_code_works_once(here: Street):
    first = here.visitor()
    await first.identifies()
    second = here.visitor()
    await second.opens()
    await second.says("where is my order")
    await second.says("nobody@example.org")
    answer = await second.says(here.code_for(ANNA))
    assert "does not fit" in answer


async def test_a_code_is_good_for_its_own_conversation_only(here: Street):
    mine, other = here.visitor(), here.visitor()
    for visitor in (mine, other):
        await visitor.opens()
        await visitor.says("where is my order")
    await mine.says(ANNA)
    here.shop.clock.advance(minutes=2)
    await other.says(ANNA)
    first, second = here.codes_for(ANNA)
    assert "does not fit" in await other.says(first)
    assert "Order 1001" in await other.says(second)


async def test_a_late_code_and_a_sixth_try_are_refused(here: Street):
    late = here.visitor()
    await late.opens()
    await late.says("where is my order")
    await late.says(ANNA)
    here.shop.clock.advance(minutes=11)
    assert "does not fit" in await late.says(here.code_for(ANNA))
    guessing = here.visitor()
    await guessing.opens()
    await guessing.says("where is my order")
    await guessing.says(ANNA)
    right = here.code_for(ANNA)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        await guessing.says(wrong)
    assert "no longer be used" in await guessing.says(right)


async def test_fifty_right_codes_at_once_are_one_identification(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("where is my order")
    await visitor.says(ANNA)
    code = here.code_for(ANNA)
    posts = [visitor.post({"id": f"race{n}", "text": code}) for n in range(20)]
    answers = [answer.json() for answer in await asyncio.gather(*posts)]
    said = [str(body) for body in answers]
    assert sum("Thank you, I know you now." in words for words in said) == 1


async def test_a_contact_gets_one_code_a_minute_from_wherever_it_is_asked(here: Street):
    for _ in range(3):
        visitor = here.visitor()
        await visitor.opens()
        await visitor.says("where is my order")
        await visitor.says(ANNA)
    assert len(here.codes_for(ANNA)) == 1


async def test_no_code_stands_in_the_database(here: Street):
    await here.visitor().identifies()
    code = here.code_for(ANNA)
    words = [row["words"] for row in here.shop.rows(t.conversation_message)]
    results = [row["result"] + row["payload"] for row in here.outbox("message.email")]
    kept = [row["talk"] + row["proof"] for row in here.shop.rows(t.conversation)]
    assert not [text for text in (*words, *results, *kept) if code in text]


async def test_a_card_number_is_not_kept(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("I want to talk to a human")
    await visitor.says("my card is 4111 1111 1111 1111, take it")
    kept = str(here.shop.rows(t.conversation_message)) + str(here.outbox())
    assert "1111 1111" not in kept
    assert "11111111" not in kept
    assert "my card is •••" in kept


# --- the anomalies of the wire -------------------------------------------------------------------


async def test_the_same_post_again_is_heard_once_and_answered_the_same(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    one = await visitor.post({"id": "same", "text": "hello"})
    two = await visitor.post({"id": "same", "text": "hello"})
    assert one.json() == two.json()
    assert len(here.shop.rows(t.conversation_message)) == 2


async def test_a_post_from_another_site_changes_nothing(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await visitor.post({"id": "x", "text": "hello"}, **headers)
        assert answer.status_code == 403
    assert not here.shop.rows(t.conversation_message)
    assert (await visitor.post({"id": "y", "text": "hello"}, Origin=BASE)).status_code == 200


async def test_a_visitor_without_a_page_is_asked_to_open_it(here: Street):
    answer = await here.visitor().post({"id": "x", "text": "hello"})
    assert answer.status_code == 403
    assert "/chat" in answer.json()["problem"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "x", "text": "a" * 4001}, 413),
        ({"id": "x", "text": "a" * 40_000}, 413),
        ({"id": "x" * 101, "text": "a"}, 400),
        ({"words": "a"}, 400),
        ([], 400),
    ],
)
async def test_what_is_too_big_or_misshapen_is_refused(here: Street, body: object, status: int):
    visitor = here.visitor()
    await visitor.opens()
    assert (await visitor.post(body)).status_code == status
    assert not here.shop.rows(t.conversation_message)


async def test_who_writes_too_fast_is_slowed_down(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    posts = [await visitor.post({"id": f"f{n}", "text": "hello"}) for n in range(45)]
    assert {answer.status_code for answer in posts} == {200, 429}
    here.shop.clock.advance(minutes=2)
    assert (await visitor.post({"id": "later", "text": "hello"})).status_code == 200


async def test_markup_is_words(here: Street):
    visitor = here.visitor()
    await visitor.opens()
    await visitor.says("<script>alert(1)</script>")
    page = await visitor.opens()
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_the_session_cannot_be_read_from_the_database(here: Street):
    visitor = here.visitor()
    page = await visitor.opens()
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    await visitor.says("hello")
    (talk,) = here.shop.rows(t.conversation)
    assert talk["address"] not in cookie


async def test_identification_ends_after_twelve_hours(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    here.shop.clock.advance(hours=13)
    answer = await visitor.says("where is my order")
    assert "ask again who you are" in answer
    assert "1001" not in answer


async def test_nobody_can_reply_to_a_case_that_is_no_conversation(here: Street):
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("please cancel my order")
    await visitor.presses("Yes, please")
    refused = here.shop.do(ReplyToCustomer(1, "hello"), SUPPORT)
    assert refused.code == "not_possible"
    warehouse = staff(Role.WAREHOUSE, "Bo")
    assert here.shop.do(ReplyToCustomer(1, "hello"), warehouse).code == "not_allowed"

"""Chapter three: customers ask where it is, prove who they are, and reach a person."""

from __future__ import annotations

from bot.sandbox.customer import WebCustomer, words_of
from bot.sandbox.history import ANNA
from bot.sandbox.story.capturing import CLARA, EMIL
from bot.sandbox.story.reading import Json, aloud, short
from bot.sandbox.story.stage import Stage, expect
from core.integrations.calling import new_http

TELEGRAM_USER = 5002


async def where_is_my_order_in_english(stage: Stage) -> str:
    visitor = await stage.visitor("clara")
    first = await stage.chats(visitor, "where is my order?")
    await identify(stage, visitor, CLARA["email"])
    answer = words_of((await visitor.seen())["lines"], "bot")
    number = stage.orders["clara"]
    expect(number in answer, f"the chat does not name {number}: {answer}")
    expect("delivered" in answer.lower(), f"the chat does not say where it is: {answer}")
    last = words_of((await visitor.seen())["lines"][-1:], "bot")
    return f"“{short(first, 60)}” — code from the mailbox — “{short(last, 90)}”"


async def where_is_my_order_in_german(stage: Stage) -> str:
    visitor = await stage.visitor("emil", "de")
    first = await stage.chats(visitor, "Wo ist mein Paket?")
    expect("mail" in first.lower(), f"the chat does not ask who is there: {first}")
    await identify(stage, visitor, EMIL["email"])
    await stage.chats(visitor, stage.orders["emil"])
    answer = words_of((await visitor.seen())["lines"], "bot")
    expect(stage.orders["emil"] in answer, f"the chat does not name the order: {answer}")
    last = words_of((await visitor.seen())["lines"][-1:], "bot")
    return f"“{short(first, 60)}” … “{short(last, 90)}”"


async def where_is_my_order_in_telegram(stage: Stage) -> str:
    user, email = TELEGRAM_USER, ANNA
    await stage.tells_bot(user, "/start")
    await stage.tells_bot(user, "where is my order?")
    known = len(await stage.mails(email))
    asked = await stage.tells_bot(user, email)
    code = await stage.code(email, known)
    answer = await stage.tells_bot(user, code)
    everything = "\n".join(one["text"] for one in await stage.telegram(user))
    expect("DHL" in everything, f"Telegram says: {answer}")
    return f"“{short(asked, 60)}” … “{short(answer, 90)}”"


async def a_wrong_contact_and_an_unknown_order_look_the_same(stage: Stage) -> str:
    """Nobody learns from the answers whether an order exists."""
    asked = {
        "wrong contact": f"{stage.orders['clara']} somebody.else@example.com",
        "unknown order": "999999 somebody.else@example.com",
    }
    answers: dict[str, str] = {}
    for name, text in asked.items():
        visitor = await stage.visitor(name)
        await stage.chats(visitor, "where is my order?")
        said = await stage.chats(visitor, text)
        answers[name] = said.replace(stage.orders["clara"], "N").replace("999999", "N")
    expect(len(set(answers.values())) == 1, f"the answers differ: {answers}")
    mails = await stage.mails("somebody.else@example.com")
    expect(not mails, "a code went to a stranger")
    return f"both read “{short(answers['wrong contact'], 110)}”; no code was sent"


async def a_signed_link_opens_the_tracking_page(stage: Stage) -> str:
    mail = await stage.mail(CLARA["email"], "delivered")
    links = [one for one in mail["links"] if "/track/" in one]
    expect(links, f"the mail has no tracking link, only {mail['links']}")
    async with new_http(10) as client:
        page = await client.get(links[0])
        forged = await client.get(links[0][:-3] + ("abc" if links[0][-3:] != "abc" else "cba"))
    expect(page.status_code == 200, f"the page answers {page.status_code}")
    expect(CLARA["email"] not in page.text, "the public page shows the e-mail address")
    expect("Sample Street" not in page.text, "the public page shows the address")
    expect(forged.status_code == 404, f"a forged link answers {forged.status_code}")
    robots = page.headers.get("x-robots-tag", "")
    return f"200, {page.headers.get('cache-control')}, {robots}; forged → {forged.status_code}"


async def a_person_answers_and_the_bot_takes_over_again(stage: Stage) -> str:
    visitor = await stage.visitor("emil")
    await stage.chats(visitor, "Ich möchte mit einem Menschen sprechen")
    await stage.chats(visitor, "Können Sie es als Geschenk verpacken?")
    card = await stage.card("asks for a person")
    case = str(
        stage.rows("SELECT number FROM v_cases WHERE kind = 'customer_chat' ORDER BY case_id DESC")[
            0
        ][0]
    )
    await _heard_in_thread(stage, card, "Geschenk")
    channel = stage.place.town.channel.id
    words = "Gern, wir legen eine Karte bei."
    await stage.acts("mia", "reply_in_thread", channel=channel, thread_ts=card["ts"], text=words)

    async def reached() -> str | None:
        said = words_of((await visitor.seen())["lines"])
        return said if words in said else None

    await stage.until(reached, "Mia's reply reaches the customer")
    await stage.types("mia", f"resolve {case} answered")
    again = await stage.chats(visitor, "Wo ist mein Paket?")
    expect(stage.orders["emil"] in again or "?" in again, f"the bot does not answer: {again}")
    return (
        f"case {case}: question in the thread, Mia's answer in the chat, then “{short(again, 60)}”"
    )


async def _heard_in_thread(stage: Stage, card: Json, word: str) -> None:
    async def look() -> bool:
        thread = [one for one in await stage.channel() if one.get("thread_ts") == card["ts"]]
        return any(word in aloud(one) for one in thread)

    await stage.until(look, f"the thread of the card says {word}")


async def identify(stage: Stage, visitor: WebCustomer, email: str) -> None:
    known = len(await stage.mails(email))
    await stage.chats(visitor, email)
    await stage.chats(visitor, await stage.code(email, known))


CHAPTER = (
    where_is_my_order_in_english,
    where_is_my_order_in_german,
    where_is_my_order_in_telegram,
    a_wrong_contact_and_an_unknown_order_look_the_same,
    a_signed_link_opens_the_tracking_page,
    a_person_answers_and_the_bot_takes_over_again,
)

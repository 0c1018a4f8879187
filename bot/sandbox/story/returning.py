"""Chapter four: goods come back, money goes back once, and a till sells what the book lacks."""

from __future__ import annotations

from bot.sandbox.customer import words_of
from bot.sandbox.story.capturing import CLARA
from bot.sandbox.story.reading import short
from bot.sandbox.story.stage import Stage, expect


async def a_return_asked_for_in_chat_is_approved_by_policy(stage: Stage) -> str:
    visitor = await stage.visitor("clara")
    number = stage.orders["clara"]
    await stage.chats(visitor, f"I want to return the mugs of order {number}")
    for _ in range(8):
        if _return_of(stage):
            break
        await stage.chooses(visitor, *CHOICES)
    found = _return_of(stage)
    said = words_of((await visitor.seen())["lines"][-1:], "bot")
    expect(found, f"no return was made; the chat says: {said}")
    stage.notes["return"] = found
    mail = await stage.mail(CLARA["email"], found)
    state = _state(stage, found)
    expect(state == "approved", f"return {found} is {state}")
    return f"{found} is {state}; the chat: “{short(said, 60)}”; mail “{mail['subject']}”"


CHOICES = (
    "stoneware mug",
    "yes",
    "all",
    "done",
    "that",
    "changed",
    "too",
    "i changed",
    "send",
    "ok",
    "",
)


async def the_scanner_receives_it_and_it_can_be_sold_at_once(stage: Stage) -> str:
    number = stage.notes["return"]
    before = _available(stage, "mug-red")
    evidence = await stage.press("scanner_receives_return", number=number)
    expect("HTTP 200" in evidence[1], f"the scanner was refused: {evidence}")
    units = sum(count for _, count in _received(stage, number))
    after = _available(stage, "mug-red")
    due = stage.rows("SELECT amount, state FROM v_refunds WHERE return_number = ?", number)
    expect(due and due[0][1] == "due", f"the refund is {due}")
    stage.notes["due"] = int(due[0][0])
    return (
        f"{evidence[1]}; mug-red {before} → {after} sellable ({units} units back); due {due[0][0]}"
    )


async def the_shops_refund_closes_it_once(stage: Stage) -> str:
    number, order = stage.notes["return"], stage.orders["clara"]
    lines = {sku: count for sku, count in _received(stage, number) if count}
    evidence = await stage.press(
        "refund_in_shop", order=order, lines=lines, amount=stage.notes["due"], delivery="twice"
    )
    told = [one for one in evidence if one.startswith("refunds/create")]
    expect(len(told) == 2, f"the shop told it {len(told)} times")
    rows = stage.rows(
        "SELECT state, amount FROM v_refunds WHERE return_number = ? ORDER BY refund_id", number
    )
    expect([row[0] for row in rows] == ["refunded"], f"refunds: {rows}")
    paid = stage.rows("SELECT refunded FROM v_payments WHERE order_number = ?", order)
    expect(paid == [(stage.notes["due"],)], f"refunded by the book: {paid}")
    state = _state(stage, number)
    expect(state == "refunded", f"return {number} is {state}")
    return f"{told[0]}, told twice; 1 refund of {paid[0][0]}; {number} is {state}"


async def a_till_sale_above_the_book_is_believed_and_counted(stage: Stage) -> str:
    have = stage.rows(
        "SELECT on_hand FROM v_stock_levels WHERE sku = 'beanie-rust' AND location = 'MUC'"
    )[0][0]
    evidence = await stage.press("till_sale", sku="beanie-rust", quantity=int(have) + 1)
    left = stage.rows(
        "SELECT on_hand FROM v_stock_levels WHERE sku = 'beanie-rust' AND location = 'MUC'"
    )[0][0]
    case = stage.rows("SELECT number, title FROM v_cases WHERE kind = 'till_above_book'")
    expect(left == 0, f"{left} are left by the book")
    expect(case, "nobody is asked to count")
    sold = evidence[0].rsplit(" ", 1)[-1].rstrip(")")
    expect(not await stage.all_mails(sold), "somebody was mailed about a till sale")
    return f"{evidence[0]}; book 0, case {case[-1][0]}: {short(case[-1][1], 70)}; no mail"


def _received(stage: Stage, number: str) -> list[tuple[str, int]]:
    found = stage.rows(
        "SELECT l.sku, l.received FROM rma_line l JOIN rma r ON r.id = l.rma_id WHERE r.number = ?",
        number,
    )
    return [(str(sku), int(count)) for sku, count in found]


def _state(stage: Stage, number: str) -> str:
    found = stage.rows("SELECT status FROM rma WHERE number = ?", number)
    return str(found[0][0])


def _return_of(stage: Stage) -> str:
    found = stage.rows(
        "SELECT r.number FROM rma r JOIN v_orders o ON o.order_id = r.order_id WHERE o.number = ?",
        stage.orders["clara"],
    )
    return str(found[0][0]) if found else ""


def _available(stage: Stage, sku: str) -> int:
    found = stage.rows("SELECT sum(available) FROM v_stock_levels WHERE sku = ?", sku)
    return int(found[0][0])


CHAPTER = (
    a_return_asked_for_in_chat_is_approved_by_policy,
    the_scanner_receives_it_and_it_can_be_sold_at_once,
    the_shops_refund_closes_it_once,
    a_till_sale_above_the_book_is_believed_and_counted,
)

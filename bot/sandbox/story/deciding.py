"""Chapter six: edits, holds, routes and counts are decided by the engine, before people's eyes.

Every scene brings its own order, so that the demo page can play each by itself.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.story.capturing import EMIL
from bot.sandbox.story.reading import aloud, code_in, mail_text, short
from bot.sandbox.story.stage import Stage, expect

BOXES = (
    "SELECT p.code FROM fulfillment_order f JOIN location p ON p.id = f.location_id "
    "JOIN v_orders o ON o.order_id = f.order_id WHERE o.number = ? AND f.stage <> 'canceled'"
)
WANTED = "SELECT sku, ordered - canceled FROM v_order_lines WHERE order_number = ? ORDER BY sku"
PROMISE = "SELECT promise FROM orders WHERE number = ?"
LABEL = "0034043416109488{:04d}"
FREE_SHELF = (
    "SELECT s.sku, s.on_hand FROM stock_level s JOIN location p ON p.id = s.location_id "
    "WHERE p.code = 'BER' AND s.reserved = 0 AND s.on_hand BETWEEN 2 AND 40 "
    "ORDER BY s.on_hand, s.sku"
)
STORE_SHELF = (
    "SELECT s.sku FROM stock_level s JOIN location p ON p.id = s.location_id "
    "WHERE p.code = 'HAM' AND s.on_hand - s.reserved > 5 ORDER BY s.sku"
)
SHELF = (
    "SELECT s.on_hand, s.reserved FROM stock_level s JOIN location p ON p.id = s.location_id "
    "WHERE p.code = 'BER' AND s.sku = ?"
)


async def an_edit_is_shown_before_it_is_confirmed(stage: Stage) -> str:
    number = await ordered(stage, {"mug-red": 2, "tote-natural": 1})
    asked = await stage.types("mia", f"edit {number} mug-red 1")
    for word in ("less", "Goes back", "Ships from", "told what has changed"):
        expect(word in asked, f"the preview does not say “{word}”: {asked}")
    before = stage.rows(WANTED, number)
    expect(("mug-red", 2) in before, f"it changed before anybody confirmed: {before}")
    done = await stage.types("mia", f"confirm {number}")
    after = stage.rows(WANTED, number)
    expect(("mug-red", 1) in after, f"confirmed, and the lines are {after}: {done}")
    back = stage.rows("SELECT amount FROM refund r JOIN v_orders o ON o.order_id = r.order_id "
                      "WHERE o.number = ?", number)  # fmt: skip
    expect(len(back) == 1, f"{len(back)} refunds are due")

    await stage.press("advance", hours=0.1)  # the time to undo it is over

    async def told() -> bool:
        return bool((await stage.shop_order(number))["lines"].get("mug-red") == 1)

    await stage.until(told, f"the shop shows order {number} with one mug less")
    left = ", ".join(f"{quantity} × {sku}" for sku, quantity in after)
    euros = f"€{back[0][0] / 100:.2f}"
    return f"“{short(asked, 110)}”; then it has {left}, {euros} go back, the shop knows"


async def an_edit_in_the_shop_after_the_label_asks_a_person(stage: Stage) -> str:
    number = await ordered(stage, {"mug-red": 2})
    await _labeled(stage, number)
    await stage.press("edit_in_shop", order=number, quantities={"mug-red": 1})
    card = await stage.card(number, "Keep Ours")
    await stage.clicks("ann", card, "Keep Ours")
    wanted = await _settled(stage, number)
    expect(wanted == [("mug-red", 2)], f"ours should have stayed: {wanted}")
    return f"“{short(aloud(card), 120)}”; Ann keeps ours: {wanted}"


async def a_hold_stops_a_label(stage: Stage) -> str:
    number = await ordered(stage, {"mug-red": 1})
    for text in (f"print {number}", f"picked {number}"):
        await stage.types("jonas", text)
    held = await stage.types("mia", f"hold {number} fraud")
    expect("asked" in held, f"BER has it in hand and was not asked: {held}")
    refused = await stage.types("jonas", f"label {number} DHL {LABEL.format(int(number))}")
    expect("on hold for fraud" in refused, f"the label was not stopped: {refused}")
    stopped = await stage.types("jonas", f"got it {number}")
    expect("stopped" in stopped, stopped)
    parcels = stage.count(
        "SELECT count(*) FROM parcel p JOIN v_orders o ON o.order_id = p.order_id "
        "WHERE o.number = ?",
        number,
    )
    expect(parcels == 0, f"{parcels} parcels exist")
    await stage.types("ann", f"release {number}")
    return f"“{short(held, 80)}” “{short(refused, 60)}” “{short(stopped, 60)}”"


async def a_new_route_says_why(stage: Stage) -> str:
    number = await ordered(stage, {"mug-red": 1})
    compared = await stage.types("mia", f"whatif {number} to ham")
    expect("Nothing was changed" in compared, compared)
    expect(stage.rows(BOXES, number) == [("BER",)], "asking what if has moved it")
    moved = await stage.types("ann", f"reroute {number} not ber")
    (place,) = (row[0] for row in stage.rows(BOXES, number))
    expect(place != "BER", f"it still ships from BER: {moved}")
    why = await stage.types("mia", f"why {number}")
    expect("a person left it out" in why, f"why does not name the person's wish: {why}")
    return f"“{short(compared, 80)}”; rerouted to {place}; “{short(why, 110)}”"


async def a_count_that_breaks_a_promise_is_made_twice(stage: Stage) -> str:
    sku, book = stage.rows(FREE_SHELF)[0]
    number = await ordered(stage, {sku: book})
    promised = stage.rows(SHELF, sku)[0]
    found = promised[1] - 1
    doubted = await stage.types("jonas", f"count {sku} ber {found}")
    expect(number in doubted, f"the victim is not named: {doubted}")
    expect(stage.rows(SHELF, sku)[0] == promised, "the first count has changed the book")
    done = await stage.types("jonas", f"count {sku} ber {found}")
    held, reserved = stage.rows(SHELF, sku)[0]
    expect(held == found, f"the book says {held}, not {found}: {done}")
    expect(reserved <= held, f"{reserved} are promised of {held}")
    return f"“{short(doubted, 150)}”; counted again: {held} on hand, {reserved} promised"


async def a_strike_is_paused_and_the_customers_told(stage: Stage) -> str:
    number = await ordered(stage, {"mug-red": 1})
    before = stage.rows(PROMISE, number)
    shown = await stage.types("ann", "pause dhl to DE until in 9 days")
    expect("Nothing has changed yet" in shown, f"it was not shown first: {shown}")
    expect(stage.rows(PROMISE, number) == before, "looking has moved a date")
    done = await stage.types("ann", "pause now dhl to DE until in 9 days")
    await stage.press("advance", hours=0.1)  # of many orders, the clock works through the last

    async def moved() -> bool:
        return str(stage.rows(PROMISE, number)[0][0]) > str(before[0][0])

    await stage.until(moved, f"the date of order {number} moves after “{short(done, 80)}”")
    after = stage.rows(PROMISE, number)
    refused = await stage.types("jonas", f"label {number} DHL {LABEL.format(int(number))}")
    expect("is paused" in refused, f"a label was made all the same: {refused}")
    mail = await stage.mail(str(EMIL["email"]), number, "verspätet sich")
    resumed = await stage.types("ann", "resume dhl to DE")
    expect("not paused any more" in resumed, resumed)
    dates = f"{before[0][0]} becomes {after[0][0]}"
    return f"“{short(shown, 120)}”; {dates}; “{short(mail_text(mail), 80)}”"


async def an_order_is_collected_with_its_code(stage: Stage) -> str:
    sku = str(stage.rows(STORE_SHELF)[0][0])
    number = await ordered(stage, {sku: 1}, shipping_title="Hamburg store", shipping=0)
    expect(stage.rows(BOXES, number) == [("HAM",)], "it should be collected in Hamburg")
    refused = await stage.types("lea", f"shipped {number}")
    expect("is collected at HAM, not sent" in refused, f"it was sent all the same: {refused}")
    await stage.types("lea", f"picked {number}")
    ready = await stage.types("lea", f"ready {number}")
    expect("ready at HAM" in ready, ready)
    await stage.press("advance", hours=0.1)  # until then it may be undone, so nobody is told
    mail = await stage.mail(str(EMIL["email"]), number, "Abholcode")
    code = code_in(mail) or ""
    guessed = f"{(int(code) + 1) % 1_000_000:06d}"
    wrong = await stage.types("lea", f"collected {number} {guessed}")
    expect("hand nothing over" in wrong, f"a wrong code was taken: {wrong}")
    expect(stage.stands(number) == "none", "something left although the code was wrong")
    done = await stage.types("lea", f"collected {number} {code}")
    expect("was handed over at HAM" in done, done)
    expect(stage.stands(number) == "delivered", f"it stands at {stage.stands(number)}")
    return f"“{short(mail_text(mail), 70)}”; “{short(wrong, 80)}”; “{short(done, 60)}”"


async def ordered(stage: Stage, lines: dict[str, int], **words: Any) -> str:
    """An order of this scene's own, known to the house."""
    order = await stage.buy("scene", lines, customer=EMIL, **words)
    number = str(order["name"]).lstrip("#")
    await stage.shop("deliver", everything=True)

    async def known() -> bool:
        return await stage.finds(number)

    await stage.until(known, f"order {number} arrives")
    return number


async def _labeled(stage: Stage, number: str) -> None:
    for text in (
        f"print {number}",
        f"picked {number}",
        f"label {number} DHL {LABEL.format(int(number))}",
    ):
        said = await stage.types("jonas", text)
        expect("on hold" not in said, f"{text}: {said}")


async def _settled(stage: Stage, number: str) -> list[tuple[object, ...]]:
    async def closed() -> bool:
        left = stage.rows(
            "SELECT 1 FROM v_cases WHERE order_number = ? AND kind = 'edit_after_print' "
            "AND state <> 'resolved'",
            number,
        )
        return not left

    await stage.until(closed, "the case is settled")
    return stage.rows(WANTED, number)


CHAPTER = (
    an_edit_is_shown_before_it_is_confirmed,
    an_edit_in_the_shop_after_the_label_asks_a_person,
    a_hold_stops_a_label,
    a_new_route_says_why,
    a_count_that_breaks_a_promise_is_made_twice,
    a_strike_is_paused_and_the_customers_told,
    an_order_is_collected_with_its_code,
)

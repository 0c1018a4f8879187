"""Chapter one: what the shop says becomes orders, whatever happens on the way."""

from __future__ import annotations

from bot.sandbox.story.reading import short
from bot.sandbox.story.stage import Stage, expect

CLARA = {"first_name": "Clara", "last_name": "Weiss", "email": "clara.weiss@example.com"}
CLARA |= {"country": "GB", "city": "Leeds", "zip": "LS1 4AB", "locale": "en"}
EMIL = {"first_name": "Emil", "last_name": "Vogt", "email": "emil.vogt@example.com"}
EMIL |= {"country": "DE", "city": "Leipzig", "zip": "04109", "locale": "de"}


KEPT = "SELECT count(*) FROM v_inbox WHERE topic = 'orders/create'"


async def a_webhook_becomes_an_order(stage: Stage) -> str:
    evidence = await stage.press(
        "place_order", lines={"mug-red": 2, "tee-black-m": 1}, customer=CLARA
    )
    number = stage.orders["clara"] = evidence[0].rsplit(" ", 1)[-1]
    expect("orders/create → 200" in " ".join(evidence), f"the webhook was not taken: {evidence}")
    reserved = stage.rows(
        "SELECT sku, allocated FROM v_order_lines WHERE order_number = ? ORDER BY sku", number
    )
    wanted = [("mug-red", 2), ("tee-black-m", 1)]
    expect(reserved == wanted, f"reserved was {reserved}")
    works = stage.rows(
        "SELECT p.code FROM fulfillment_order f JOIN location p ON p.id = f.location_id "
        "JOIN v_orders o ON o.order_id = f.order_id WHERE o.number = ?",
        number,
    )
    expect(works == [("BER",)], f"routed to {works}, not to BER alone")
    mail = await stage.mail(CLARA["email"], number)
    return (
        f"order {number}: {evidence[2]}; reserved {wanted}; routed to BER; mail “{mail['subject']}”"
    )


async def the_same_webhook_twice_is_one_order(stage: Stage) -> str:
    evidence = await stage.press("same_webhook_twice", lines={"coffee-500": 1}, customer=EMIL)
    answers = [one for one in evidence if one.startswith("orders/create")]
    expect(len(answers) == 2, f"it was sent {len(answers)} times")
    expect(len(set(answers)) == 1, f"the answers differ: {answers}")
    number = stage.orders["emil"] = evidence[0].split()[1]
    orders = stage.count("SELECT count(*) FROM v_orders WHERE number = ?", number)
    kept = stage.count("SELECT count(*) FROM v_inbox WHERE topic = 'orders/create'")
    ids = stage.rows(
        "SELECT count(DISTINCT delivery_id) FROM v_inbox WHERE topic = 'orders/create'"
    )
    expect(orders == 1, f"there are {orders} orders {number}")
    expect(kept == ids[0][0], "a delivery is kept twice")
    return f"2 × {answers[0]}; 1 order {number}, 1 row in the inbox"


async def an_edit_in_the_shop_is_merged(stage: Stage) -> str:
    number = stage.orders["emil"]
    before = await stage.order(number)
    evidence = await stage.press(
        "edit_in_shop",
        order=number,
        quantities={"coffee-500": 2},
        add={"candle-small": 1},
        note="ring twice",
    )
    lines = stage.rows(
        "SELECT sku, ordered - canceled FROM v_order_lines WHERE order_number = ? ORDER BY sku",
        number,
    )
    wanted = [("candle-small", 1), ("coffee-500", 2)]
    expect(lines == wanted, f"the lines are {lines}")
    after = await stage.order(number)
    expect(after["version"] == before["version"] + 1, "one edit is one change")
    return f"{evidence[2]}; lines {lines}, version {before['version']} → {after['version']}"


async def an_unknown_sku_is_captured_and_becomes_a_case(stage: Stage) -> str:
    lines = [{"sku": "mug-silver", "quantity": 1, "price": 1990}]
    await stage.buy("unknown", lines, customer=EMIL)
    number = stage.orders["unknown"]
    row = await stage.until_row(
        f"a case about order {number}",
        "SELECT number, title FROM v_cases WHERE order_number = ? AND kind = 'unknown_sku'",
        number,
    )
    card = await stage.card("mug-silver", number)
    return f"order {number} is kept, not routed; case {row[0]}, card “{short(card['text'])}”"


async def a_wrong_signature_is_refused_and_leaves_nothing(stage: Stage) -> str:
    before = stage.count(KEPT)
    await stage.buy("tampered", {"mug-moss": 1}, customer=EMIL, delivery="tampered")
    answered = (await stage.statuses("orders/create"))[-1]
    expect(answered == 401, f"the app answered {answered}")
    kept = stage.count(KEPT) - before
    expect(not kept, f"{kept} rows were kept")
    expect(not await stage.finds(stage.orders["tampered"]), "the order was taken in")
    return "401; no row in the inbox, no order, one more on the counter"


async def a_malformed_webhook_is_kept_for_a_person(stage: Stage) -> str:
    await stage.buy("malformed", {"mug-moss": 1}, customer=EMIL, delivery="malformed")
    answered = (await stage.statuses("orders/create"))[-1]
    expect(answered is not None and 200 <= answered < 300, f"the app answered {answered}")
    row = await stage.until_row(
        "the body is kept",
        "SELECT state, bytes FROM v_inbox WHERE error <> '' ORDER BY inbox_id DESC",
    )
    return f"{answered}; {row[1]} bytes kept raw, state {row[0]}"


CHAPTER = (
    a_webhook_becomes_an_order,
    the_same_webhook_twice_is_one_order,
    an_edit_in_the_shop_is_merged,
    an_unknown_sku_is_captured_and_becomes_a_case,
    a_wrong_signature_is_refused_and_leaves_nothing,
    a_malformed_webhook_is_kept_for_a_person,
)

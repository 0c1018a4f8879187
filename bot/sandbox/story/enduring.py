"""Chapter five: time passes, things get stuck, servers die, webhooks get lost, people err."""

from __future__ import annotations

import asyncio

from bot.sandbox.story.capturing import EMIL
from bot.sandbox.story.reading import aloud, button_labels, short
from bot.sandbox.story.stage import Stage, expect

BURST = 12
WAITING = "00340434161094777002"
ONE_ORDER = (
    "SELECT count(DISTINCT l.line_id), sum(r.quantity) FROM v_order_lines l "
    "JOIN reservation r ON r.line_id = l.line_id AND r.state = 'promised' "
    "WHERE l.order_number = ?"
)


async def nine_hours_later_the_stuck_order_is_announced(stage: Stage) -> str:
    cleared = await _clear_the_bench(stage)
    await stage.buy("stuck", {"apron-denim": 1}, customer=EMIL)
    number = stage.orders["stuck"]
    evidence = await stage.press("advance", hours=9)
    card = await stage.card(number, "8 open hours", without="orders are stuck")
    stage.notes["stuck card"] = card["ts"]
    row = stage.rows(
        "SELECT number FROM v_cases WHERE kind = 'stuck' AND order_number = ? AND state = 'open'",
        number,
    )
    expect(len(row) == 1, f"{len(row)} cases are open")
    stage.notes["stuck case"] = str(row[0][0])
    words = f"{cleared} orders picked in one line; {evidence[1]}"
    return f"{words}; case {row[0][0]}: “{short(aloud(card), 100)}”"


async def _clear_the_bench(stage: Stage) -> int:
    """Everything that waits at Berlin is picked, so that only the new order can get stuck."""
    waiting = stage.rows(
        "SELECT DISTINCT o.number FROM fulfillment_order f JOIN v_orders o "
        "ON o.order_id = f.order_id JOIN location p ON p.id = f.location_id "
        "WHERE f.stage IN ('ready', 'printed') AND p.code = 'BER' AND o.held = 0 "
        "ORDER BY o.number"
    )
    numbers = [str(row[0]) for row in waiting]
    said = await stage.types("jonas", f"picked {' '.join(numbers)} ber")
    expect(all(number in said for number in numbers[:3]), f"not all were picked: {said}")
    return len(numbers)


async def the_case_is_taken_snoozed_and_closes_by_itself(stage: Stage) -> str:
    number = stage.orders["stuck"]
    card = await stage.card(number, "8 open hours", without="orders are stuck")
    await stage.clicks("jonas", card, "Take")
    taken = await stage.card(number, "Jonas")
    expect(taken["ts"] == card["ts"], "a new card was posted instead of changing the old one")
    case = stage.notes["stuck case"]
    snoozed = await stage.types("jonas", f"snooze {case} until tomorrow 9am")
    await stage.types("jonas", f"picked {number}")
    await stage.press("advance", hours=0.05)

    async def closed() -> bool:
        state = stage.rows("SELECT state FROM v_cases WHERE number = ?", int(case))
        return state == [("resolved",)]

    await stage.until(closed, f"case {case} closes by itself")

    async def quiet() -> list[str] | None:
        now = next(one for one in await stage.channel() if one["ts"] == card["ts"])
        left = [one for one in button_labels(now) if one.startswith(("Take", "Snooze", "Resolve"))]
        return ["none"] if not left else None

    await stage.until(quiet, "its card loses its buttons")
    return f"taken by Jonas in place; “{short(snoozed, 70)}”; picked → resolved, no buttons left"


async def killed_in_the_middle_nothing_is_lost_or_doubled(stage: Stage) -> str:
    first = int((await stage.buy("burst", {"mug-sand": 1}, customer=EMIL))["name"].lstrip("#")) + 1
    orders = [
        asyncio.create_task(stage.shop("place_order", lines={"mug-sand": 1}, customer=EMIL))
        for _ in range(BURST)
    ]
    evidence = await stage.press("kill_the_server")
    await asyncio.gather(*orders)
    await stage.shop("deliver", everything=True)
    numbers = [str(first + n) for n in range(BURST)]

    async def all_here() -> bool:
        await stage.shop("deliver", everything=True)
        return all([await stage.finds(number) for number in numbers])

    await stage.until(all_here, f"all of {numbers[0]} to {numbers[-1]} arrive")
    kept = [stage.rows(ONE_ORDER, number) for number in numbers]
    expect(all(one == [(1, 1)] for one in kept), f"lines and reserved units: {kept}")
    return f"{evidence[1]}; {BURST} orders, each with 1 line and 1 unit reserved"


async def a_dropped_webhook_is_found_by_the_pull(stage: Stage) -> str:
    await stage.buy("dropped", {"tote-black": 1}, customer=EMIL, delivery="dropped")
    number = stage.orders["dropped"]
    expect(not await stage.finds(number), "the order came by itself")
    await stage.press("advance", hours=0.3)

    async def found() -> bool:
        return await stage.finds(number)

    await stage.until(found, f"the pull brings order {number}")
    return f"order {number}: no webhook, found by the pull 15 minutes later"


async def a_strike_is_told_to_those_who_wait(stage: Stage) -> str:
    number = stage.orders["emil"]
    await stage.types("jonas", f"shipped {number} {WAITING} DHL ber")
    await stage.press("carrier_scan", number=WAITING, status="InTransit_PickedUp")
    evidence = await stage.press("carrier_strike", on=True)
    held = await stage.press("carrier_scan", number=WAITING, status="OutForDelivery")
    expect("held back" in held[1], f"the carrier works on: {held}")
    row = await stage.until_row(
        "a case about the parcel",
        "SELECT number, title FROM v_cases WHERE kind = 'parcel_trouble' AND order_number = ?",
        number,
    )
    mail = await stage.mail(EMIL["email"], number, "erspät")
    await stage.press("carrier_strike", on=False)
    return f"{evidence[1]}; case {row[0]}; mail “{mail['subject']}”; then the strike ended"


async def paused_messages_wait_and_then_go(stage: Stage) -> str:
    said = await stage.types("ann", "pause messages")
    expect("No message leaves" in said, f"the pause was not granted: {said}")
    order = await stage.buy("paused", {"tote-natural": 1}, customer=EMIL)
    number = order["name"].lstrip("#")
    await stage.until_row(
        "the confirmation is planned",
        "SELECT b.state FROM v_outbox b JOIN v_orders o ON o.order_id = b.order_id "
        "WHERE b.kind = 'message.email' AND o.number = ?",
        number,
    )
    early = await stage.mails(EMIL["email"], number)
    expect(not early, "a mail left in spite of the pause")
    await stage.types("ann", "resume messages")
    mail = await stage.mail(EMIL["email"], number)
    return f"“{short(said, 70)}”; held back, then sent: “{mail['subject']}”"


async def undo_takes_the_last_step_back(stage: Stage) -> str:
    number = stage.orders["paused"]
    await stage.types("mia", f"hold {number} fraud")
    said = await stage.types("mia", "undo")
    expect(not stage.is_held(number), f"it is still on hold: {said}")
    return f"Mia reads: {short(said, 110)}"


CHAPTER = (
    nine_hours_later_the_stuck_order_is_announced,
    the_case_is_taken_snoozed_and_closes_by_itself,
    killed_in_the_middle_nothing_is_lost_or_doubled,
    a_dropped_webhook_is_found_by_the_pull,
    a_strike_is_told_to_those_who_wait,
    paused_messages_wait_and_then_go,
    undo_takes_the_last_step_back,
)

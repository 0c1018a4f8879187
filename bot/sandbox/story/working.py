"""Chapter two: the staff work an order from Slack, and the shop and the customer hear of it."""

from __future__ import annotations

from bot.sandbox.story.capturing import CLARA
from bot.sandbox.story.reading import short
from bot.sandbox.story.stage import Stage, expect

TRACKING = "00340434161094777001"


async def a_number_typed_in_slack_shows_the_order(stage: Stage) -> str:
    number = stage.orders["clara"]
    said = await stage.types("mia", number)
    for word in (number, "Clara Weiss", "Leeds", "paid", "BER", "2 ×"):
        expect(word in said, f"the card does not say “{word}”: {said}")
    return f"Mia reads: {short(said, 150)}"


async def a_name_finds_the_order(stage: Stage) -> str:
    said = await stage.types("mia", "clara weiss", "/order")
    expect(stage.orders["clara"] in said, f"not found: {said}")
    return f"Mia reads: {short(said)}"


async def a_hold_stops_the_floor_until_it_is_released(stage: Stage) -> str:
    number = stage.orders["clara"]
    held = await stage.types("mia", f"hold {number} address")
    expect("hold" in held.lower(), held)
    refused = await stage.types("jonas", f"picked {number}")
    expect("on hold" in refused, f"the pick was not stopped: {refused}")
    expect("release" in refused, f"the refusal does not say what to do: {refused}")
    picks = await stage.types("jonas", "picks ber")
    expect("not pick" in picks.lower(), f"the queue does not set it apart: {picks}")
    await stage.types("mia", f"release {number}")
    expect(not stage.is_held(number), "it is still on hold")
    return f"Jonas reads: {short(refused, 120)}; released by Mia"


async def a_stranger_gets_a_polite_no(stage: Stage) -> str:
    number = stage.orders["clara"]
    before = await stage.order(number)
    said = await stage.types("max", f"cancel {number} for fun")
    expect("Clara" not in said, f"a stranger learns something: {said}")
    expect((await stage.order(number))["version"] == before["version"], "the order changed")
    return f"Max reads: {short(said, 120)}; the order is as it was"


async def a_role_that_may_not_is_told_who_may(stage: Stage) -> str:
    said = await stage.types("jonas", f"cancel {stage.orders['clara']} no reason")
    expect("cannot" in said, said)
    return f"Jonas reads: {short(said, 120)}"


async def why_it_ships_from_there_is_explained(stage: Stage) -> str:
    said = await stage.types("mia", f"why {stage.orders['clara']}")
    expect("BER" in said, said)
    return f"Mia reads: {short(said, 140)}"


async def an_order_moves_to_another_location_and_back(stage: Stage) -> str:
    number = stage.orders["clara"]
    moved = await stage.types("ann", f"move {number} to ham")
    expect("HAM" in moved, moved)
    back = await stage.types("ann", f"move {number} to ber")
    expect("BER" in back, back)
    return f"Ann reads: {short(moved, 70)} … {short(back, 70)}"


async def the_floor_picks_packs_and_ships_from_slack(stage: Stage) -> str:
    number = stage.orders["clara"]
    queue = await stage.types("jonas", "picks ber")
    expect(number in queue, f"{number} is not in the queue of BER: {queue}")
    early = await stage.mails(CLARA["email"], "on its way")
    expect(not early, "the customer was told before anything left")
    for text in (f"picked {number}", f"packed {number}", f"shipped {number} {TRACKING} DHL"):
        said = await stage.types("jonas", text)
        expect(number in said, f"{text}: {said}")
    stands = stage.stands(number)
    expect(stands == "shipped", f"the order is {stands}")
    mail = await stage.mail(CLARA["email"], TRACKING)
    return f"order {number} is {stands}; only now the mail “{mail['subject']}”"


async def the_shop_hears_of_it_and_its_echo_changes_nothing(stage: Stage) -> str:
    number = stage.orders["clara"]

    async def told() -> dict[str, object] | None:
        order = await stage.shop_order(number)
        return order if TRACKING in order["tracking"] else None

    order = await stage.until(told, f"the shop shows {TRACKING} on order {number}")
    expect(order["fulfillment_status"] == "fulfilled", f"the shop says {order}")
    await stage.shop("deliver")
    echo = (await stage.statuses("fulfillments/create"))[-1]
    expect(echo == 200, f"the echo was answered with {echo}")
    parcels = stage.count(
        "SELECT count(*) FROM parcel p JOIN v_orders o ON o.order_id = p.order_id "
        "WHERE o.number = ?",
        number,
    )
    mails = await stage.mails(CLARA["email"], TRACKING)
    expect(parcels == 1, f"there are {parcels} parcels")
    expect(len(mails) == 1, f"{len(mails)} mails say that it shipped")
    return (
        f"shop: {order['fulfillment_status']}, {order['tracking']}; echo → {echo}; still 1 parcel"
    )


async def scans_out_of_order_end_in_one_delivered_mail(stage: Stage) -> str:
    late = await stage.press(
        "carrier_scan", number=TRACKING, status="InTransit_PickedUp", delivery="out_of_order"
    )
    await stage.press("carrier_scan", number=TRACKING, status="OutForDelivery", delivery="repeated")
    await stage.press("carrier_scan", number=TRACKING, status="Delivered")
    mail = await stage.mail(CLARA["email"], "was delivered")
    scans = stage.count(
        "SELECT count(*) FROM tracking_event e JOIN parcel p ON p.id = e.parcel_id "
        "WHERE p.tracking_number = ?",
        TRACKING,
    )
    expect(scans == 3, f"{scans} scans are kept, not 3")
    stands = stage.stands(stage.orders["clara"])
    expect(stands == "delivered", f"the order is {stands}")
    return f"{late[0]} came last; 3 scans once each; mail “{mail['subject']}”"


CHAPTER = (
    a_number_typed_in_slack_shows_the_order,
    a_name_finds_the_order,
    a_hold_stops_the_floor_until_it_is_released,
    a_stranger_gets_a_polite_no,
    a_role_that_may_not_is_told_who_may,
    why_it_ships_from_there_is_explained,
    an_order_moves_to_another_location_and_back,
    the_floor_picks_packs_and_ships_from_slack,
    the_shop_hears_of_it_and_its_echo_changes_nothing,
    scans_out_of_order_end_in_one_delivered_mail,
)

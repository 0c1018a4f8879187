"""Chapter seven: goods come back on every way there is, and money goes back exactly once."""

from __future__ import annotations

import re

from bot.sandbox.story.capturing import EMIL
from bot.sandbox.story.deciding import BOXES, ordered
from bot.sandbox.story.reading import mail_text, short
from bot.sandbox.story.stage import Stage, expect

SELLABLE = "SELECT available FROM v_stock_levels WHERE sku = ? AND location = ?"  # at one place
STATUS = "SELECT status FROM rma WHERE number = ?"
DUE = "SELECT amount FROM v_refunds WHERE return_number = ? AND state = 'due'"
PARTS = (
    "SELECT p.state, p.amount, p.key FROM refund_part p JOIN v_orders o ON o.order_id = p.order_id "
    "WHERE o.number = ?"
)
PAID = "SELECT captured, refunded FROM v_payments WHERE order_number = ?"
SOLD_ANYWHERE = "SELECT sum(available) FROM v_stock_levels WHERE sku = ?"
NEWEST_RULES = "SELECT max(number) FROM return_rules"
EXCHANGED = (
    "SELECT n.total, n.captured FROM exchange x JOIN orders n ON n.id = x.new_order_id "
    "WHERE n.number = ?"
)
PAPERS = (
    "SELECT d.number, d.total FROM document d JOIN v_orders o ON o.order_id = d.order_id "
    "WHERE o.number = ? ORDER BY d.id"
)


async def a_return_is_brought_to_a_store_with_its_code(stage: Stage) -> str:
    number = await arrived(stage, {"mug-red": 2})
    await stage.types("mia", f"return {number} mug-red 1")
    back = f"R{number}-1"
    mail = await stage.mail(str(EMIL["email"]), back, "genehmigt")
    code = _code(mail_text(mail), back)
    wrong = await stage.types("lea", f"boris {back} {(int(code) + 1) % 1_000_000:06d}")
    expect("not the code" in wrong, f"a wrong code was taken: {wrong}")
    before = int(stage.rows(SELLABLE, "mug-red", "HAM")[0][0])
    said = await stage.types("lea", f"boris {back} {code}")
    expect("The code is right" in said, said)
    await stage.types("lea", f"received {back}")
    after = int(stage.rows(SELLABLE, "mug-red", "HAM")[0][0])
    expect(after == before + 1, f"{before} could be sold at HAM, now {after}")
    due = stage.rows(DUE, back)
    expect(len(due) == 1, f"due for {back}: {due}")
    return f"“{short(wrong, 60)}”; HAM sells {before} → {after}; €{due[0][0] / 100:.2f} are due"


async def two_lines_come_back_in_two_parcels(stage: Stage) -> str:
    number = await arrived(stage, {"mug-red": 2, "tote-natural": 1})
    asked = await stage.types("mia", f"return {number} all unwanted")
    back = f"R{number}-1"
    expect("approved" in asked, f"it should be approved by the rules: {asked}")
    before = int(stage.rows(SOLD_ANYWHERE, "mug-red")[0][0])
    first = await stage.types("jonas", f"received {back} ber mug-red 1")
    after = int(stage.rows(SOLD_ANYWHERE, "mug-red")[0][0])
    expect(after == before + 1, f"{after - before} mugs can be sold again")
    await stage.types("jonas", f"received {back} ber tote-natural 1 quarantine a stain")
    moved = await stage.types("jonas", f"move-on {back} tote-natural 1 restock")
    expect("can be sold again" in moved, moved)
    due = [int(row[0]) for row in stage.rows(DUE, back)]
    expect(len(due) == 2, f"{len(due)} refunds are due: {due}")
    state = stage.rows(STATUS, back)[0][0]
    expect(state == "received", f"one mug is still expected, and {back} is {state}")
    return f"“{short(first, 90)}”; mug-red {before} → {after} sellable; “{short(moved, 70)}”; {due}"


async def a_return_is_rejected_with_a_reason_that_can_be_read(stage: Stage) -> str:
    await stage.types("olga", "return-rules draft final-sale")
    version = int(stage.rows(NEWEST_RULES)[0][0])
    await stage.types("olga", f"return-rules activate {version}")
    number = await arrived(stage, {"mug-red": 1})
    await stage.types("mia", f"tag {number} final-sale")
    asked = await stage.types("mia", f"return {number} all unwanted")
    back = f"R{number}-1"
    expect("final sale" in asked, f"it should be rejected, and say why: {asked}")
    mail = await stage.mail(str(EMIL["email"]), back, "Umtausch ausgeschlossen")
    after_all = await stage.types("ann", f"approve {back} goodwill")
    expect("approved after all" in after_all, after_all)
    await stage.types("olga", "return-rules rollback")
    return f"“{short(asked, 90)}”; “{short(mail_text(mail), 110)}”; Ann: “{short(after_all, 50)}”"


async def arrived(stage: Stage, lines: dict[str, int]) -> str:
    """An order of this scene's own that its customer has had since this moment."""
    number = await ordered(stage, lines)
    for text in (f"picked {number}", f"shipped {number}", f"delivered {number}"):
        said = await stage.types("jonas", text)
        expect("Nothing was changed" not in said, f"{text}: {said}")
    return number


def _code(text: str, number: str) -> str:
    found = re.search(rf"{re.escape(number)} · (\d{{3}}) (\d{{3}})", text)
    expect(found, f"the message shows no code: {short(text, 300)}")
    return "".join(found.groups()) if found else ""


async def a_lost_reply_of_the_gateway_is_looked_up(stage: Stage) -> str:
    bought = await stage.press("order_by_card")
    expect("HTTP 20" in bought[1], f"the order was refused: {bought}")
    number = bought[0].split()[1]
    await stage.stripe("travel", policy="dropped")  # no webhook helps
    await stage.stripe("faults", endpoint="refunds.create", kind="accept_then_drop")
    units = [{"line": "mug-red", "quantity": 1}]
    answer = await stage.command("cancel_order", order=number, units=units)
    expect(answer.is_success, f"it was not canceled: {answer.text[:200]}")
    await stage.press("advance", hours=0.1)  # the undo window is over

    async def settled() -> bool:
        return bool(stage.rows(PARTS, number)) and stage.rows(PARTS, number)[0][0] == "refunded"

    await stage.until(settled, f"the refund of order {number} is found at the gateway")
    await stage.stripe("travel", policy="once")
    (part,) = stage.rows(PARTS, number)
    made = await stage.stripe_refunds()
    theirs = [one for one in made if one["metadata"].get("wismo_key") == part[2]]
    expect(len(theirs) == 1, f"the gateway has paid {len(theirs)} times")
    paid = stage.rows(PAID, number)[0]
    expect(paid[1] == part[1] == theirs[0]["amount"], f"our books say {paid}, theirs {theirs}")
    return (
        f"order {number}: {part[1]} accepted, then the line was cut; looked up by {part[2]}: "
        f"1 refund {theirs[0]['id']}, {paid[1]} of {paid[0]} refunded by our books"
    )


async def a_refund_in_the_shops_admin_is_counted_once_and_asks_why(stage: Stage) -> str:
    order = await stage.buy("goodwill", {"mug-sand": 1}, customer=EMIL)
    number = str(order["name"]).lstrip("#")
    await stage.shop("deliver", everything=True)
    evidence = await stage.press("refund_in_shop", order=number, amount=500, delivery="twice")
    told = [one for one in evidence if one.startswith("refunds/create")]
    expect(len(told) == 2, f"the shop told it {len(told)} times")
    case = await stage.until_row(
        "a case about it",
        "SELECT number, title FROM v_cases WHERE kind = 'outside_refund' AND order_number = ?",
        number,
    )
    parts = stage.rows(PARTS, number)
    expect([part[:2] for part in parts] == [("refunded", 500)], f"parts: {parts}")
    paid = stage.rows(PAID, number)[0]
    expect(paid[1] == 500, f"refunded by the book: {paid[1]}")
    said = await stage.types("ann", f"payments {number}")
    expect("5.00" in said, f"`payments` does not tell it: {said}")
    return f"{told[0]}, told twice; case {case[0]}: {short(case[1], 90)}; refunded {paid[1]} once"


async def a_part_comes_back_for_another_color(stage: Stage) -> str:
    number = await arrived(stage, {"mug-red": 2})
    new, back = f"{number}-X1", f"R{number}-1"
    await stage.types("ann", f"invoice {number}")
    said = await stage.types("ann", f"exchange {number} mug-red 1 for mug-sand")
    expect(f"out as {new} when return {back} has arrived" in said, said)
    refused = await stage.types("jonas", f"picked {new}")
    expect("on hold for exchange" in refused, f"it left before the old one came: {refused}")
    await stage.types("jonas", f"received {back} ber")
    total, paid = stage.rows(EXCHANGED, new)[0]
    expect(total == paid, f"{new} costs {total}, the mug that came back paid {paid}")
    expect(not stage.rows(DUE, back), "an even exchange owes money")
    papers = stage.rows(PAPERS, number)
    expect(len(papers) == 2, f"one invoice and one credit note are wanted: {papers}")
    await stage.types("jonas", f"picked {new}")
    expect(stage.rows(BOXES, new) == [("BER",)], f"{new} is not on its way")
    told = ", ".join(f"{paper} over {amount}" for paper, amount in papers)
    return f"“{short(said, 90)}”; “{short(refused, 60)}”; {paid} of {total} paid by {back}; {told}"


CHAPTER = (
    a_return_is_brought_to_a_store_with_its_code,
    a_part_comes_back_for_another_color,
    a_lost_reply_of_the_gateway_is_looked_up,
    a_refund_in_the_shops_admin_is_counted_once_and_asks_why,
    two_lines_come_back_in_two_parcels,
    a_return_is_rejected_with_a_reason_that_can_be_read,
)

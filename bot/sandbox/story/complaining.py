"""Chapter eight: something arrived broken, and a bank asks money back: each is made good once."""

from __future__ import annotations

from bot.sandbox.customer import words_of
from bot.sandbox.story.asking import identify
from bot.sandbox.story.capturing import CLARA
from bot.sandbox.story.reading import short
from bot.sandbox.story.stage import Stage, expect

CLAIM = (
    "SELECT c.number, c.status, c.result FROM claim c JOIN v_orders o ON o.order_id = c.order_id "
    "WHERE o.number = ?"
)
ANSWERS = ("damaged", "the same again", "yes")
CHARGEBACK = "SELECT number, title FROM v_cases WHERE kind = 'chargeback' AND order_number = ?"


async def what_arrived_broken_is_told_in_chat_and_sent_again(stage: Stage) -> str:
    await stage.buy("broken", {"mug-sand": 1}, customer=CLARA)
    number = stage.orders["broken"]
    await stage.shop("deliver", everything=True)
    await stage.until_row("the order", "SELECT 1 FROM v_orders WHERE number = ?", number)
    for text in (f"picked {number}", f"shipped {number}", f"delivered {number}"):
        await stage.types("jonas", text)
    visitor = await stage.visitor("somebody whose mug broke")
    await stage.chats(visitor, f"The mug of order {number} arrived broken")
    await identify(stage, visitor, CLARA["email"])
    for _ in ANSWERS:
        if stage.rows(CLAIM, number):
            break
        await stage.chooses(visitor, *ANSWERS)
    said = words_of((await visitor.seen())["lines"][-1:], "bot")
    made = stage.rows(CLAIM, number)
    expect(made, f"no claim was made; the chat says: {said}")
    claim, status, again = made[0]
    expect((status, again) == ("settled", f"{number}-R1"), f"{claim} is {status}: {again}")
    card = await stage.types("mia", str(claim))
    expect(f"sent again as {again}" in card, card)
    return f"the chat: “{short(said, 80)}”; {claim}: “{short(card, 70)}”"


async def a_bank_asks_money_back_and_its_proof_is_gathered(stage: Stage) -> str:
    told = await stage.press("bank_asks_back")
    number = told[0].rsplit(" ", 1)[-1]
    case = await stage.until_row("a case about it", CHARGEBACK, number)
    refused = await stage.types("ann", f"refund now {number} mug-red 1")
    expect("has asked back" in refused, f"it would be paid twice: {refused}")
    listed = await stage.types("ann", "chargebacks")
    expect(f"Order {number}" in listed, listed)
    proof = await stage.types("ann", f"proof {number}")
    expect(f"Proof of order {number}" in proof, proof)
    dispute = told[1].split(":")[0]
    await stage.stripe("move_dispute", dispute=dispute, status="won")
    await stage.stripe("deliver")
    await stage.until_row("the case closes", f"{CHARGEBACK} AND state = 'resolved'", number)
    return f"case {case[0]}: “{short(case[1], 80)}”; “{short(refused, 80)}”; “{short(proof, 60)}”"


CHAPTER = (
    what_arrived_broken_is_told_in_chat_and_sent_again,
    a_bank_asks_money_back_and_its_proof_is_gathered,
)

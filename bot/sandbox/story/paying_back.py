"""Chapter seven: goods come back on every way there is, and money goes back exactly once."""

from __future__ import annotations

import re

from bot.sandbox.story.capturing import EMIL
from bot.sandbox.story.deciding import ordered
from bot.sandbox.story.reading import mail_text, short
from bot.sandbox.story.stage import Stage, expect

SELLABLE = "SELECT available FROM v_stock_levels WHERE sku = ? AND location = ?"  # at one place
STATUS = "SELECT status FROM rma WHERE number = ?"
DUE = "SELECT amount FROM v_refunds WHERE return_number = ? AND state = 'due'"


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
    return f"“{short(wrong, 60)}”; HAM sells {before} → {after}; {due[0][0]} minor units are due"


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


CHAPTER = (a_return_is_brought_to_a_store_with_its_code,)

"""Photos through the real doors of customers: web chat and Telegram, into a claim, to the staff."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.photos import photo_url
from core.commands.return_rules import ActivateReturnRules, DraftReturnRules
from core.db import tables as t
from core.domain.access import Role
from core.queries.photos import ListPhotos
from tests.pictures import photo, saved_again
from tests.shop import staff
from tests.surfaces.customers import Street, Visitor, person, street

pytestmark = pytest.mark.anyio
OWNER = staff(Role.OWNER, "Olga")
HEIC = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    """Order 1001 was delivered; damage is shown on a photo."""
    async with street(database) as made:
        assert made.shop.place(1001, ("mug-red", 1)).ok
        made.ship(1001)
        made.deliver(1001)
        assert made.shop.do(DraftReturnRules("photo-of-damage"), OWNER).ok
        assert made.shop.do(ActivateReturnRules(1), OWNER).ok
        yield made


async def sends(visitor: Visitor, raw: bytes) -> str:
    visitor.sent += 1
    answer = await visitor.client.post(f"/chat/photos?id=p{visitor.sent}", content=raw)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    visitor.labels = {one["label"]: one["key"] for one in body["buttons"] or ()}
    return str(body["lines"])


async def test_a_damaged_mug_from_the_photo_to_the_replacement(here: Street):
    anna = here.visitor()
    await anna.opens()
    assert "as soon as I know who you are" in await sends(anna, photo())
    await anna.says("anna@example.org")
    await anna.says(here.code_for("anna@example.org"))
    assert here.shop.rows(t.photo) == []
    assert "send me a photo" in await anna.says("my mug arrived broken")
    for raw, words in ((HEIC, "HEIC"), (b"MZ", "only take photos"), (b"", "only take photos")):
        assert words in await sends(anna, raw)
    assert "too large" in await sends(anna, photo() + b"x" * (9 * 2**20))
    form = {"photo": ("mug.txt", photo(), "text/plain")}
    plain = await anna.client.post("/chat/photos", files=form)
    assert (plain.status_code, plain.headers["location"]) == (303, "/chat?shop=1#end")
    page = await anna.reads()
    assert "customer: 📷" in page
    assert "What would you like?" in page[-1]
    here.shop.clock.advance(minutes=2)
    await anna.says("the same again")
    assert "We send it again, as order 1001-R1" in await anna.says("yes")
    (kept,) = here.shop.ask(ListPhotos("1001")).photos
    shown = await here.visitor().client.get(photo_url(here.house, kept.id))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    link = photo_url(here.house, kept.id)
    here.shop.clock.advance(minutes=63)
    late, forged = [await here.visitor().client.get(x) for x in (link, f"{link[:-4]}AAAA")]
    assert (late.status_code, forged.status_code) == (404, 404)


async def test_a_foreign_site_and_eleven_photos_a_day_are_too_much(here: Street):
    anna = here.visitor()
    await anna.identifies()
    foreign = await anna.client.post(
        "/chat/photos", content=photo(), headers={"Origin": "https://evil.example"}
    )
    assert (foreign.status_code, here.shop.rows(t.photo)) == (403, [])
    for seed in range(11):
        said = await sends(anna, photo(seed, size=(32, 24)))
        assert ("a lot of photos" in said) == (seed == 10)
    assert len(here.shop.rows(t.photo)) == 10


async def test_telegram_photos_are_kept_and_one_sent_for_another_order_is_known(here: Street):
    assert here.shop.place(1002, ("mug-red", 1), email="ben@example.org").ok
    here.ship(1002)
    here.deliver(1002)
    ben = person(here, 78)
    visitor = here.visitor()
    await visitor.identifies()
    await visitor.says("my mug arrived broken")
    await sends(visitor, photo())
    await visitor.says("the same again")
    await visitor.says("yes")
    for say in (lambda: ben.say("where is my order"), lambda: ben.say("ben@example.org")):
        say()
        await told(here)
    ben.say(here.code_for("ben@example.org"))
    await told(here)
    ben.say("my mug arrived broken")
    await told(here)
    ben.send_file(HEIC, "mug.jpg", "image/heic")
    await told(here)
    assert "HEIC" in ben.heard[-1]
    here.telegram.files.gone = True
    ben.send_photo(photo())
    await told(here)
    assert "did not reach me" in ben.heard[-1]
    here.telegram.files.gone = False
    ben.send_photo(saved_again(photo()))
    await told(here)
    assert "What would you like?" in ben.heard[-1]
    ben.press("The same again")
    await told(here)
    ben.press("Yes, please")
    await told(here)
    assert "A colleague looks at your report CL1002-1" in "\n".join(ben.heard)
    (case,) = here.shop.rows(t.cases, kind="claim_decision")
    assert "The same photo was sent before, for order 1001." in case["facts"]


async def told(here: Street) -> None:
    await here.telegram.deliver()
    await here.work()

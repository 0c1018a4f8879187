"""Photos in Slack threads: kept with the order of the case, loaded from Slack only."""

from __future__ import annotations

from dataclasses import replace

from bot.sandbox.slack.delivery import Policy
from bot.sandbox.slack.workspace import BOT_TOKEN
from core.commands.claims import ClaimOrder
from core.commands.fulfillment import ShipWork
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.claims import ClaimReason
from core.queries.photos import ListPhotos
from tests.pictures import photo
from tests.slack.house import SlackHouse, buttons_of, slack_house


async def claim(there: SlackHouse) -> str:
    """A claim that waits for a decision; the thread in which it stands."""
    assert there.shop.place(1001, ("mug-red", 3)).ok
    assert there.shop.do(ShipWork("1001")).ok
    assert there.shop.do(DeliverParcel("1001")).ok
    asked = there.shop.do(ClaimOrder("1001", ClaimReason.DAMAGED, photos=("a" * 64,)))
    assert asked.facts["status"] == "requested"
    await there.work()
    (card,) = there.posts()
    assert "Look at Photos" in buttons_of(card)
    return card.ts


async def test_a_photo_in_the_thread_of_a_case_is_kept_with_its_order(database: str) -> None:
    async with slack_house(database) as there:
        ts = await claim(there)
        ann = there.user("ann", policy=Policy.TRIPLICATE)
        await ann.share_file(photo(), there.cases, ts)
        await there.slack.drain()
        assert "The photo is kept with order 1001." in there.whispers("ann")[-1]
        (kept,) = there.shop.ask(ListPhotos("1001")).photos
        assert (kept.sent_by, kept.orders) == ("Ann", ("1001",))
        card = await there.card("ann", "photos 1001")
        assert f"Photo {kept.name}" in buttons_of(card)


async def test_what_is_not_for_us_or_not_handed_out_leaves_nothing(sqlite_database: str) -> None:
    async with slack_house(sqlite_database) as there:
        ts = await claim(there)
        mallory, sue = there.user("mallory"), there.user("sue")
        await sue.share_file(b"MZ", there.cases, ts, name="mug.exe", mimetype="image/png")
        await there.slack.drain()
        assert "This is no photo." in there.whispers("sue")[-1]
        await mallory.share_file(photo(), there.cases, ts)
        await there.slack.drain()
        assert "photo" not in there.whispers("mallory")[-1]
        before = len(there.whispers("sue"))
        await sue.share_file(photo(), there.cases)
        await sue.share_file(b"words", there.cases, ts, name="a.txt", mimetype="text/plain")
        await there.slack.drain()
        assert len(there.whispers("sue")) == before
        token = there.workspace.tokens[BOT_TOKEN]
        poor = replace(token, scopes=token.scopes - {"files:read"})
        there.workspace.tokens[BOT_TOKEN] = poor
        await sue.share_file(photo(), there.cases, ts)
        await there.slack.drain()
        assert "did not hand the photo out" in there.whispers("sue")[-1]
        there.workspace.tokens[BOT_TOKEN] = token
        there.workspace.base_url, ours = "http://evil.example", there.workspace.base_url
        await sue.share_file(photo(), there.cases, ts)
        there.workspace.base_url = ours
        await there.slack.drain()
        assert "did not hand the photo out" in there.whispers("sue")[-1]
        assert there.shop.rows(t.photo) == []

"""What was printed, behind signed links: open for a day to who holds one, and to nobody else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from starlette.applications import Starlette

from bot.bridge import House
from bot.cli import main
from bot.settings import Settings
from bot.web.router import create_routes
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.marking import GiftOrder, UngiftOrder
from core.db import tables as t
from core.domain.gift import Gift
from core.integrations.papers import _slip
from core.queries.picks import ListPicks
from notifications import links
from tests.shop import BER, Shop, make_shop
from tests.slack.house import buttons_of, slack_house

SETTINGS = Settings(sandbox=True)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    made.place(1001, ("mug-red", 2))
    made.place(1002, ("sock-grey", 1))
    yield made
    made.close()


def address(shop: Shop, subject: str) -> str:
    return f"/papers/{links.sign('papers', subject, shop.clock(), SETTINGS.secrets)}"


def print_all(shop: Shop) -> str:
    """The name of a print of everything that waits at BER."""
    name: str = shop.do(PrintPicks("ber")).facts["papers"]["BER"]
    shop.clock.advance(minutes=1)
    return name


async def get(shop: Shop, url: str) -> httpx2.Response:
    house = House(shop.engine, SETTINGS, shop.clock)
    app = Starlette(routes=create_routes(house))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
        answer = await client.get(f"http://wismo{url}")
    house.pool.shutdown()
    return answer


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type */Page\b", pdf))


async def test_the_links_open_the_list_and_one_slip_for_each_order(shop):
    name = print_all(shop)
    listed, slips = [await get(shop, address(shop, kind + name)) for kind in "ls"]
    assert (listed.status_code, slips.status_code) == (200, 200)
    assert (pages(listed.content), pages(slips.content)) == (1, 2)
    assert listed.headers["content-type"] == "application/pdf"
    assert slips.headers["content-disposition"].startswith('inline; filename="packing-slips-BER-')
    for answer in (listed, slips):
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]


async def test_what_has_left_has_no_slip_any_more(shop):
    name = print_all(shop)
    shop.do(ShipWork("1001"))
    assert pages((await get(shop, address(shop, "s" + name))).content) == 1
    shop.do(ShipWork("1002"))
    assert (await get(shop, address(shop, "s" + name))).status_code == 404


async def test_a_link_that_opens_nothing_says_the_same_whatever_is_wrong_with_it(shop):
    name = print_all(shop)
    good = address(shop, "l" + name)
    track = links.sign("track", "l" + name, shop.clock(), SETTINGS.secrets)
    stranger = links.sign("papers", "l" + name, shop.clock(), ["another key of 16+"])
    wrong = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        f"/papers/{track}",
        f"/papers/{stranger}",
        "/papers/x",
        address(shop, "x" + name),
        address(shop, f"l{BER:x}-1"),
        address(shop, "l" + name.replace("-", "_")),
    ]
    answers = [await get(shop, url) for url in wrong]
    shop.clock.advance(hours=25)
    answers.append(await get(shop, good))
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'nonce="[^"]*"', "", answer.text) for answer in answers}) == 1
    assert "Anna" not in answers[0].text


async def test_printing_again_makes_a_paper_of_its_own(shop):
    first = print_all(shop)
    shop.do(PickWork("1001"))
    again = shop.do(PrintPicks(orders=("1001", "1001-1"))).facts["papers"]["BER"]
    assert pages((await get(shop, address(shop, "s" + again))).content) == 1
    assert pages((await get(shop, address(shop, "s" + first))).content) == 1
    assert [work["stage"] for work in shop.rows(t.fulfillment_order)] == ["picked", "printed"]


# --- in Slack -------------------------------------------------------------------------------------


async def test_who_prints_in_slack_gets_both_links_and_they_open(sqlite_database):
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        queue = await there.card("bob", "picks ber")
        bob = there.user("bob")
        await bob.click(queue, "Print Picks")
        await there.slack.drain()
        answer = bob.ephemerals()[-1]
        assert buttons_of(answer)[:2] == ["Pick List (PDF)", "Packing Slips (PDF)"]
        urls = [
            e["url"] for block in answer.blocks for e in block.get("elements", ()) if "url" in e
        ]
        for url in urls:
            opened = await get(there.shop, url.removeprefix(there.house.settings.base_url))
            assert opened.content.startswith(b"%PDF")


async def test_a_link_that_is_pressed_in_slack_changes_nothing_and_says_nothing(sqlite_database):
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        answer = await there.card("bob", "print 1001")
        before = len(there.workspace.ephemerals), len(there.shop.rows(t.audit))
        await there.user("bob").click(answer, "Pick List (PDF)")
        await there.slack.drain()
        assert (len(there.workspace.ephemerals), len(there.shop.rows(t.audit))) == before


async def test_who_may_not_print_gets_no_link(sqlite_database):
    async with slack_house(sqlite_database) as there:
        there.shop.place(1001, ("mug-red", 2))
        card = await there.card("sue", "print 1001")
        assert not any("url" in e for block in card.blocks for e in block.get("elements", ()))
        assert there.shop.rows(t.fulfillment_order)[0]["stage"] == "ready"


# --- from the command line ------------------------------------------------------------------------


def test_the_command_line_writes_both_papers_as_files(tmp_path, monkeypatch, capsys):
    url = f"sqlite:///{tmp_path / 'w.db'}"
    shop = make_shop(url)
    shop.place(1001, ("mug-red", 2))
    shop.close()
    monkeypatch.setenv("WISMO_DATABASE_URL", url)
    monkeypatch.setenv("WISMO_SECRET_KEY", "k" * 40)
    told = run(monkeypatch, capsys, "print", "ber", "--out", tmp_path / "out")
    written = sorted((tmp_path / "out").iterdir())
    assert [file.name.rsplit("-", 2)[0] for file in written] == [
        "packing-slips-BER",
        "pick-list-BER",
    ]
    assert all(str(file) in told and file.read_bytes().startswith(b"%PDF") for file in written)
    assert "1 order is on paper for BER." in run(
        monkeypatch, capsys, "print", "1001", "--out", tmp_path
    )
    assert run(monkeypatch, capsys, "print", "ber", "--out", tmp_path, code=2).startswith(
        "wismo: Everything at BER is on paper already."
    )


def run(monkeypatch, capsys, *words: object, code: int = 0) -> str:
    monkeypatch.setattr(sys, "argv", ["wismo", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    return "".join(capsys.readouterr())


async def test_a_gift_has_a_slip_of_its_own_look_and_never_a_price(shop):
    shop.do(GiftOrder("1001", "Alles Gute, Oma!"))
    name = print_all(shop)
    slips = await get(shop, address(shop, f"s{name}"))
    assert pages(slips.content) == 2
    plain = slips.content
    shop.do(UngiftOrder("1001"))
    assert (await get(shop, address(shop, f"s{name}"))).content != plain
    (pick,) = [p for p in shop.ask(ListPicks("ber")).picks if p.order == "1001"]
    facts = repr(_slip(replace(pick, gift=Gift("Alles Gute, Oma!")), shop.ask(ListPicks("ber"))))
    assert "Alles Gute, Oma!" in facts
    assert "19.90" not in facts
    assert "1990" not in facts

"""Invoices and credit notes through the engine: numbered without a gap, never rewritten."""

from __future__ import annotations

import re

import httpx2
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from bot.bridge import House
from bot.settings import Settings
from bot.web.router import create_routes
from core.commands.capture import CaptureLine
from core.commands.documents import IssueInvoice, ReverseInvoice
from core.commands.fulfillment import ShipWork
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.queries.documents import ListCreditNotes, ListDocuments, ShowDocument
from notifications import links
from tests.shop import Shop, make_shop, staff

SETTINGS = Settings(sandbox=True)


@pytest.fixture
def shop(database):
    """Order 1001: two red mugs at 19 % and shipping, paid."""
    shop = make_shop(database)
    told = shop.order(1001, ("mug-red", 2))
    line = CaptureLine("mug-red", 2, "1001-1", "Mug-Red", 1990, tax=635)
    shop.engine.execute(
        type(told)(
            **{
                **{name: getattr(told, name) for name in told.__slots__},
                "lines": (line,),
                "shipping": 490,
                "tax": 713,
                "captured": 4470,
                "language": "de",
            }
        ),
        staff(Role.OWNER),
    )
    yield shop
    shop.close()


def came_back(shop: Shop, units: int) -> None:
    assert shop.do(ShipWork("1001", "T1001", "DHL")).ok
    assert shop.do(DeliverParcel("1001")).ok
    assert shop.do(RequestReturn("1001", "mug-red", units)).ok
    assert shop.do(ReceiveReturn("R1001-1")).ok


def totals(shop: Shop) -> list[tuple[str, int, int]]:
    found = shop.ask(ListDocuments()).documents
    return [(d.number, d.total, d.tax) for d in reversed(found)]


def test_an_invoice_is_made_once_credited_and_taken_back_by_another_document(shop):
    made = shop.do(IssueInvoice("1001"))
    assert made.sentence == "Invoice INV-00001 over €44.70 for order 1001."
    assert shop.do(IssueInvoice("1001")).facts["document"] == "INV-00001"
    came_back(shop, 1)
    assert shop.do(RecordRefund("R1001-1", "bank 7")).ok
    assert totals(shop) == [("INV-00001", 4470, 713), ("CN-00001", 1990, 318)]
    refused = shop.do(ReverseInvoice("CN-00001", "wrong"))
    assert refused.code == "not_possible"
    assert shop.do(ReverseInvoice("inv-00001", "wrong address")).ok
    assert totals(shop)[2:] == [("CN-00002", 2480, 396)]
    assert shop.do(ReverseInvoice("INV-00001", "again")).code == "not_possible"
    again = shop.do(IssueInvoice("1001"))
    assert again.facts["document"] == "INV-00002"
    assert totals(shop)[3:] == [("INV-00002", 4470, 713)]
    view = shop.ask(ShowDocument("CN-00002"))
    assert (view.brief.corrects, view.brief.reason) == ("INV-00001", "wrong address")
    assert [d.number for d in shop.ask(ListCreditNotes()).documents] == ["CN-00002", "CN-00001"]
    with pytest.raises(sa.exc.DBAPIError):
        shop.engine.chore(
            lambda uow: uow.session.connection.execute(
                t.document.update().values(total=0, net=-713)
            )
        )


async def test_at_shipment_by_policy_and_as_a_pdf_behind_its_link(shop):
    assert shop.do(SetPolicy("invoice_when", "shipped"), staff(Role.OWNER)).ok
    shop.do(SetPolicy("seller_address", "Hauptstr. 1, 10827 Berlin"), staff(Role.OWNER))
    came_back(shop, 2)
    assert totals(shop) == [("INV-00001", 4470, 713)]
    document_id = shop.rows(t.document)[0]["id"]
    token = links.sign("papers", f"d{document_id}", shop.clock(), SETTINGS.secrets)
    app = Starlette(routes=create_routes(House(shop.engine, SETTINGS, shop.clock)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
        answer = await client.get(f"http://wismo/papers/{token}")
    assert answer.headers["content-disposition"] == 'inline; filename="INV-00001.pdf"'
    assert len(re.findall(rb"/Type */Page\b", answer.content)) == 1

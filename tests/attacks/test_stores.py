"""A store asks around: nothing of another place's orders comes through the books of the stock."""

from __future__ import annotations

from core.commands.orders import CancelOrder
from core.domain.access import Role
from core.queries.ledger import ShowLedger
from core.queries.stock import ShowStock
from tests.shop import make_shop, staff

HERE = staff(Role.STORE, "Hans", locations=("HAM",))


def test_the_books_of_the_stock_do_not_name_the_orders_of_another_place(database: str) -> None:
    shop = make_shop(database)
    shop.place(4711, ("mug-red", 2))
    shop.place(4712, ("mug-red", 1))
    assert shop.do(CancelOrder("4712", "slip of Berlin")).ok
    for question in (ShowLedger("mug-red"), ShowStock("mug-red")):
        told = repr(shop.ask(question, HERE))
        assert "'4711'" not in told
        assert "'4712'" not in told
        assert "'4711'" in repr(shop.ask(question, staff(Role.WAREHOUSE, "Willi")))
    reasons = {line.reason for line in shop.ask(ShowLedger("mug-red"), HERE).lines}
    assert "opening stock" in reasons  # their own shelf
    shop.close()

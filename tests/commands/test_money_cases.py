"""A good part of what was computed by hand, once more through the engine and its ledgers."""

from __future__ import annotations

import re
from typing import Any

from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.choosing import Units
from core.commands.refunding import RefundOrder
from core.commands.refunds import RecordOrderRefund
from core.commands.replacing import Sure
from core.db import tables as t
from core.domain.refund_wish import What
from core.queries.money import ShowMoney
from tests.domain.money_cases import REFUNDS, Case
from tests.domain.test_money_cases import STEP, lines_of, order_of
from tests.shop import CHANNEL, SKUS, Shop, make_shop

PLAIN = re.compile(r"[a-z]\d+(-\d+)?|ship|all")


def is_plain(case: Case) -> bool:
    """What a person can type, and what is neither capped nor nothing."""
    gives = [int(amount) for amount in case.gives.split()]
    able = all(PLAIN.fullmatch(step) for step in case.steps.split())
    return able and case.paid is None and all(0 < amount <= 50_000 for amount in gives)


PLAIN_CASES = [case for case in REFUNDS if is_plain(case)]


def placed(shop: Shop, case: Case, number: str) -> None:
    order = order_of(case)
    word = CaptureOrder(
        external_id=number,
        number=number,
        currency=case.currency,
        placed_at=shop.clock(),
        lines=tuple(
            CaptureLine(
                SKUS[n],
                line.ordered,
                unit_price=line.unit_price,
                tax=line.tax,
                total=line.total,
            )
            for n, line in enumerate(lines_of(case))
        ),
        shipping=order.shipping,
        tax=order.tax,
        total=order.total,
        captured=order.captured,
        email="anna@example.org",
    )
    assert shop.do(word, CHANNEL).ok, case.name


def wish(number: str, step: str) -> RefundOrder:
    if not (found := STEP.fullmatch(step)):
        return RefundOrder(number, what=What.SHIPPING if step == "ship" else What.ALL)
    units = (Units(SKUS[ord(found[1]) - ord("a")], int(found[2])),)
    return RefundOrder(number, units, fee=int(found[4] or 0), sure=Sure.AGAIN)


def test_the_engine_gives_back_what_was_computed_by_hand(database: str) -> None:
    shop = make_shop(database)
    assert len(PLAIN_CASES) >= 30
    for number, case in enumerate(PLAIN_CASES, 1001):
        placed(shop, case, str(number))
        made = [shop.do(wish(str(number), step)) for step in case.steps.split()]
        assert [each.facts["amount"] for each in made] == [int(x) for x in case.gives.split()]
        assert shop.do(RecordOrderRefund(str(number), f"re-{number}")).ok, case.name
        check(shop, case, str(number))
    shop.close()


def check(shop: Shop, case: Case, number: str) -> None:
    view = shop.ask(ShowMoney(number))
    assert (view.refunded, view.owed) == (sum(int(x) for x in case.gives.split()), 0), case.name
    if case.tax:
        assert [r.tax for r in view.refunds] == [int(x) for x in case.tax.split()], case.name
    (row,) = shop.rows(t.orders, number=number)
    over: Any = "part_refunded" if view.left else "refunded"
    assert row["payment_status"] == over, case.name

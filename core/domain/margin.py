"""What an order has earned after returns: its money, the goods that stayed away, the parcels."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.journal import BONUS, CHARGEBACKS, FEES, REFUNDS, SALES, OrderMoney, vouchers
from core.domain.order import KIT, PART, Line, Order
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Margin:
    """Minor units without tax. `revenue` is what the customer leaves here; the rest is what it
    took. `unknown` are SKUs whose cost nobody has told."""

    revenue: int
    goods: int
    parcels: int
    presents: int
    unknown: tuple[str, ...] = ()
    chargebacks: int = 0

    @property
    def earned(self) -> int:
        gone = self.goods + self.parcels + self.presents + self.chargebacks
        return self.revenue - gone

    @property
    def percent(self) -> int | None:
        """Of the revenue, in whole percent rounded half up; None without revenue."""
        return (
            (200 * self.earned + self.revenue) // (2 * self.revenue) if self.revenue > 0 else None
        )


def margin_of(
    money: OrderMoney, costs: Mapping[str, int], restocked: Mapping[int, int], parcels: int
) -> Margin:
    """`costs` are minor units of one unit by SKU, `restocked` units by line that can be sold
    again, `parcels` what sending cost."""
    accounts = _sums(money)
    kept = {line.id: _gone(line, restocked) for line in money.order.lines}
    goods = sum(n * _cost(money.order, money.order.line(i), costs) for i, n in kept.items())
    unknown = {
        line.sku
        for line in money.order.lines
        if kept[line.id] > 0 and line.kind != KIT and not costs.get(line.sku)
    }
    return Margin(
        revenue=-sum(accounts.get(name, 0) for name in (SALES, REFUNDS, FEES)),
        goods=goods,
        parcels=parcels,
        presents=accounts.get(BONUS, 0),
        unknown=tuple(sorted(unknown)),
        chargebacks=accounts.get(CHARGEBACKS, 0),
    )


def _sums(money: OrderMoney) -> dict[str, int]:
    found: dict[str, int] = {}
    for voucher in vouchers(money):
        for posting in voucher.postings:
            found[posting.account] = found.get(posting.account, 0) + posting.amount
    return found


def _gone(line: Line, restocked: Mapping[int, int]) -> int:
    """Units that left and did not come back sellable; of a kit, what came back is told apart."""
    left = 0 if line.kind == KIT else line.shipped
    return left - restocked.get(line.id, 0)


def _cost(order: Order, line: Line, costs: Mapping[str, int]) -> int:
    """One unit; a kit costs what its parts do."""
    if line.kind != KIT:
        return costs.get(line.sku, 0)
    parts = (x for x in order.lines if x.kind == PART and x.kit_line_id == line.id)
    return sum(part.per_kit * costs.get(part.sku, 0) for part in parts)

"""Refund amounts: whatever the order of partial refunds, they add up to exactly what was paid."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.refusals import Invalid, NotPossible


@dataclass(frozen=True, slots=True)
class RefundLine:
    """An order line as refunds see it: `paid` after discounts and with tax, in minor units."""

    paid: int
    quantity: int
    refunded: int = 0

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.paid < 0 or not 0 <= self.refunded <= self.quantity:
            raise Invalid("A line has at least one unit and no more refunded than it had.")

    @property
    def left(self) -> int:
        return self.quantity - self.refunded


def paid_for_first(paid: int, quantity: int, units: int) -> int:
    """R(n): what was paid for the first `units` of `quantity`, rounded half up once."""
    return (2 * paid * units + quantity) // (2 * quantity)


def refundable(line: RefundLine, quantity: int) -> int:
    """The money for the next `quantity` units of the line: R(k + m) - R(k)."""
    if quantity < 1:
        raise Invalid("A refund is for at least one unit.", "Say how many units came back.")
    if quantity > line.left:
        raise NotPossible(
            f"Only {line.left} of {line.quantity} units can still be refunded.",
            f"Refund {line.left} or fewer." if line.left else "Nothing is left to refund.",
            code="over_refund",
        )
    return paid_for_first(line.paid, line.quantity, line.refunded + quantity) - paid_for_first(
        line.paid, line.quantity, line.refunded
    )


def left_to_refund(line: RefundLine) -> int:
    """All the money that refunds of this line can still return."""
    return line.paid - paid_for_first(line.paid, line.quantity, line.refunded)

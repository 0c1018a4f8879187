"""What the shop remembers: orders, lines, fulfillments and refunds, in integer minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.shop.catalog import Variant

TAKEN = ("sale", "capture")
_DECIMALS = {"JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3}


def decimal_text(minor: int, currency: str) -> str:
    """1690 EUR → "16.90", as the shop writes money everywhere."""
    places = _DECIMALS.get(currency, 2)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def minor_units(text: str | float, currency: str) -> int:
    """The amount "16.9" in EUR is 1690; more decimals than the currency has are a ValueError."""
    places = _DECIMALS.get(currency, 2)
    whole, _, part = str(text).partition(".")
    if part[places:].strip("0"):
        raise ValueError(f"{text} has more decimals than {currency} has")
    return int(whole + part[:places].ljust(places, "0"))


@dataclass(frozen=True, slots=True)
class Address:
    first_name: str
    last_name: str
    address1: str
    zip: str
    city: str
    country_code: str
    country: str
    address2: str | None = None
    company: str | None = None
    province: str | None = None
    phone: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Customer:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str | None
    locale: str


@dataclass(slots=True)
class Line:
    """`ordered` never changes; `current` is what edits and refunds left of it."""

    id: int
    sku: str
    product: str
    title: str
    price: int
    grams: int
    ordered: int
    current: int
    variant: Variant | None = None
    discount: int = 0
    tax_percent: int = 0
    fulfilled: int = 0
    refunded: int = 0

    @property
    def open(self) -> int:
        return max(0, self.current - self.fulfilled)

    def share_of_discount(self, quantity: int) -> int:
        return self.discount * quantity // self.ordered if self.ordered else 0

    def subtotal(self, quantity: int) -> int:
        return self.price * quantity - self.share_of_discount(quantity)

    def tax(self, quantity: int) -> int:
        return tax_inside(self.subtotal(quantity), self.tax_percent)


def tax_inside(gross: int, percent: int) -> int:
    """The tax contained in a gross amount, rounded half up."""
    return (gross * percent * 2 + (100 + percent)) // ((100 + percent) * 2)


@dataclass(slots=True)
class FulfillmentOrder:
    """Work that the shop gave to one location: (id, line, assigned, remaining) per line."""

    id: int
    location_id: int
    status: str = "OPEN"
    lines: list[WorkLine] = field(default_factory=list)
    ready_for_pickup: bool = False


@dataclass(slots=True)
class WorkLine:
    id: int
    line_id: int
    total: int
    remaining: int


@dataclass(slots=True)
class Fulfillment:
    id: int
    name: str
    location_id: int
    created_at: datetime
    updated_at: datetime
    quantities: Mapping[int, int]
    tracking_number: str | None = None
    tracking_company: str | None = None
    tracking_url: str | None = None
    status: str = "success"
    shipment_status: str | None = None


@dataclass(frozen=True, slots=True)
class RefundLine:
    id: int
    line_id: int
    quantity: int
    restock_type: str
    location_id: int | None
    subtotal: int
    tax: int


@dataclass(frozen=True, slots=True)
class Refund:
    id: int
    created_at: datetime
    note: str | None
    lines: tuple[RefundLine, ...]
    amount: int

    @property
    def worth(self) -> int:
        return sum(line.subtotal for line in self.lines)


@dataclass(frozen=True, slots=True)
class Transaction:
    id: int
    kind: str
    amount: int
    created_at: datetime
    parent_id: int | None = None
    refund_id: int | None = None


@dataclass(slots=True)
class Order:
    id: int
    number: int
    created_at: datetime
    updated_at: datetime
    currency: str
    customer: Customer | None
    shipping_address: Address | None
    billing_address: Address | None
    lines: list[Line]
    source_name: str = "web"
    location_id: int | None = None
    shipping_title: str = "DHL Standard"
    shipping_price: int = 0
    tax_percent: int = 19
    discount_code: str | None = None
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    work: list[FulfillmentOrder] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    multi_capture: bool = False

    @property
    def name(self) -> str:
        return f"#{self.number}"

    @property
    def gross(self) -> int:
        """Before discounts, as it was ordered."""
        return sum(line.price * line.ordered for line in self.lines)

    @property
    def discounts(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def subtotal(self) -> int:
        return self.gross - self.discounts

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping_price

    @property
    def current_subtotal(self) -> int:
        return sum(line.subtotal(line.current) for line in self.lines)

    @property
    def current_total(self) -> int:
        return self.current_subtotal + self.shipping_price

    @property
    def paid(self) -> int:
        return sum(entry.amount for entry in self.transactions if entry.kind in TAKEN)

    @property
    def refunded(self) -> int:
        return sum(entry.amount for entry in self.transactions if entry.kind == "refund")

    def left_of(self, entry: Transaction) -> int:
        """What of a payment can still go back, or of an authorization still be captured."""
        used = [one for one in self.transactions if one.parent_id == entry.id]
        if entry.kind == "authorization":
            if any(one.kind == "void" for one in used) or (used and not self.multi_capture):
                return 0
            return entry.amount - sum(one.amount for one in used)
        return entry.amount - sum(one.amount for one in used if one.kind == "refund")

    @property
    def is_held(self) -> bool:
        return any(x.kind == "authorization" and self.left_of(x) for x in self.transactions)

    @property
    def outstanding(self) -> int:
        """What is still to pay: money given back as goodwill is not owed again."""
        kept = self.paid - sum(min(one.amount, one.worth) for one in self.refunds)
        return 0 if self.cancelled_at else max(0, self.current_total - kept)

    @property
    def tax(self) -> int:
        return sum(line.tax(line.ordered) for line in self.lines) + self.shipping_tax

    @property
    def current_tax(self) -> int:
        return sum(line.tax(line.current) for line in self.lines) + self.shipping_tax

    @property
    def shipping_tax(self) -> int:
        return tax_inside(self.shipping_price, self.tax_percent)

    @property
    def financial_status(self) -> str:
        if not self.paid and self.is_held:
            return "authorized"
        if not self.paid:
            is_void = any(entry.kind == "void" for entry in self.transactions)
            return "voided" if self.cancelled_at or is_void else "pending"
        if self.refunded >= self.paid:
            return "refunded"
        if self.refunded:
            return "partially_refunded"
        return "partially_paid" if self.outstanding else "paid"

    @property
    def fulfillment_status(self) -> str | None:
        if not any(line.fulfilled for line in self.lines):
            return None
        return "partial" if any(line.open for line in self.lines) else "fulfilled"

    def line(self, line_id: int) -> Line:
        return next(line for line in self.lines if line.id == line_id)

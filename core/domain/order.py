"""The order: lines as quantities, holds beside it, statuses derived, transitions with facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from core.domain import events as e
from core.domain.holds import Exit, Hold, HoldReason, Scope, gate, refusal
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass, replace

T = TypeVar("T")
KIT, PART = "kit", "part"


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """A new state and the facts that explain it; both are stored, or neither."""

    after: T
    events: tuple[e.Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    zip: str = ""
    city: str = ""
    region: str = ""
    country: str = ""  # ISO 3166 alpha-2
    phone: str = ""
    lat: float | None = field(default=None, compare=False)  # where the same address lies
    lon: float | None = field(default=None, compare=False)


class OrderStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    CANCELED = "canceled"


class FulfillmentStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    NOT_NEEDED = "not_needed"


class ReturnStatus(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as quantities. Money is minor units for the whole line; `total` is what was paid
    for all `ordered` units, discounts and tax included, frozen at placement."""

    id: int
    position: int
    external_id: str | None
    sku: str
    title: str
    ordered: int
    unit_price: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0
    ships: bool = True
    canceled: int = 0
    backordered: int = 0
    allocated: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0
    return_requested: int = 0
    return_received: int = 0
    return_kept: int = 0  # refunded without coming back
    claimed: int = 0  # in a claim that was not turned down: lost, damaged, never there
    refunded: int = 0
    kind: str = ""  # KIT: its parts are what ships; PART: stands behind a kit, without a price
    kit_line_id: int | None = None
    per_kit: int = 0
    awaits: str = ""  # the day (ISO) for which the goods that it waits for are announced

    @property
    def wanted(self) -> int:
        """Units that the customer still expects or has: ordered less canceled."""
        return self.ordered - self.canceled

    @property
    def unplaced(self) -> int:
        """Units with neither stock nor a place in the backorder queue (an unknown SKU, say)."""
        if not self.ships:
            return 0
        return self.wanted - self.shipped - self.allocated - self.backordered

    @property
    def returnable(self) -> int:
        if self.kind == PART:
            return 0  # a kit comes back as a kit
        return self.delivered - self.claimed_back

    @property
    def claimed_back(self) -> int:
        """Units in a return or a claim, whatever became of them: no other may have them."""
        return self.return_requested + self.return_received + self.return_kept + self.claimed

    @property
    def claimable(self) -> int:
        return 0 if self.kind == PART else self.shipped - self.claimed_back

    @property
    def is_taxed_on_top(self) -> bool:
        """Whether prices are without tax: whichever is nearer to the stored figures."""
        goods = self.unit_price * self.ordered - self.discount
        return self.unit_price > 0 and abs(self.total - self.tax - goods) < abs(self.total - goods)

    @property
    def net(self) -> int:
        """The line's total as its prices count: without tax where that comes on top."""
        return self.total - self.tax if self.is_taxed_on_top else self.total


@dataclass(frozen=True, slots=True)
class Order:
    """One customer's order. `version` counts successful changes; money is minor units."""

    id: int
    shop_id: int
    number: str
    channel: str
    connection_id: int | None
    external_id: str | None
    customer_id: int | None
    email: str
    phone: str
    customer_name: str
    language: str
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    captured: int
    refunded: int
    ship_to: Address
    bill_to: Address
    lines: tuple[Line, ...]
    placed_at: datetime
    captured_at: datetime
    promise: date | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 0
    holds: tuple[Hold, ...] = ()
    canceled_at: datetime | None = None
    cancel_reason: str = ""
    handed_over: bool = False
    source_updated_at: datetime | None = None
    payment_note: str = ""
    version: int = 0
    sends_messages: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)
    method: str = "standard"  # of shipping: core/domain/lanes.py
    shipping_tax: int = 0  # the part of `tax` that is in shipping, or on top of it
    promise_basis: str = ""  # how the promised date was counted

    # --- what can be read off --------------------------------------------------------------------

    @property
    def is_canceled(self) -> bool:
        return self.canceled_at is not None

    @property
    def is_held(self) -> bool:
        return bool(self.holds)

    @property
    def shippable(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.ships)

    @property
    def bought(self) -> tuple[Line, ...]:
        """The lines as the customer ordered them: a kit is one line, its parts are none."""
        return tuple(line for line in self.lines if line.kind != PART)

    @property
    def awaited(self) -> tuple[Line, ...]:
        """Of those, the lines that are sent: a kit is, though only its parts are shelved."""
        return tuple(line for line in self.bought if line.ships or line.kind == KIT)

    def line(self, line_id: int) -> Line:
        for line in self.lines:
            if line.id == line_id:
                return line
        raise Invalid(f"Order {self.number} has no such line.")

    @property
    def status(self) -> OrderStatus:
        if self.is_canceled:
            return OrderStatus.CANCELED
        done = all(line.shipped >= line.wanted for line in self.shippable)
        return OrderStatus.CLOSED if done and self.lines else OrderStatus.OPEN

    @property
    def fulfillment(self) -> FulfillmentStatus:
        wanted = sum(line.wanted for line in self.shippable)
        shipped = sum(line.shipped for line in self.shippable)
        delivered = sum(line.delivered for line in self.shippable)
        if wanted == 0 and shipped == 0:
            return FulfillmentStatus.NOT_NEEDED
        if shipped == 0:
            return FulfillmentStatus.NONE
        if shipped < wanted:
            return FulfillmentStatus.PARTIAL
        return FulfillmentStatus.DELIVERED if delivered >= shipped else FulfillmentStatus.SHIPPED

    @property
    def returning(self) -> ReturnStatus:
        requested = sum(line.return_requested for line in self.lines)
        received = sum(line.return_received for line in self.lines)
        if received and received >= sum(x.shipped for x in self.lines if x.kind != PART):
            return ReturnStatus.FULL
        if received:
            return ReturnStatus.PARTIAL
        return ReturnStatus.REQUESTED if requested else ReturnStatus.NONE

    # --- transitions -----------------------------------------------------------------------------

    def with_lines(self, changed: Mapping[int, Line]) -> Order:
        return replace(self, lines=tuple(changed.get(line.id, line) for line in self.lines))

    def hold(self, hold: Hold, words: str = "") -> Change[Order]:
        """Stop the order, a line or a box of it; `words` names what, for the timeline."""
        if self.is_canceled:
            raise NotPossible(f"Order {self.number} is canceled; there is nothing to hold.")
        if self._has_left(hold):
            raise NotPossible(
                f"{words or f'Order {self.number}'} has left the house; a hold is too late.",
                f"Ask the carrier to stop it (`recall {self.number}`), start a return "
                f"(`return {self.number}`) or write to the customer.",
                code="too_late",
            )
        if any(h.is_like(hold) for h in self.holds):
            raise NotPossible(
                f"{words or f'Order {self.number}'} is already on hold for {hold.reason.words}.",
                f"Write `release {self.number}` to let it go.",
            )
        until = hold.until.isoformat() if hold.until else None
        fact = e.OrderHeld(hold.reason.value, hold.note, until, words)
        return Change(replace(self, holds=(*self.holds, hold)), (fact,))

    def _has_left(self, hold: Hold) -> bool:
        if hold.scope is Scope.LINE:
            line = self.line(hold.scope_id)
            return line.shipped >= line.wanted
        return self.status is OrderStatus.CLOSED

    def release(self, reason: HoldReason | None, note: str = "") -> Change[Order]:
        """Lift every hold, or those of one type, whatever they stop."""
        going = [h for h in self.holds if reason is None or h.reason is reason]
        if not going:
            what = f" for {reason.words}" if reason else ""
            raise NotPossible(f"Order {self.number} is not on hold{what}.")
        return self.lift(going, note)

    def lift(self, going: Sequence[Hold], note: str = "", words: str = "") -> Change[Order]:
        """Lift these holds."""
        ids = {hold.id for hold in going}
        rest = tuple(h for h in self.holds if h.id not in ids)
        facts = tuple(e.OrderReleased(h.reason.value, note, words) for h in going)
        return Change(replace(self, holds=rest), facts)

    def _after_shipping(self) -> str:
        """What can be done instead of canceling all of it."""
        if any(line.wanted > line.shipped for line in self.lines):
            return f"What has not left: `edit {self.number}`. What has: `return {self.number}`."
        return f"Start a return instead: `return {self.number}`."

    def cancel(self, reason: str, at: datetime, by_channel: bool = False) -> Change[Order]:
        """Cancel everything that has not shipped; the caller frees its stock."""
        if self.is_canceled:
            raise NotPossible(
                f"Order {self.number} is already canceled.",
                f"What goes back: `money {self.number}`.",
            )
        if any(line.shipped for line in self.lines) and not by_channel:
            raise NotPossible(
                f"Order {self.number} has already shipped, at least in part.",
                self._after_shipping(),
            )
        lines = {
            line.id: replace(
                line,
                canceled=line.canceled + (line.wanted - line.shipped),
                allocated=0,
                backordered=0,
                packed=0,
            )
            for line in self.lines
        }
        after = replace(self.with_lines(lines), canceled_at=at, cancel_reason=reason, holds=())
        return Change(after, (e.OrderCanceled(reason, by_channel),))

    def tag(self, tag: str) -> Change[Order]:
        clean = tag.strip().lower()
        if not clean or len(clean) > 40:
            raise Invalid("A tag has 1 to 40 characters.", f"Write `tag {self.number} vip`.")
        if clean in self.tags:
            raise NotPossible(f"Order {self.number} already carries the tag {clean}.")
        return Change(replace(self, tags=(*self.tags, clean)), (e.OrderTagged(clean),))

    def untag(self, tag: str) -> Change[Order]:
        if tag not in self.tags:
            raise NotPossible(f"Order {self.number} does not carry the tag {tag}.")
        rest = tuple(t for t in self.tags if t != tag)
        return Change(replace(self, tags=rest), (e.OrderTagged(tag, removed=True),))

    def write_note(self, text: str) -> Change[Order]:
        clean = text.strip()
        if not clean or len(clean) > 2000:
            raise Invalid("A note has 1 to 2,000 characters.")
        return Change(self, (e.OrderNoted(clean),))

    def require_free_of_holds(self, exit: Exit = Exit.CAPTURE) -> None:
        """The gate for what concerns the order as a whole, such as taking its money.

        Raises NotPossible (held).
        """
        stopped = gate(self.holds, exit).stopped_by
        if stopped:
            raise refusal(self.number, stopped[0], exit)

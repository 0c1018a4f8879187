"""The one port to payment gateways: what can be done with a customer's money, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal, Protocol

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A payment as its gateway has it, in minor units of `currency`.

    `authorized` is all that was ever set aside, `captured` what was taken of it, whatever went
    back later. `is_open` says that more can be captured; `expires_at` until when (UTC).
    """

    payment: str
    currency: str
    authorized: int
    captured: int
    is_open: bool
    expires_at: datetime | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class PaidBack:
    """One refund as its gateway has it. `key` is ours, where we asked for it.

    `state` is succeeded, pending (it will be paid, or fail later) or failed (nothing was paid).
    """

    id: str
    payment: str
    amount: int
    currency: str
    state: Literal["succeeded", "pending", "failed"]
    key: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A refund that is asked for: `amount` of `payment`, under our stable `key`.

    `units` are the goods that it is for, by the channel's own line ids.
    """

    payment: str
    order: str
    amount: int
    currency: str
    key: str
    note: str = ""
    units: Mapping[str, int] = field(default_factory=dict)


class Gateway(Protocol):
    """Somebody who holds customers' money. Amounts are minor units; `key` is ours, stable over
    every attempt. Every method may raise a GatewayProblem."""

    async def look(self, payment: str) -> Held:
        """The payment as it is there now."""

    async def capture(
        self, payment: str, amount: int, currency: str, key: str, *, last: bool
    ) -> Held:
        """Take `amount` more; with `last` what remains goes back to the customer."""

    async def release(self, payment: str, key: str) -> Held:
        """Give up what was set aside and not taken."""

    async def refund(self, owed: Owed) -> PaidBack:
        """Give part of what was captured back."""

    async def refunds_of(self, payment: str) -> list[PaidBack]:
        """Every refund of a payment, ours and others'."""


# --- how it fails ---------------------------------------------------------------------------------


class GatewayProblem(Exception):
    """Base of what can go wrong between us and a gateway."""


class Busy(GatewayProblem):
    """It asks for patience; nothing was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the gateway asks to wait {seconds:.0f} s")
        self.seconds = seconds


class NotReached(GatewayProblem):
    """It could not be reached; nothing was done."""


class KeyRefused(GatewayProblem):
    """Our key is not valid (any more): a person has to look at the connection."""


class Unsure(GatewayProblem):
    """It was sent and no clear answer came: it may have happened."""


class Refused(GatewayProblem):
    """It says no, for a reason that asking again does not change. `code` is the gateway's own."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code

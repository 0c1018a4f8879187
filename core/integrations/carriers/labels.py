"""The one port to carriers that sell labels: what can be asked of them, and how it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.labels import Rate
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Door:
    """One end of a parcel's way."""

    name: str
    street: str
    zip: str
    city: str
    country: str
    street2: str = ""
    company: str = ""
    region: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parcel that comes back: from the customer to us. `reference` is ours, for people there."""

    customer: Door
    home: Door
    grams: int
    reference: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel as the carrier has it: what it would cost, and once it is bought its label.

    `cost` in minor units of `currency`; `page` is where the PDF lies.
    """

    id: str
    rates: Sequence[Rate] = ()
    is_bought: bool = False
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    cost: int = 0
    currency: str = ""
    page: str = ""
    is_given_back: bool = False


class LabelMaker(Protocol):
    """Somebody who sells labels. Drafting costs nothing; a draft is bought once, however often it
    is asked for. Every method may raise a LabelProblem."""

    async def draft(self, wanted: Wanted) -> Shipment:
        """Tell what is to be sent; the answer has the rates."""

    async def look(self, shipment: str) -> Shipment:
        """The shipment as it is there now."""

    async def buy(self, shipment: str, rate: str) -> Shipment:
        """Buy the label at one of its rates."""

    async def give_back(self, shipment: str) -> bool:
        """Ask the money for an unused label back; False when the carrier keeps it."""

    async def paper(self, page: str, most: int) -> bytes:
        """The PDF, of `most` bytes at most."""


# --- how it fails ---------------------------------------------------------------------------------


class LabelProblem(Exception):
    """Base of what can go wrong between us and a carrier."""


class Busy(LabelProblem):
    """It asks for patience; nothing was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the carrier asks to wait {seconds:.0f} s")
        self.seconds = seconds


class NotReached(LabelProblem):
    """It could not be reached; nothing was done."""


class KeyRefused(LabelProblem):
    """Our key is not valid (any more): a person has to look at the connection."""


class Unsure(LabelProblem):
    """It was sent and no clear answer came: it may have happened."""


class Refused(LabelProblem):
    """It says no, for a reason that asking again does not change."""

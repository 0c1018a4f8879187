"""The shop and its surroundings: mode, locations with calendars, connections, policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from core.domain.lanes import LaneBook
from core.domain.pauses import Pause
from core.domain.refusals import Invalid
from core.domain.returning.rules import ReturnRules
from core.domain.routing.document import RuleSet
from core.domain.screening import Settings
from core.domain.values import dataclass


class Mode(StrEnum):
    """watch: decide and show, write and send nothing outside. staff: write back to the shop and
    to Slack, no word to customers. live: everything that is switched on."""

    WATCH = "watch"
    STAFF = "staff"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Location:
    """A place that can fulfill: hours, cut-off and costs drive promises and routing."""

    id: int
    code: str
    name: str
    kind: str = "warehouse"
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    rank: int = 100
    parcel_cost: int = 0
    unit_cost: int = 0
    time_zone: str = "UTC"
    hours: Mapping[str, Any] | None = None
    closing_days: tuple[str, ...] = ()
    holidays: str = ""  # the region whose public holidays are kept: DE-BE
    holiday_days: tuple[str, ...] = ()
    cut_off: str | None = None
    channel: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    active: bool = True
    endless: bool = False  # a supplier who always has what it lists
    lead_days: int = 0
    paused_until: datetime | None = None
    delivers_km: int | None = None  # how far it brings goods itself, and to which postal codes
    delivers_to: tuple[str, ...] = ()
    delivery_fee: int = 0
    delivery_window: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """One external account. `config` is readable, `secrets` stays encrypted until it is used."""

    id: int
    kind: str
    name: str
    config: Mapping[str, Any]
    secrets: str
    active: bool = True

    def is_ours(self, kind: str) -> bool:
        """Whether we, not the channel, tell its customers this; it is until somebody says no."""
        told: Mapping[str, bool] = self.config.get("ours", {})
        return bool(told.get(kind, True))

    @property
    def pays_refunds(self) -> bool:
        """Whether we may give money back through this account: only once somebody says so."""
        told = str(self.config.get("refunds") or self.kind == "stripe").strip().casefold()
        return self.active and told in ("true", "yes", "on", "1")

    @property
    def hears_returns(self) -> bool:
        """Whether our returns are written to this store: until somebody says no."""
        told = str(self.config.get("returns") or "yes").strip().casefold()
        return self.active and told in ("true", "yes", "on", "1")


DEFAULT_POLICY: dict[str, Any] = {
    "stuck_hours": 8,
    "tracking_stale_hours": 72,
    "refund_open_hours": 48,
    "refund_approve_above": 50_000,
    "refund_person_day_above": 0,
    "refund_support_up_to": 2_000,
    "refund_shipping": "fault",
    "refund_late_minutes": 15,
    "payment_request_days": 7,
    "payee": "",
    "capture_when": "channel",
    "capture_once_takes": "all",
    "goods_need": "nothing",
    "authorization_warn_hours": 48,
    "return_window_days": 30,
    "return_auto_approve_below": 10_000,
    "return_expires_days": 21,
    "return_count_days": 2,
    "claim_auto_below": 3_000,
    "claim_lost_days": 7,
    "photo_days": 180,
    "return_flags": "",
    "flag_returns_from": 10,
    "flag_returns_percent": 60,
    "flag_claims": 3,
    "return_reminder_days": 7,
    "handling_days": 1,
    "lane_days": 2,
    "express_days": 1,
    "usual_carrier": "",
    "wait_for_one_place_hours": 0,
    "wait_for_next_order_hours": 0,
    "undo_seconds": 60,
    "cases_channel": "",
    "objective": "fewest_parcels",
    "storm_size": 5,
    "sales_days": 28,
    "low_cover_days": 0,
    "restock_days": 42,
    "count_tolerance_percent": 10,
    "count_again_hours": 24,
    "weekly_counts": 0,
    "credit_days": 0,
    "credit_alone_up_to": 50_000,
    "exchange_days": 14,
    "exchange_price": "kept",
    "invoice_when": "asked",
    "document_links": "no",
    "seller_address": "",
    "seller_tax_id": "",
    "pickup_days": 7,
    "pickup_remind_days": 3,
    "pickup_uncollected": "cancel",
    "better_plan_saves": 100,
    "cart_minutes": 15,
    "desk_hours": "always",
    "ask_minutes": 30,
    "escalate_hours": 4,
    "hold_hours": "",
    "hold_release": "fraud > 50000: lead owner",
    "discount_limit": "",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with everything that a decision may need to know about it."""

    id: int
    name: str
    currency: str
    time_zone: str
    language: str
    address_form: str
    mode: Mode
    live_since: datetime | None
    paused_at: datetime | None
    email: str
    url: str
    policy: Mapping[str, Any]
    switches: Mapping[str, bool]
    locations: Mapping[int, Location]
    connections: Mapping[int, Connection]
    revision: int = 0
    kits: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # see domain/kits.py
    preorders: Mapping[str, Any] = field(default_factory=dict)  # see domain/awaiting.py
    endless: frozenset[int] = frozenset()  # ids of suppliers who always have what they list
    uses_carts: bool = False  # since the first cart was reserved
    lanes: LaneBook = field(default_factory=LaneBook)
    shipping: tuple[tuple[str, str], ...] = ()  # a shipping line and its method
    screening: Settings = field(default_factory=Settings)
    # Dates that were counted already (core/domain/estimate.py): they live as long as this shop.
    counted_days: dict[tuple[int, int, datetime], tuple[date, date]] = field(
        default_factory=dict, compare=False, repr=False
    )
    twins: dict[int, int] = field(default_factory=dict, compare=False, repr=False)
    ids_by_code: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    return_rules: ReturnRules | None = None  # None: the policies decide alone
    pauses: tuple[Pause, ...] = ()  # of shipping; those that are over may still be among them
    pickups: Mapping[str, str] = field(default_factory=dict)  # domain/pickup.py: word → location
    rules: RuleSet | None = None  # the active routing rules; without any, `objective` decides

    @property
    def waits_for_company(self) -> bool:
        """Whether new orders may wait, so that one parcel is enough."""
        told, rules = self.policy, self.rules
        by_policy = told["wait_for_one_place_hours"] or told["wait_for_next_order_hours"]
        return bool(by_policy) or (rules is not None and rules.may_wait)

    def location(self, word: str) -> Location:
        """A location by its code, else by a name or city that no other has, however typed.

        Raises Invalid for no location, and where two of one city could be meant.
        """
        wanted = word.strip().casefold()
        for place in self.locations.values():
            if place.code.casefold() == wanted:
                return place
        called = self._called(wanted) if wanted else []
        if len(called) == 1:
            return called[0]
        if called:
            codes = " or ".join(sorted(place.code for place in called))
            raise Invalid(f"“{word}” could be {codes}.", "Write the code.", code="ambiguous")
        known = ", ".join(sorted(p.code for p in self.locations.values())) or "none yet"
        raise Invalid(f"There is no location “{word}”.", f"Locations: {known}.")

    def _called(self, wanted: str) -> list[Location]:
        """The locations of this name or city; closed ones only where no other has it."""
        found = [
            place
            for place in self.locations.values()
            if wanted in (place.name.casefold(), place.city.casefold())
        ]
        return [place for place in found if place.active] or found

    def id_of(self, code: str) -> int:
        """The location that a plan names: by its code exactly, whatever others are called.
        Raises Invalid."""
        if not self.ids_by_code:
            self.ids_by_code.update((place.code, i) for i, place in self.locations.items())
        found = self.ids_by_code.get(code)
        return self.location(code).id if found is None else found

    def connection(self, connection_id: int) -> Connection | None:
        return self.connections.get(connection_id)

    def first_connection(self, kind: str) -> Connection | None:
        found = (c for c in self.connections.values() if c.kind == kind and c.active)
        return next(found, None)

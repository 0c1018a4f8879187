"""What a shop may decide for itself: every policy and switch with its limits and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.domain.carriers import carrier_name
from core.domain.collecting import Before, OnceTakes, When
from core.domain.discounts import discount_limits
from core.domain.exchanges import PRICES
from core.domain.holds import hold_hours, release_rules
from core.domain.hours import parse_hours
from core.domain.invoices import WHEN as INVOICE_WHEN
from core.domain.refunds import SHIPPING_RULES
from core.domain.refusals import Invalid
from core.domain.returning.flags import flag_outcomes
from core.domain.routing.planner import Objective
from core.domain.shop import DEFAULT_POLICY
from core.domain.values import dataclass

YES = ("yes", "on", "true", "1")
NO = ("no", "off", "false", "0")
KINDS: Mapping[str, str] = {
    "order_confirmation": "to the customer when an order is placed",
    "shipped": "to the customer when a parcel is on its way",
    "delivered": "to the customer when a parcel has arrived",
    "delayed": "to the customer when the promised date cannot be kept",
    "order_changed": "to the customer when their order was edited",
    "question": "to the customer when staff ask about an order",
    "ready_for_pickup": "to the customer when their order can be collected, and as a reminder",
    "claim_status": "to the customer at each step of a claim",
    "return_status": "to the customer at each step of a return",
    "refund_status": "to the customer when other money has gone back",
    "case_alert": "to the staff when something needs a person",
    "code": "to the customer: the code that proves who they are",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One thing that a shop decides: a whole number within limits, a yes or no, or words."""

    says: str
    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()
    reads: Callable[[str], object] | None = None  # raises Invalid for words that make no sense


POLICIES: Mapping[str, Policy] = {
    "stuck_hours": Policy("opening hours until an unshipped order is stuck", 1, 720),
    "tracking_stale_hours": Policy("hours without a scan until a parcel is stale", 1, 720),
    "refund_open_hours": Policy("hours until an open refund becomes a case", 1, 720),
    "refund_approve_above": Policy(
        "minor units of one order above which a second person approves (0: never)", 0, 10**9
    ),
    "refund_person_day_above": Policy(
        "minor units that one person refunds in a day alone (0: no limit)", 0, 10**9
    ),
    "refund_support_up_to": Policy("minor units that support refunds alone", 0, 10**9),
    "refund_shipping": Policy("when shipping goes back with goods", choices=SHIPPING_RULES),
    "refund_late_minutes": Policy("minutes until a refund without an answer is a case", 1, 1440),
    "payment_request_days": Policy("days in which a customer pays what more is due", 1, 90),
    "payee": Policy("to whom customers send money: bank and account, as they shall read it"),
    "capture_when": Policy("when money is taken", choices=tuple(w.value for w in When)),
    "capture_once_takes": Policy(
        "what the only capture of a card takes at the first parcel",
        choices=tuple(o.value for o in OnceTakes),
    ),
    "goods_need": Policy(
        "what has to be there before goods are worked on", choices=tuple(b.value for b in Before)
    ),
    "authorization_warn_hours": Policy("hours before set-aside money lapses", 1, 720),
    "return_window_days": Policy("days in which goods may come back", 0, 3650),
    "return_auto_approve_below": Policy("minor units below which returns need nobody", 0, 10**9),
    "claim_auto_below": Policy("minor units below which claims need nobody", 0, 10**9),
    "return_flags": Policy(
        "what follows from flags, such as `same_photo deny; many_returns ignore`",
        reads=flag_outcomes,
    ),
    "flag_returns_from": Policy("units bought from which many returns are a flag", 1, 10**6),
    "flag_returns_percent": Policy("percent returned that are many", 0, 100),
    "flag_claims": Policy("claims within a year that are many", 1, 1000),
    "claim_lost_days": Policy("days without a sign until customers may report a loss", 0, 90),
    "photo_days": Policy("days that photos are kept after what they were sent for", 1, 3650),
    "return_count_days": Policy("days in which brought goods must be counted", 1, 365),
    "return_expires_days": Policy("days in which approved goods must come (0: always)", 0, 3650),
    "return_reminder_days": Policy("days before that when customers hear (0: never)", 0, 365),
    "handling_days": Policy("working days from order to hand-over", 0, 60),
    "lane_days": Policy("days that a parcel travels", 0, 60),
    "express_days": Policy("days that an express parcel travels", 0, 60),
    "usual_carrier": Policy("who carries parcels whose lane names nobody", reads=carrier_name),
    "wait_for_one_place_hours": Policy(
        "hours that a split order may wait until one location has all of it (0: never)", 0, 168
    ),
    "wait_for_next_order_hours": Policy(
        "hours that an order may wait for the customer's next one (0: never)", 0, 168
    ),
    "undo_seconds": Policy("seconds in which `undo` works", 0, 3600),
    "cases_channel": Policy("the Slack channel for cases"),
    "objective": Policy("what routing prefers", choices=tuple(o.value for o in Objective)),
    "desk_hours": Policy("when the desk works, such as mon-fri 09:00-17:00", reads=parse_hours),
    "ask_minutes": Policy("open minutes for a location to put a held box aside", 1, 1440),
    "escalate_hours": Policy("desk hours until a blocked order goes to the next role", 1, 720),
    "hold_hours": Policy("working hours to decide holds, such as `fraud 2`", reads=hold_hours),
    "hold_release": Policy("who releases which holds above which total", reads=release_rules),
    "discount_limit": Policy(
        "percent that people take off goods, such as `support 10; lead 25`", reads=discount_limits
    ),
    "storm_size": Policy("like cases in one scan that become one card", 1, 1000),
    "sales_days": Policy("days of sales that tell how fast a SKU sells", 1, 365),
    "low_cover_days": Policy("days that stock must last, else it is low (0: no matter)", 0, 365),
    "restock_days": Policy("days that a bought quantity should last", 1, 730),
    "count_tolerance_percent": Policy("percent by which shelf and book may differ", 0, 100),
    "count_again_hours": Policy("hours in which a second count confirms the first", 1, 720),
    "cart_minutes": Policy("minutes for which a cart holds its stock", 1, 1440),
    "better_plan_saves": Policy(
        "minor units that a better plan must save to move work nobody has touched (0: never)",
        0,
        10**9,
    ),
    "pickup_days": Policy("days that an order waits to be collected", 1, 90),
    "pickup_remind_days": Policy("days until who has not collected is reminded (0: never)", 0, 90),
    "pickup_uncollected": Policy(
        "what becomes of an order that nobody collected", choices=("cancel", "hold")
    ),
    "weekly_counts": Policy("best sellers that each location counts every week", 0, 500),
    "invoice_when": Policy("when an invoice is made by itself", choices=INVOICE_WHEN),
    "document_links": Policy(
        "whether customers' messages link to invoices and credit notes", choices=("no", "yes")
    ),
    "seller_address": Policy("the shop's address on invoices, commas between its lines"),
    "seller_tax_id": Policy("the shop's tax number on invoices"),
    "exchange_days": Policy("days until goods are due whose exchange went first", 1, 365),
    "exchange_price": Policy("what new goods of the same list price cost", choices=PRICES),
    "credit_alone_up_to": Policy(
        "minor units of credit that one person gives a customer in 30 days (0: no limit)", 0, 10**9
    ),
    "credit_days": Policy("days until store credit expires (0: never)", 0, 3650),
}


def rule_of(key: str) -> Policy:
    return POLICIES.get(key, Policy(key.replace("_", " "), 0, 10**9))


def read_policy(key: str, text: str) -> Any:
    """The value in the type of its default. Raises Invalid, naming what is allowed."""
    if key not in DEFAULT_POLICY:
        known = ", ".join(sorted(DEFAULT_POLICY))
        raise Invalid(f"There is no policy {key}.", f"Policies: {known}.")
    rule, default, given = rule_of(key), DEFAULT_POLICY[key], text.strip()
    if isinstance(default, int):
        return _whole(key, rule, given)
    if rule.choices and given not in rule.choices:
        raise Invalid(f"{key} cannot be “{given}”.", f"Choose {' or '.join(rule.choices)}.")
    if len(given) > 200:
        raise Invalid(f"{key} is too long.", "Use 200 characters at most.")
    if rule.reads is not None:
        rule.reads(given)
    return given


def read_yes_or_no(text: str) -> bool:
    if text.casefold() in (*YES, *NO):
        return text.casefold() in YES
    raise Invalid(f"“{text}” is neither yes nor no.", "Write yes or no.")


def require_kind(kind: str) -> str:
    """A kind of message, spelled as its template folder."""
    if kind not in KINDS:
        raise Invalid(f"There is no message kind {kind}.", f"Kinds: {', '.join(KINDS)}.")
    return kind


def _whole(key: str, rule: Policy, text: str) -> int:
    allowed = f"{rule.least} to {rule.most}"
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise Invalid(f"{key} is a whole number, not “{text}”.", f"Write {allowed}.")
    number = int(text)
    if number < rule.least or (rule.most is not None and number > rule.most):
        raise Invalid(f"{key} cannot be {number}.", f"Write {allowed}.")
    return number

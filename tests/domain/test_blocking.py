"""Who acts next: the nearest obstacle, an owner and a clock for everything that is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.blocking import (
    BoxFacts,
    CaseFacts,
    Facts,
    Next,
    ParcelFacts,
    next_step,
    overdue,
    party_of,
)
from core.domain.cases import CaseKind
from core.domain.fulfillment import OPEN_STAGES, Stage
from core.domain.holds import Box, GotIt, Hold, HoldReason, Party, Scope
from core.domain.shop import DEFAULT_POLICY, Location, Mode, Shop

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
WEEK = {str(day): [["08:00", "18:00"]] for day in range(5)}
BER = Location(1, "BER", "Berlin", hours=WEEK)
HAM = Location(2, "HAM", "Hamburg", kind="store")


def shop(**policy: object) -> Shop:
    return Shop(
        id=1,
        name="Nordlicht",
        currency="EUR",
        time_zone="UTC",
        language="en",
        address_form="sie",
        mode=Mode.LIVE,
        live_since=None,
        paused_at=None,
        email="",
        url="",
        policy={**DEFAULT_POLICY, **policy},
        switches={},
        locations={1: BER, 2: HAM},
        connections={},
    )


def box(stage: Stage = Stage.READY, place: Location = BER, id: int = 50) -> BoxFacts:
    return BoxFacts(Box(id, stage, frozenset({1})), f"1001-{id}", place.id, MONDAY)


def hold(reason: HoldReason = HoldReason.ADDRESS, **more: object) -> Hold:
    return replace(Hold(7, reason, "", "Ann", MONDAY), **more)  # type: ignore[arg-type]


def facts(**more: object) -> Facts:
    return replace(Facts("1001", False, MONDAY, boxes=(box(),)), **more)  # type: ignore[arg-type]


def step(found: Facts, now: datetime = MONDAY, **policy: object) -> Next:
    told = next_step(found, shop(**policy), now)
    assert told is not None
    return told


# --- the nearest obstacle ------------------------------------------------------------------------


def test_free_work_waits_for_its_location_and_is_not_blocked() -> None:
    told = step(facts())
    assert (told.party, told.what, told.owner, told.blocked) == (
        "BER",
        "pick",
        Party.WAREHOUSE,
        False,
    )
    assert told.until == MONDAY + timedelta(hours=8)


def test_a_hold_waits_for_whoever_decides_it() -> None:
    assert step(facts(holds=(hold(),))).party == "Ann"
    assert step(facts(holds=(hold(HoldReason.FRAUD),))).party == "finance"
    assert step(facts(holds=(hold(HoldReason.CUSTOMER),))).party == "customer"
    assert step(facts(holds=(hold(by="channel"),))).party == "us"
    assert step(facts(holds=(hold(owner=Party.STORE),))).owner is Party.STORE


def test_a_location_that_is_asked_comes_before_the_decision() -> None:
    told = step(facts(holds=(hold(),), boxes=(box(Stage.PICKED),)))
    assert (told.why, told.party) == ("asked", "BER")
    assert told.until == MONDAY + timedelta(minutes=30)
    aside = hold(answers=(GotIt(50, "Bob", MONDAY),))
    assert step(facts(holds=(aside,), boxes=(box(Stage.PICKED),))).why == "held"


def test_of_several_holds_the_one_whose_time_ends_first_counts() -> None:
    soon = hold(HoldReason.EDIT, id=8)
    assert "edit" in step(facts(holds=(hold(HoldReason.CUSTOMER), soon))).what


def test_a_hold_with_an_end_waits_for_that() -> None:
    until = MONDAY + timedelta(days=3)
    assert step(facts(holds=(hold(until=until),))).until == until


def test_missing_goods_come_before_the_work_and_after_a_hold() -> None:
    assert step(facts(is_unknown=True, is_short=True)).why == "unknown_sku"
    assert step(facts(is_short=True)).why == "short"
    assert step(facts(is_short=True, holds=(hold(),))).why == "held"


def test_a_case_in_the_way_counts_and_one_about_money_does_not() -> None:
    case = CaseFacts(CaseKind.CUSTOMER_WISH, "wants to cancel", "us", None, "", MONDAY, None)
    assert step(facts(cases=(case,))).what == "wants to cancel"
    assert step(facts(cases=(replace(case, assignee="Mia"),))).party == "Mia"
    assert step(facts(cases=(replace(case, kind=CaseKind.REFUND_OPEN),))).why == "work"


def test_a_parcel_waits_for_its_carrier_or_to_be_fetched() -> None:
    gone = ParcelFacts("DHL", "InTransit", MONDAY)
    shipped = facts(boxes=(box(Stage.SHIPPED),), parcels=(gone,))
    assert (step(shipped).party, step(shipped).owner) == ("DHL", Party.CARRIER)
    waiting = replace(gone, status="AvailableForPickup")
    assert step(replace(shipped, parcels=(waiting,))).owner is Party.CUSTOMER


def test_what_is_done_or_canceled_waits_for_nobody() -> None:
    assert next_step(facts(is_canceled=True, holds=(hold(),)), shop(), MONDAY) is None
    assert next_step(facts(boxes=(box(Stage.SHIPPED),)), shop(), MONDAY) is None


@pytest.mark.parametrize(
    ("kind", "party"),
    [("store", Party.STORE), ("warehouse", Party.WAREHOUSE), ("3pl", Party.PARTNER)],
)
def test_a_location_is_a_party_by_its_kind(kind: str, party: Party) -> None:
    assert party_of(replace(BER, kind=kind)) is party


# --- clocks --------------------------------------------------------------------------------------


def test_the_desk_counts_its_own_hours() -> None:
    late = MONDAY + timedelta(hours=7)  # 16:00
    told = step(facts(holds=(hold(at=late),)), desk_hours="mon-fri 09:00-17:00")
    assert told.until == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_shop_may_give_a_type_less_time() -> None:
    told = step(facts(holds=(hold(),)), hold_hours="address 1")
    assert told.until == MONDAY + timedelta(hours=1)


def test_when_the_time_is_over_role_after_role_has_it() -> None:
    held = facts(holds=(hold(),))
    end = MONDAY + timedelta(hours=4)
    roles = [
        step(held, end + timedelta(hours=h, seconds=s)).escalated
        for h, s in ((0, 0), (0, 1), (4, 0), (4, 1), (400, 0))
    ]
    assert roles == ["", "lead", "lead", "owner", "owner"]


def test_only_what_nobody_else_watches_is_reported_as_overdue() -> None:
    later = MONDAY + timedelta(days=3)
    found = overdue({1: facts(holds=(hold(),)), 2: facts()}, shop(), later)
    assert [finding.order_id for finding in found] == [1]
    assert found[0].facts["acts next"] == "owner"


# --- laws ----------------------------------------------------------------------------------------

MOMENTS = st.integers(0, 14 * 24).map(lambda hours: MONDAY + timedelta(hours=hours))
HOLDS = st.builds(
    lambda reason, scope, at, owner, until: hold(
        reason,
        scope=scope,
        scope_id={Scope.ORDER: 0, Scope.LINE: 1, Scope.BOX: 50}[scope],
        at=at,
        owner=owner,
        until=at + timedelta(days=1) if until else None,
    ),
    st.sampled_from(HoldReason),
    st.sampled_from(Scope),
    MOMENTS,
    st.sampled_from([None, *Party]),
    st.booleans(),
)
OPEN = st.builds(
    lambda holds, stage, place, short, unknown: facts(
        holds=tuple(holds), boxes=(box(stage, place),), is_short=short, is_unknown=unknown
    ),
    st.lists(HOLDS, max_size=3),
    st.sampled_from(OPEN_STAGES),
    st.sampled_from([BER, HAM]),
    st.booleans(),
    st.booleans(),
)


@given(OPEN, MOMENTS)
def test_everything_open_has_an_owner_and_a_clock(found: Facts, now: datetime) -> None:
    told = step(found, now)
    assert told.party
    assert told.until is not None
    assert told.owner in Party
    assert told.blocked or told.why in ("work", "street_date")


@given(OPEN, MOMENTS, st.integers(0, 100))
def test_time_passes_a_step_on_and_never_back(found: Facts, now: datetime, hours: int) -> None:
    ranks = ["", "support", "lead", "owner"]
    before, after = step(found, now), step(found, now + timedelta(hours=hours))
    assert ranks.index(after.escalated) >= ranks.index(before.escalated)
    assert (before.until, before.party) == (after.until, after.party)
    assert bool(before.escalated) is (before.until is not None and before.until < now)

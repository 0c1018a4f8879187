"""When another plan is worth moving work for."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.domain.routing.better import Way, cost_of, saving
from core.domain.routing.problem import Candidate, Pick

FRIDAY = date(2026, 11, 27)
SATURDAY = FRIDAY + timedelta(days=1)
BER = Candidate("BER", 1, 490, 10, None, {})
HAM = Candidate("HAM", 2, 590, 20, None, {}, excluded="paused")
MUG, TEE = Pick("BER", "mug", 2), Pick("HAM", "tee", 1)
BOTH = Way((MUG, TEE), FRIDAY)
ONE = Way((MUG, Pick("BER", "tee", 1)), FRIDAY)
SITES = [BER, HAM]


def test_a_plan_costs_its_parcels_and_its_units_wherever_they_are() -> None:
    assert cost_of(BOTH.picks, SITES) == 490 + 590 + 2 * 10 + 20
    assert cost_of((), SITES) == 0


def test_what_is_saved_must_reach_what_the_shop_says() -> None:
    assert saving(BOTH, ONE, SITES, 600, None) == 600
    assert saving(BOTH, ONE, SITES, 601, None) == 0
    assert saving(BOTH, ONE, SITES, 0, None) == 0


def test_nothing_moves_to_ship_less_or_in_more_parcels() -> None:
    assert saving(BOTH, Way((MUG,), FRIDAY), SITES, 1, None) == 0
    cheap = Candidate("LEJ", 3, 0, 0, None, {})
    apart = Way((Pick("BER", "mug", 2), Pick("LEJ", "tee", 1)), FRIDAY)
    whole = Way((Pick("HAM", "mug", 2), Pick("HAM", "tee", 1)), FRIDAY)
    assert cost_of(apart.picks, [*SITES, cheap]) < cost_of(whole.picks, SITES)
    assert saving(whole, apart, [*SITES, cheap], 1, None) == 0


def test_later_is_only_allowed_when_the_promise_is_kept_all_the_same() -> None:
    later = Way(ONE.picks, SATURDAY)
    assert saving(BOTH, later, SITES, 1, None) == 0
    assert saving(BOTH, later, SITES, 1, FRIDAY) == 0
    assert saving(BOTH, later, SITES, 1, SATURDAY) == 600
    assert saving(Way(BOTH.picks, SATURDAY), later, SITES, 1, FRIDAY) == 600


@given(st.integers(1, 2000), st.integers(0, 900), st.integers(0, 900))
def test_a_saving_is_the_difference_and_never_below_what_is_asked(
    least: int, ber: int, ham: int
) -> None:
    sites = [Candidate("BER", 1, ber, 0, None, {}), Candidate("HAM", 2, ham, 0, None, {})]
    here, there = (Way((Pick(at, "mug", 1),), FRIDAY) for at in ("BER", "HAM"))
    found = saving(here, there, sites, least, None)
    assert found == (ber - ham if ber - ham >= least else 0)
    assert not (found and saving(there, here, sites, least, None))

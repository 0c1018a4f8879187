"""What a partner is to hear next, and which addresses are never called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.fulfillment import OPEN_STAGES, FulfillmentOrder, Item, Stage
from core.domain.holds import Hold, HoldReason, Scope
from core.domain.partners import OPEN, Answer, Handoff, State, Stop, due_word
from core.domain.refusals import Invalid, NotPossible
from core.domain.web_address import all_public, host_of, is_public
from core.integrations.partners.signing import SIGNATURE, TIME, is_signed, signed

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GIVEN = Handoff(1, 2, 3, 4, State.ASKED, Stop.NO, 0, "", NOW)
WORK = FulfillmentOrder(2, 3, 11, "1001-1", Stage.PRINTED, (Item(5, 6, "mug", 1),), NOW)
holds = st.lists(
    st.builds(
        Hold,
        st.integers(1, 99),
        st.sampled_from([HoldReason.FRAUD, HoldReason.ADDRESS]),
        st.just(""),
        st.just("Ann"),
        st.just(NOW),
        scope=st.just(Scope.LINE),
        scope_id=st.integers(5, 7),
    ),
    max_size=3,
)
handoffs = st.builds(
    replace, st.just(GIVEN), state=st.sampled_from(list(State)), stop=st.sampled_from(list(Stop))
)
works = st.builds(replace, st.just(WORK), stage=st.sampled_from(list(Stage)))


@given(handoffs, works, holds)
def test_what_was_told_needs_not_be_told_again(
    handoff: Handoff, work: FulfillmentOrder, held: list[Hold]
) -> None:
    what = due_word(handoff, work, held)
    if what is not None:
        assert handoff.state in OPEN
        assert work.stage is not Stage.SHIPPED
        assert due_word(handoff.told(what), work, held) is None


@given(handoffs, st.sampled_from(OPEN_STAGES[1:]), holds)
def test_a_partner_waits_exactly_while_a_hold_is_about_its_box(
    handoff: Handoff, stage: Stage, held: list[Hold]
) -> None:
    work = replace(WORK, stage=stage)
    what = due_word(handoff, work, held)
    after = handoff.told(what) if what else handoff
    if handoff.state in OPEN:
        assert (after.stop is not Stop.NO) == any(hold.scope_id == 6 for hold in held)


@given(handoffs, st.sampled_from(Answer))
def test_a_hand_off_ends_once(handoff: Handoff, answer: Answer) -> None:
    if handoff.state not in OPEN:
        with pytest.raises(NotPossible):
            handoff.answered(answer, NOW)
        return
    after = handoff.answered(answer, NOW)
    assert after.is_open == (answer in (Answer.ACCEPTED, Answer.STOPPED))
    assert after.answered_at == NOW


@pytest.mark.parametrize(
    "url",
    [
        "http://wms.example.com/",
        "ftp://wms.example.com/",
        "file:///etc/passwd",
        "https://localhost/",
        "https://wms.local/",
        "https://wms/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://user@wms.example.com/",
        "https://user:word@wms.example.com/",
        "https://wms.example.com:99999/",
        "https://wms.exa mple.com/",
        "https://wms.example.com/\r\nHost: x",
        "https://",
        "",
    ],
)
def test_no_address_in_a_house_is_written_down(url: str) -> None:
    with pytest.raises(Invalid):
        host_of(url)


def test_a_public_name_is_taken_as_it_is() -> None:
    assert host_of("https://WMS.Example.com:8443/wismo?shop=1") == "wms.example.com"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_in_a_house_is_none_to_call_in_any_dress(address: str) -> None:
    assert not is_public(address)
    assert not all_public(["93.184.216.34", address])


def test_public_addresses_are_called_and_nothing_is_no_address() -> None:
    assert all_public(["93.184.216.34", "2606:4700::1111"])
    assert not all_public([])


@given(st.binary(max_size=200), st.integers(-600, 600), st.binary(min_size=1, max_size=5))
def test_only_what_was_signed_just_now_is_genuine(raw: bytes, age: int, other: bytes) -> None:
    at = datetime.fromtimestamp(NOW.timestamp() + age, UTC)
    headers = {name: [value] for name, value in signed("m-1", at, raw, "whsec_YQ==").items()}
    assert is_signed(raw, headers, "whsec_YQ==", NOW) == (abs(age) <= 300)
    assert not is_signed(raw + other, headers, "whsec_YQ==", at)
    assert not is_signed(raw, headers, "whsec_Yg==", at)
    assert not is_signed(raw, headers, "", at)
    assert not is_signed(raw, {**headers, TIME: headers[TIME] * 2}, "whsec_YQ==", at)
    assert not is_signed(raw, {**headers, SIGNATURE: ["v1,x v2,y"]}, "whsec_YQ==", at)

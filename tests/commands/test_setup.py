"""Setting up: who may, what is checked, what the books say of it, and what they never hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.commands.access import (
    AddConnection,
    AddKey,
    AddStaff,
    ChangeConnection,
    ChangeStaff,
    RemoveStaff,
    ReplayDelivery,
    RetryEffect,
    RevokeKey,
)
from core.commands.pausing import EndPause, StartPause
from core.commands.setup import (
    AddLocation,
    ChangeLocation,
    ChangeShop,
    PauseMessages,
    ResumeMessages,
    SetMode,
    SetPolicy,
    SetSwitch,
    SetUpShop,
)
from core.commands.undo import UndoLast
from core.db import setup
from core.db import tables as t
from core.db.connection import Database
from core.db.machinery import HELD
from core.db.migrate import migrate
from core.db.rows import micros
from core.domain.access import Role, system
from core.domain.refusals import Invalid, NotAllowed
from core.domain.shop import Mode
from core.engine import Caller, Engine
from core.queries.orders import ShowOrder
from core.queries.setup import ListBox, ListKeys, ListStaff, ShowBox, ShowShop
from tests.shop import BER, SHOP, SHOPIFY, START, Clock, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
SET_UP = Caller(system(SHOP, "setup"), "cli")


@pytest.fixture
def shop(database):
    made = make_shop(database)
    yield made
    made.close()


def shop_of(shop):
    return shop.engine.read(lambda session: setup.load_shop(session, SHOP))


def places_of(shop, number):
    """Where an order's lines ship from."""
    view = shop.ask(ShowOrder(number))
    return {place.location for line in view.lines for place in line.places}


# --- founding ----------------------------------------------------------------------------------


@pytest.fixture
def empty(database):
    opened = Database(database)
    migrate(opened)
    engine = Engine(opened, Clock())
    yield engine
    engine.close()


def test_a_new_shop_begins_in_watch_mode_and_is_audited(empty):
    receipt = empty.execute(SetUpShop(" Nordlicht ", "Europe/Berlin", "EUR"), SET_UP)
    assert receipt.ok, receipt
    found = empty.read(lambda session: setup.load_shop(session, SHOP))
    assert (found.name, found.mode, found.live_since) == ("Nordlicht", Mode.WATCH, None)
    assert empty.read(lambda s: [r.command for r in s.select(t.audit.select())]) == ["set_up_shop"]


@pytest.mark.parametrize(
    "ask",
    [
        SetUpShop(""),
        SetUpShop("X", time_zone="Europe/Nowhere"),
        SetUpShop("X", time_zone="../../etc/passwd"),
        SetUpShop("X", currency="EURO"),
        SetUpShop("X", language="fr"),
        SetUpShop("X", address_form="ihr"),
    ],
)
def test_what_makes_no_sense_founds_no_shop(empty, ask):
    with pytest.raises(Invalid):
        empty.execute(ask, SET_UP)
    assert empty.read(setup.shop_ids) == []


def test_a_shop_is_founded_once(empty):
    empty.execute(SetUpShop("One"), SET_UP)
    assert empty.execute(SetUpShop("Two"), SET_UP).code == "conflict"
    assert empty.read(lambda s: setup.load_shop(s, SHOP)).name == "One"


# --- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.WAREHOUSE, Role.STORE, Role.LEAD])
def test_only_the_owner_manages(shop, role):
    for command in (
        SetMode(Mode.WATCH),
        SetPolicy("stuck_hours", "1"),
        AddLocation("XXX"),
        AddStaff("Eve", Role.OWNER),
        AddKey("k", Role.OWNER, "wsk_123456", "h" * 64),
        AddConnection("api", "x", {}),
        RetryEffect(1),
    ):
        assert shop.do(command, staff(role)).code == "not_allowed"
    with pytest.raises(NotAllowed):
        shop.ask(ListKeys(), staff(role))
    assert shop_of(shop).mode is Mode.LIVE


def test_a_lead_may_stop_all_messages_but_support_may_not(shop):
    assert shop.do(PauseMessages(), staff(Role.SUPPORT)).code == "not_allowed"
    assert shop.do(PauseMessages(), staff(Role.LEAD)).ok
    assert shop_of(shop).paused_at == START


# --- mode, policy, switches ----------------------------------------------------------------------


def test_going_live_sets_the_moment_before_which_nothing_is_sent(database):
    shop = make_shop(database, mode="watch")
    assert shop_of(shop).live_since is None
    receipt = shop.do(SetMode(Mode.LIVE), OWNER)
    assert receipt.ok
    assert "send no messages" in receipt.sentence
    assert shop_of(shop).live_since == START
    shop.close()


def test_leaving_live_and_coming_back_moves_that_moment(shop):
    shop.do(SetMode(Mode.STAFF), OWNER)
    shop.clock.advance(hours=2)
    shop.do(SetMode(Mode.LIVE), OWNER)
    assert shop_of(shop).live_since == START + timedelta(hours=2)


def test_the_mode_it_has_already_is_said_and_changes_nothing(shop):
    before = shop_of(shop).live_since
    assert shop.do(SetMode(Mode.LIVE), OWNER).code == "not_possible"
    assert shop_of(shop).live_since == before


def test_a_policy_is_decided_and_undone(shop):
    assert shop.do(SetPolicy("stuck_hours", "9"), OWNER).ok
    assert shop_of(shop).policy["stuck_hours"] == 9
    assert shop.do(UndoLast(), OWNER).ok
    assert shop_of(shop).policy["stuck_hours"] == 8


def test_one_policy_does_not_forget_another_or_a_switch(shop):
    shop.do(SetPolicy("stuck_hours", "9"), OWNER)
    shop.do(SetSwitch("delivered", "off"), OWNER)
    shop.do(SetPolicy("handling_days", "2"), OWNER)
    found = shop_of(shop)
    assert (found.policy["stuck_hours"], found.policy["handling_days"]) == (9, 2)
    assert dict(found.switches) == {"delivered": False}


def test_a_switch_needs_a_known_kind_and_a_clear_word(shop):
    assert shop.do(SetSwitch("spam", "off"), OWNER).code == "invalid"
    assert shop.do(SetSwitch("delivered", "maybe"), OWNER).code == "invalid"
    assert not shop_of(shop).switches


def test_messages_are_paused_and_resumed_once_each(shop):
    assert shop.do(ResumeMessages(), OWNER).code == "not_possible"
    assert shop.do(PauseMessages(), OWNER).ok
    assert shop.do(PauseMessages(), OWNER).code == "not_possible"
    assert shop.do(ResumeMessages(), OWNER).ok
    assert shop_of(shop).paused_at is None


def test_what_the_shop_says_of_itself_changes_only_where_told(shop):
    assert shop.do(ChangeShop(email="hi@nordlicht.example"), OWNER).ok
    found = shop_of(shop)
    assert (found.email, found.name) == ("hi@nordlicht.example", "Nordlicht")
    assert shop.do(ChangeShop(name=" "), OWNER).code == "invalid"
    assert shop.do(ChangeShop(language="xx"), OWNER).code == "invalid"


# --- locations ---------------------------------------------------------------------------------


def test_a_location_with_hours_and_cut_off(shop):
    ask = AddLocation("muc", "München", hours="mon-sat 10:00-19:00", cut_off="12:00", country="de")
    assert shop.do(ask, OWNER).ok
    place = shop_of(shop).location("MUC")
    assert (place.cut_off, place.country) == ("12:00", "DE")
    assert place.hours is not None
    assert place.hours["5"] == [["10:00", "19:00"]]


@pytest.mark.parametrize(
    "ask",
    [
        AddLocation("BER"),
        AddLocation(""),
        AddLocation("a b"),
        AddLocation("X", kind="moon"),
        AddLocation("X", hours="sometimes"),
        AddLocation("X", cut_off="late"),
        AddLocation("X", country="Germany"),
        AddLocation("X", time_zone="Berlin"),
        AddLocation("X", rank=-1),
        AddLocation("X", lat=91.0),
        AddLocation("X", closing_days=("2026-12-24", "after new year")),
    ],
)
def test_a_location_that_makes_no_sense_is_refused(shop, ask):
    before = len(shop_of(shop).locations)
    assert not shop.do(ask, OWNER).ok
    assert len(shop_of(shop).locations) == before


def test_a_location_changes_only_where_told_and_says_when_it_did_not(shop):
    assert shop.do(ChangeLocation("ber", cut_off="15:00"), OWNER).facts["outcome"] == "changed"
    assert shop.do(ChangeLocation("ber", cut_off="15:00"), OWNER).facts["outcome"] == "same"
    place = shop_of(shop).locations[BER]
    assert (place.cut_off, place.name) == ("15:00", "Berlin warehouse")
    assert shop.do(ChangeLocation("ber", hours="always", cut_off=""), OWNER).ok
    place = shop_of(shop).locations[BER]
    assert (place.cut_off, place.hours) == (None, None)
    assert shop.do(ChangeLocation("ber"), OWNER).code == "invalid"


def test_nothing_new_is_routed_to_a_paused_location_until_it_is_resumed(shop):
    assert shop.do(StartPause("BER"), OWNER).ok
    shop.place(1001, ("mug-red", 1))
    assert "BER" not in places_of(shop, "1001")
    assert shop.do(EndPause("BER"), OWNER).ok
    shop.place(1002, ("mug-red", 1))
    assert places_of(shop, "1002") == {"BER"}
    assert shop.do(EndPause("BER"), OWNER).code == "not_found"
    assert shop.do(StartPause("BER", START - timedelta(hours=1)), OWNER).code == "invalid"


# --- people ------------------------------------------------------------------------------------


def test_a_person_is_added_changed_and_removed(shop):
    assert shop.do(AddStaff("Lea", Role.STORE, "Lea@X.org", "<@U1>", ("ham",)), OWNER).ok
    actor = shop.engine.read(lambda s: setup.staff_by_slack(s, SHOP, "U1"))
    assert actor is not None
    assert (actor.role, actor.locations) == (Role.STORE, ("HAM",))
    assert shop.do(ChangeStaff("lea", role=Role.WAREHOUSE), OWNER).ok
    actor = shop.engine.read(lambda s: setup.staff_by_slack(s, SHOP, "U1"))
    assert actor is not None
    assert actor.role is Role.WAREHOUSE
    assert shop.do(RemoveStaff("Lea"), OWNER).ok
    assert shop.engine.read(lambda s: setup.staff_by_slack(s, SHOP, "U1")) is None
    assert shop.ask(ListStaff(), OWNER) == ()


def test_people_without_an_address_do_not_collide(shop):
    assert shop.do(AddStaff("Ann", Role.LEAD), OWNER).ok
    assert shop.do(AddStaff("Bob", Role.LEAD), OWNER).ok
    assert shop.do(AddStaff("ann", Role.LEAD), OWNER).code == "conflict"


def test_the_last_owner_stays(shop):
    shop.do(AddStaff("Olga", Role.OWNER), OWNER)
    assert shop.do(RemoveStaff("Olga"), OWNER).code == "conflict"
    assert shop.do(ChangeStaff("Olga", role=Role.LEAD), OWNER).code == "conflict"
    shop.do(AddStaff("Otto", Role.OWNER), OWNER)
    assert shop.do(RemoveStaff("Olga"), OWNER).ok


@pytest.mark.parametrize(
    "ask",
    [
        AddStaff("Eve", Role.SYSTEM),
        AddStaff("Eve", Role.CUSTOMER),
        AddStaff("Eve", Role.LEAD, email="not an address"),
        AddStaff("Eve", Role.STORE, locations=("nowhere",)),
        AddStaff(" ", Role.LEAD),
    ],
)
def test_a_person_who_makes_no_sense_is_refused(shop, ask):
    assert shop.do(ask, OWNER).code == "invalid"
    assert shop.ask(ListStaff(), OWNER) == ()


# --- keys and connections ------------------------------------------------------------------------


def test_a_key_opens_until_it_is_revoked_and_its_hash_is_in_no_book(shop):
    assert shop.do(AddKey("scanner", Role.MACHINE, "wsk_0123456789", "f" * 64), OWNER).ok
    found = shop.engine.read(lambda s: setup.key_by_prefix(s, "wsk_0123456789"))
    assert found is not None
    assert found[0].role is Role.MACHINE
    assert "f" * 64 not in str(shop.rows(t.audit))
    assert shop.do(RevokeKey("scanner"), OWNER).ok
    assert shop.engine.read(lambda s: setup.key_by_prefix(s, "wsk_0123456789")) is None
    assert shop.do(RevokeKey("scanner"), OWNER).code == "not_found"


def test_no_key_may_act_as_the_house_itself(shop):
    for role in (Role.SYSTEM, Role.CUSTOMER):
        assert shop.do(AddKey("x", role, "wsk_0123456789", "f" * 64), OWNER).code == "invalid"


def test_secrets_of_a_connection_are_in_no_book(shop):
    ask = AddConnection("shopify", "second", {"shop_domain": "x.example"}, "sealed-text")
    assert shop.do(ask, OWNER).ok
    assert shop.do(ChangeConnection("second", secrets="sealed-again"), OWNER).ok
    books = str(shop.rows(t.audit))
    assert "sealed" not in books
    assert "x.example" in books
    assert "sealed-again" in str(shop.rows(t.connection))


def test_a_connection_keeps_what_is_not_named(shop):
    shop.do(AddConnection("shopify", "second", {"a": "1", "b": "2"}, "sealed"), OWNER)
    assert shop.do(ChangeConnection("second", {"b": None, "c": "3"}, active=False), OWNER).ok
    found = next(c for c in shop_of(shop).connections.values() if c.name == "second")
    assert (dict(found.config), found.secrets) == ({"a": "1", "c": "3"}, "sealed")
    assert not found.active


def test_which_messages_are_ours_is_said_for_each_kind(shop):
    shop.do(ChangeConnection("nordlicht", ours=("shipped",)), OWNER)
    connection = shop_of(shop).connections[SHOPIFY]
    assert connection.is_ours("shipped")
    assert not connection.is_ours("order_confirmation")
    assert not connection.is_ours("canceled")
    assert shop.do(ChangeConnection("nordlicht", ours=("spam",)), OWNER).code == "invalid"


def test_a_connection_needs_a_known_kind_and_a_free_name(shop):
    assert shop.do(AddConnection("fax", "x", {}), OWNER).code == "invalid"
    assert shop.do(AddConnection("api", "nordlicht", {}), OWNER).code == "conflict"
    assert shop.do(ChangeConnection("nobody"), OWNER).code == "not_found"


def test_the_shop_is_shown_without_any_secret(shop):
    shop.do(AddConnection("api", "other", {}, "sealed-text"), OWNER)
    view = shop.ask(ShowShop(), OWNER)
    assert "sealed-text" not in str(view)
    assert [c.has_secrets for c in view.connections if c.name == "other"] == [True]


# --- the machine room ----------------------------------------------------------------------


def _effect(shop, state, reason=""):
    def work(uow):
        number = uow.outbox.add("test.call", "key-1", {"a": 1})
        uow.batch.flush()
        uow.session.connection.execute(
            t.outbox.update()
            .where(t.outbox.c.id == number)
            .values(state=state, reason=reason, ended_at=micros(START))
        )
        return number

    return shop.engine.chore(work, SHOP)


@pytest.mark.parametrize(("state", "reason"), [("dead", "no"), ("suppressed", HELD)])
def test_an_effect_is_tried_again_on_a_persons_word(shop, state, reason):
    number = _effect(shop, state, reason)
    assert shop.do(RetryEffect(number), OWNER).ok
    row = shop.rows(t.outbox, id=number)[0]
    assert (row["state"], row["attempts"], row["reason"]) == ("waiting", 0, "")


def test_what_is_done_is_not_done_again(shop):
    number = _effect(shop, "done")
    assert shop.do(RetryEffect(number), OWNER).code == "not_found"
    assert shop.do(RetryEffect(12345), OWNER).code == "not_found"


def test_a_dead_delivery_is_read_again_and_a_done_one_is_not(shop):
    def keep(state):
        row = {
            "id": 900 if state == "dead" else 901,
            "shop_id": SHOP,
            "connection_id": SHOPIFY,
            "topic": "orders/create",
            "delivery_id": state,
            "raw": b"{\xff}",
            "received_at": micros(START),
            "state": state,
            "answer": "{}",
            "attempts": 6,
        }
        shop.engine.chore(lambda uow: uow.insert_now(t.inbox, row), SHOP)

    keep("dead")
    keep("done")
    assert shop.do(ReplayDelivery(901), OWNER).code == "not_found"
    assert shop.do(ReplayDelivery(900), OWNER).ok
    row = shop.rows(t.inbox, id=900)[0]
    assert (row["state"], row["attempts"], row["due_at"]) == ("retry", 0, micros(START))
    shown = shop.ask(ShowBox("inbox", 900), OWNER)
    assert shown["raw"] == "{\\xff}"
    assert [r["id"] for r in shop.ask(ListBox("inbox", "done"), OWNER)] == [901]
    with pytest.raises(Invalid):
        shop.ask(ListBox("inbox", "held"), OWNER)

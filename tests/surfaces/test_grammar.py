"""What staff type, in every way they type it; and that nothing but an exact verb ever writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core.engine  # noqa: F401  (enters every command and question in the registry)
from bot.grammar import (
    Ask,
    Desk,
    FormWanted,
    HelpWanted,
    Place,
    Question,
    RolesWanted,
    Suggestion,
    parse,
    slots_of,
    usage,
)
from bot.grammar.moments import read_moment
from core.commands.canceling import Goods
from core.commands.cases import SnoozeCase, TakeCase
from core.commands.choosing import Units
from core.commands.deciding import DeclineWork
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.holds import AnswerHold, HoldOrder, RecallParcel, ReleaseOrder
from core.commands.joining import MergeOrders, UnmergeOrder
from core.commands.labels import AddTracking, LabelParcel, VoidLabel
from core.commands.marking import GiftOrder, Priority, SetPriority, UngiftOrder
from core.commands.missing import Fault, ShortOrder
from core.commands.orders import (
    CancelOrder,
    MoveOrder,
    NoteOrder,
    TagOrder,
)
from core.commands.refunds import RecordOrderRefund, RecordRefund
from core.commands.replacing import ResendOrder, Sure, Why
from core.commands.returns import RequestReturn
from core.commands.setup import PauseMessages
from core.commands.splitting import RerouteOrder, SplitOrder
from core.commands.stock import AdjustStock
from core.commands.undo import UndoLast
from core.domain.access import Actor, Role
from core.domain.holds import HoldReason
from core.domain.returns import ReturnReason
from core.queries.cases import ListCases, MyCases, ShowCase
from core.queries.finding import FindOrders
from core.queries.metrics import ShowToday
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks
from core.queries.returns import ListReturns, ShowReturn
from core.queries.routing import ShowRules
from core.queries.simulation import SimulateRules
from core.queries.stock import ShowStock
from core.queries.whatif import WhatIf
from core.queries.why import WhyRouted
from core.registry import COMMANDS, QUESTIONS, spec_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, 10:00 in Berlin
PLACES = (Place("BER", "Berlin warehouse", "Berlin"), Place("HAM", "Hamburg store", "Hamburg"))
DESK = Desk(
    Actor(Role.LEAD, 1, "staff:1", "Ann"), NOW, "Europe/Berlin", places=PLACES, currency="EUR"
)
THREAD = replace(DESK, order="1001")


def berlin(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour - 1, minute, tzinfo=UTC)


_MUG = (Units("mug-red", 1),)
DONE = [
    ("hold 1001", HoldOrder("1001")),
    ("HOLD 1001", HoldOrder("1001")),
    ("order hold 1001", HoldOrder("1001")),
    ("hold order 1001", HoldOrder("1001")),
    ("stop #1001 fraud", HoldOrder("1001", HoldReason.FRAUD)),
    ("1001 hold address", HoldOrder("1001", HoldReason.ADDRESS)),
    ("hold 1001 for unknown sku", HoldOrder("1001", HoldReason.UNKNOWN_SKU)),
    ("hold 1001 2 boxes missing", HoldOrder("1001", note="2 boxes missing")),
    (
        "hold 1001 address until fri",
        HoldOrder("1001", HoldReason.ADDRESS, until=berlin(27, 9)),
    ),
    (
        "hold 1001 address until 3pm ring first",
        HoldOrder("1001", HoldReason.ADDRESS, until=berlin(23, 15), note="ring first"),
    ),
    ("<@U0WISMO|wismo> hold 1001", HoldOrder("1001")),
    ("release 1001", ReleaseOrder("1001")),
    ("hold 1001 line mug-red stock", HoldOrder("1001", HoldReason.STOCK, line="mug-red")),
    ("hold 1001 stock line mug-red", HoldOrder("1001", HoldReason.STOCK, line="mug-red")),
    ("hold 1001-2 credit limit", HoldOrder("1001-2", HoldReason.CREDIT_LIMIT)),
    ("release 1001 line mug-red", ReleaseOrder("1001", line="mug-red")),
    ("got it 1001", AnswerHold("1001")),
    ("got it 1001-2 ber", AnswerHold("1001-2", "BER")),
    ("1001 got it", AnswerHold("1001")),
    ("recall 1001 wrong address", RecallParcel("1001", "wrong address")),
    ("void 1001", VoidLabel("1001")),
    ("release\u00a01001\u200b fraud", ReleaseOrder("1001", HoldReason.FRAUD)),
    ("cancel 1001 changed mind", CancelOrder("1001", "changed mind")),
    ("move 1001 to ham", MoveOrder("1001", "HAM")),
    ("move 1001 hamburg store", MoveOrder("1001", "HAM")),
    ("note 1001 ring twice", NoteOrder("1001", "ring twice")),
    ("note 1001 “ring twice”", NoteOrder("1001", "ring twice")),
    ("note 1001 don't ring, it's late", NoteOrder("1001", "don't ring, it's late")),
    ("note 1001 1,000 pieces", NoteOrder("1001", "1,000 pieces")),
    (
        "note 1001 ask <@U9|bob> in <#C7|returns>",
        NoteOrder("1001", "ask @bob in #returns"),
    ),
    ("tag 1001 #vip", TagOrder("1001", "vip")),
    ("tag 1001 x10", TagOrder("1001", "x10")),
    ("1001 tag x10", TagOrder("1001", "x10")),
    ("tag w1001 x100", TagOrder("w1001", "x100")),
    (
        "cancel 1001 mug-red 1 changed mind",
        CancelOrder("1001", "changed mind", (Units("mug-red", 1),)),
    ),
    (
        "cancel 1001 mug-red 1 card 2x scrap broken",
        CancelOrder("1001", "broken", (Units("mug-red", 1), Units("card", 2)), Goods.SCRAP),
    ),
    ("cancel 1001 2 mug-red sold out", CancelOrder("1001", "sold out", (Units("mug-red", 2),))),
    ("cancel 1001 2 weeks late", CancelOrder("1001", "2 weeks late")),
    (
        "short 1001 ham mug-red 1 damaged",
        ShortOrder("1001", (Units("mug-red", 1),), Fault.DAMAGED, "HAM"),
    ),
    ("split 1001 1 x card to ham", SplitOrder("1001", (Units("card", 1),), "HAM")),
    ("short 1001 mug-red 1 damaged", ShortOrder("1001", (Units("mug-red", 1),), Fault.DAMAGED)),
    (
        "short 1001 mug-red 1 card 2 missing ber",
        ShortOrder("1001", (Units("mug-red", 1), Units("card", 2)), location="BER"),
    ),
    ("split 1001 mug-red 1", SplitOrder("1001", (Units("mug-red", 1),))),
    ("split 1001 mug-red 1 to ham", SplitOrder("1001", (Units("mug-red", 1),), "HAM")),
    ("reroute 1001", RerouteOrder("1001")),
    ("reroute 1001 not ham", RerouteOrder("1001", "HAM")),
    ("reroute 1001 without ham", RerouteOrder("1001", "HAM")),
    ("merge 1002 into 1001", MergeOrders(("1002", "1001"))),
    ("merge 1001 with 1002", MergeOrders(("1001", "1002"))),
    ("merge 1001, 1002 and 1003", MergeOrders(("1001", "1002", "1003"))),
    ("unmerge 1002", UnmergeOrder("1002")),
    ("resend 1001 lost", ResendOrder("1001", Why.LOST)),
    ("resend 1001 mug-red 1 wrong item", ResendOrder("1001", Why.WRONG_ITEM, _MUG)),
    ("resend 1001 mug-red 1 lost again", ResendOrder("1001", Why.LOST, _MUG, Sure.AGAIN)),
    ("priority 1001 vip", SetPriority("1001", Priority.VIP)),
    ("gift 1001 Happy birthday, Oma!", GiftOrder("1001", "Happy birthday, Oma!")),
    ("gift 1001", GiftOrder("1001")),
    ("ungift 1001", UngiftOrder("1001")),
    ("refunded 1001 stripe re_7", RecordOrderRefund("1001", "stripe re_7")),
    ("refunded R1001-1 stripe re_7", RecordRefund("R1001-1", "stripe re_7")),
    ("undo", UndoLast()),
    ("Undo!", UndoLast()),
    ("reject 1001 broken", DeclineWork("1001", reason="broken")),
    ("picked 1001 ber", PickWork("1001", "BER")),
    ("print ber", PrintPicks("BER")),
    ("print 1001", PrintPicks(orders=("1001",))),
    ("print 1001, 1004 at ber", PrintPicks("BER", ("1001", "1004"))),
    ("print ber 1001 1004", PrintPicks("BER", ("1001", "1004"))),
    ("return 1001 all", RequestReturn("1001", "all")),
    ("return 1001 all defective", RequestReturn("1001", "all", reason=ReturnReason.DEFECTIVE)),
    (
        "return 1001 mug-red 1 size too small",
        RequestReturn("1001", "mug-red", 1, ReturnReason.SIZE_TOO_SMALL),
    ),
    ("take 12", TakeCase(12)),
    ("take case #12", TakeCase(12)),
    ("snooze 12 until tomorrow 9am", SnoozeCase(12, berlin(24, 9))),
    ("snooze 12 24 dec", SnoozeCase(12, berlin(24, 9, month=12))),
    ("snooze 12 for 2 hours", SnoozeCase(12, berlin(23, 12))),
    ("pause messages", PauseMessages()),
    ("adjust mug-red ber -2 broken", AdjustStock("mug-red", "BER", -2, "broken")),
    ("adjust mug-red -2 ber broken", AdjustStock("mug-red", "BER", -2, "broken")),
    ("adjust -2 mug-red ber broken", AdjustStock("mug-red", "BER", -2, "broken")),
    ("adjust 4711 ber -2 broken", AdjustStock("4711", "BER", -2, "broken")),
    ("return 1001 2 mug-red", RequestReturn("1001", "mug-red", 2)),
]


def asked(text: str):
    """The commands that a text means."""
    heard = parse(text, DESK)
    assert isinstance(heard, Ask), heard
    return heard.commands


@pytest.mark.parametrize(("text", "command"), DONE, ids=[text for text, _ in DONE])
def test_a_line_becomes_its_command(text, command):
    heard = parse(text, DESK)
    assert isinstance(heard, Ask)
    assert heard.commands == (command,)


LOOKED_UP = [
    ("1001", ShowOrder("1001")),
    ("#1001", ShowOrder("1001")),
    ("1001?", ShowOrder("1001")),
    ("order 1001", ShowOrder("1001")),
    ("NL-1001", ShowOrder("NL-1001")),
    ("anna schmidt", FindOrders("anna schmidt")),
    ("find anna schmidt", FindOrders("anna schmidt")),
    ("find held ham", FindOrders(held=True, location="HAM")),
    ("anna 1001", FindOrders("anna 1001")),
    ("1001 anna", FindOrders("1001 anna")),
    ("00340434161094042557", FindOrders("00340434161094042557")),
    ("1Z999AA10123456784", FindOrders("1Z999AA10123456784")),
    ("https://admin.shopify.com/store/nl/orders/5123456789?x=1", FindOrders("5123456789")),
    ("<https://admin.shopify.com/store/nl/orders/5123456789>", FindOrders("5123456789")),
    ("<mailto:anna@example.org|anna@example.org>", FindOrders("mailto:anna@example.org")),
    ("late ber", FindOrders(late=True, location="BER")),
    ("held", FindOrders(held=True)),
    ("held orders in hamburg", FindOrders(held=True, location="HAM")),
    ("ber", FindOrders(location="BER")),
    ("berlin", FindOrders("berlin")),
    ("why 1001", WhyRouted("1001")),
    ("whatif 1001 to ham", WhatIf("1001", "HAM")),
    ("rules show 3", ShowRules(3)),
    ("simulate 4 30", SimulateRules(4, 30)),
    ("stock mug-red", ShowStock("mug-red")),
    ("picks ber", ListPicks("BER")),
    ("picks", ListPicks()),
    ("help", HelpWanted()),
    ("", HelpWanted()),
    ("?", HelpWanted()),
    ("help hold", HelpWanted("hold")),
    ("roles", RolesWanted()),
    ("R1001-1", ShowReturn("R1001-1")),
    ("return r1001-1", ShowReturn("R1001-1")),
    ("returns", ListReturns()),
    ("cases ber", ListCases("BER")),
    ("case 7", ShowCase(7)),
    ("mine", MyCases()),
    ("today", ShowToday()),
    ("today ber", ShowToday("BER")),
]


@pytest.mark.parametrize(
    ("text", "question"), LOOKED_UP, ids=[text or "-" for text, _ in LOOKED_UP]
)
def test_a_line_becomes_its_question(text, question):
    heard = parse(text, DESK)
    assert isinstance(heard, Question)
    assert heard.asked == (question,)


# --- many numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "hold 1004 1001 fraud",
        "hold 1004,1001 fraud",
        "hold #1004, #1001 for fraud",
        "hold 1004 and 1001 fraud",
        "hold 1004 1001 1004 fraud",
    ],
)
def test_many_numbers_are_one_command_each_in_the_order_typed(text):
    heard = parse(text, DESK)
    assert isinstance(heard, Ask)
    assert [(c.order, c.reason) for c in heard.commands] == [
        ("1004", HoldReason.FRAUD),
        ("1001", HoldReason.FRAUD),
    ]


def test_many_numbers_alone_show_each_order():
    heard = parse("1001 1004", DESK)
    assert isinstance(heard, Question)
    assert heard.asked == (ShowOrder("1001"), ShowOrder("1004"))


def test_what_cannot_be_taken_back_never_takes_a_second_number_for_its_reason():
    assert isinstance(parse("cancel 1001 1004", DESK), Suggestion)
    assert isinstance(parse("cancel 1001, 1004", DESK), Suggestion)
    listed = parse("cancel 1001, 1004 changed mind", DESK)
    assert isinstance(listed, Ask)
    assert listed.commands == (
        CancelOrder("1001", "changed mind"),
        CancelOrder("1004", "changed mind"),
    )


def test_a_number_that_may_be_something_else_is_searched_for_when_it_is_no_order():
    heard = parse("1001", DESK)
    assert isinstance(heard, Question)
    assert heard.otherwise == FindOrders(text="1001")


# --- forms ----------------------------------------------------------------------------------------


def test_a_bare_verb_asks_by_a_form():
    heard = parse("hold", DESK)
    assert isinstance(heard, FormWanted)
    assert (heard.spec.shape, dict(heard.given)) == (HoldOrder, {})


def test_the_form_begins_with_the_order_of_the_thread_and_what_was_said():
    heard = parse("hold fraud", THREAD)
    assert isinstance(heard, FormWanted)
    assert dict(heard.given) == {"order": "1001", "reason": "fraud"}


def test_a_second_order_is_never_taken_for_a_tag():
    heard = parse("tag 1001 1004", DESK)
    assert isinstance(heard, FormWanted)
    assert "tag" not in heard.given


def test_in_a_thread_a_tag_with_a_number_in_it_is_still_the_tag():
    heard = parse("tag x10", THREAD)
    assert isinstance(heard, FormWanted)
    assert dict(heard.given) == {"order": "1001", "tag": "x10"}


def test_in_a_thread_a_question_needs_no_number():
    heard = parse("why", THREAD)
    assert isinstance(heard, Question)
    assert heard.asked == (WhyRouted("1001"),)


def test_in_a_thread_it_is_the_order_of_the_thread():
    heard = parse("hold it address", THREAD)
    assert isinstance(heard, Ask)
    assert heard.commands == (HoldOrder("1001", HoldReason.ADDRESS),)


def test_a_cancellation_without_a_reason_is_looked_at_once_more():
    heard = parse("cancel 1001", DESK)
    assert isinstance(heard, FormWanted)
    assert dict(heard.given) == {"order": "1001"}


@pytest.mark.parametrize("text", ["move 1001", "note 1001", "tag 1001", "snooze 12", "hold anna"])
def test_what_is_missing_is_asked_for(text):
    assert isinstance(parse(text, DESK), FormWanted)


_NUMBER = "00340434161094777001"


@pytest.mark.parametrize(
    "words",
    [
        f"1202 DHL {_NUMBER}",
        f"1202 {_NUMBER} dhl",
        f"DHL 1202 {_NUMBER}",
        f"{_NUMBER} 1202 DHL",
        "1202 DHL 0034 0434 1610 9477 7001",
        "1202 0034 0434 1610 9477 7001 DHL",
        "1202 dhl “0034 0434 1610 9477 7001”",
    ],
)
def test_a_parcels_number_and_carrier_stand_in_any_order(words):
    for verb, shape in (("shipped", ShipWork), ("label", LabelParcel), ("tracking", AddTracking)):
        heard = parse(f"{verb} {words}", DESK)
        assert isinstance(heard, Ask), heard
        assert heard.commands == (shape(order="1202", tracking_number=_NUMBER, carrier="DHL"),)


def test_other_numbers_and_carriers_are_read_beside_a_place():
    assert asked("shipped 1202 ups 1Z 999 AA1 01 2345 6784 ber") == (
        ShipWork("1202", "1Z999AA10123456784", "UPS", "BER"),
    )
    assert asked("shipped 1202 DHL AB12345") == (ShipWork("1202", "AB12345", "DHL"),)
    assert asked(f"label 1202 Trunkrs {_NUMBER}") == (LabelParcel("1202", "Trunkrs", _NUMBER),)


def test_many_orders_are_never_read_as_one_number():
    heard = asked("shipped 1001 1002 1003 1004 DHL")
    assert [each.order for each in heard] == ["1001", "1002", "1003", "1004"]
    assert {each.tracking_number for each in heard} == {""}


def test_a_short_number_behind_a_carrier_is_not_guessed_and_the_example_fits():
    heard = parse("shipped 1001 DHL 1004", DESK)
    assert isinstance(heard, Suggestion)
    assert heard.sentence == (
        "I do not understand “1004” here. Write it like `shipped 1001 00340434161094000000 DHL`."
    )


# --- nothing is guessed into a write --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("hodl 1001", "hold 1001"),
        ("hodl", "hold"),
        ("order hodl 1001", "hold 1001"),
        ("relase 1001", "release 1001"),
        ("cancle 1001 changed mind", "cancel 1001 changed mind"),
        ("hold 1001 adress", "hold 1001 address"),
        ("move 1001 to hma", "move 1001 to ham"),
        ("stok mug-red", "stock mug-red"),
        ("prio 1001 vip", "priority 1001 vip"),
        ("shipnow 1001", "ship now 1001"),
    ],
)
def test_a_slip_of_the_finger_is_offered_and_not_done(text, offer):
    heard = parse(text, DESK)
    assert isinstance(heard, Suggestion)
    assert heard.offers[0].text == offer


@pytest.mark.parametrize(
    "text", ["move 1202 to xyz", "whatif 1202 to xyz", "picks xyz", "today xyz", "cases xyz"]
)
def test_an_unknown_place_is_answered_with_the_known_ones(text):
    heard = parse(text, DESK)
    assert isinstance(heard, Suggestion)
    assert heard.sentence.startswith("There is no location “xyz”. Locations: BER, HAM.")


@pytest.mark.parametrize("day", ["31 feb", "32 dec", "31.11.", "dec 40"])
def test_a_day_that_never_comes_is_said_and_never_offered(day):
    heard = parse(f"hold 1001 adress until {day}", DESK)
    assert isinstance(heard, FormWanted | Suggestion)
    said = heard.problem if isinstance(heard, FormWanted) else heard.sentence
    assert "I cannot read the time" in said
    assert not getattr(heard, "offers", ())


def test_only_what_reads_may_run_at_one_press():
    stock, hold = parse("stok mug-red", DESK), parse("hodl 1001", DESK)
    assert isinstance(stock, Suggestion)
    assert isinstance(hold, Suggestion)
    assert (stock.offers[0].reads, hold.offers[0].reads) == (True, False)


def test_nobody_is_offered_what_they_may_not_do():
    support = replace(DESK, actor=replace(DESK.actor, role=Role.SUPPORT))
    heard = parse("mvoe 1001 ham", support)
    assert not isinstance(heard, Suggestion) or all("move" not in o.text for o in heard.offers)


@pytest.mark.parametrize(
    "text", ["undo that", "take twelve", "why 1001 now", "tag 1001 very important"]
)
def test_words_that_are_left_over_stop_it(text):
    assert not isinstance(parse(text, DESK), Ask)


def test_a_name_like_a_verb_is_searched_for():
    heard = parse("nate cole", DESK)
    assert isinstance(heard, Question)
    assert heard.asked == (FindOrders("nate cole"),)


def test_a_quoted_verb_is_a_name():
    heard = parse('"hold"', DESK)
    assert not isinstance(heard, Ask | FormWanted)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_grammar_and_writing_needs_a_verb(text):
    heard = parse(text, DESK)
    if isinstance(heard, Ask):
        verbs = {heard.spec.verb, *heard.spec.aliases}
        assert any(verb.split()[0].split("-")[0] in text.casefold() for verb in verbs)


KNOWN = (
    "hold 1001 1004 until fri fraud to ber “ # , and cancel note it 2 mug-red take 12 tomorrow "
    "<@U1> x return order"
)
WORDS = st.sampled_from(KNOWN.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=7))
def test_no_order_of_known_words_breaks_the_grammar(words):
    parse(" ".join(words), DESK)


# --- moments --------------------------------------------------------------------------------------


MOMENTS = [
    ("fri", berlin(27, 9)),
    ("mon", berlin(30, 9)),
    ("friday 3pm", berlin(27, 15)),
    ("3pm", berlin(23, 15)),
    ("9am", berlin(24, 9)),
    ("3 pm", berlin(23, 15)),
    ("15 uhr", berlin(23, 15)),
    ("today", berlin(23, 18)),
    ("tonight", berlin(23, 20)),
    ("tomorrow", berlin(24, 9)),
    ("tomorrow noon", berlin(24, 12)),
    ("tomorrow at 9", berlin(24, 9)),
    ("morgen 9 uhr", berlin(24, 9)),
    ("24 dec", berlin(24, 9, month=12)),
    ("24.12.", berlin(24, 9, month=12)),
    ("dec 24 15:30", berlin(24, 15, 30, month=12)),
    ("2026-12-24", berlin(24, 9, month=12)),
    ("in 3 days", berlin(26, 10)),
    ("2h", berlin(23, 12)),
    ("next week", berlin(30, 9)),
]


@pytest.mark.parametrize(("phrase", "moment"), MOMENTS, ids=[phrase for phrase, _ in MOMENTS])
def test_a_phrase_is_a_moment_to_come_in_the_persons_zone(phrase, moment):
    assert read_moment(phrase.split(), NOW, "Europe/Berlin") == (moment, len(phrase.split()))


def test_january_is_next_year():
    assert read_moment(["3", "jan"], NOW, "UTC")[0] == datetime(2027, 1, 3, 9, tzinfo=UTC)


def test_the_clock_change_does_not_move_nine_in_the_morning():
    before = datetime(2026, 3, 27, 12, tzinfo=UTC)  # the Friday before summer time
    found, _ = read_moment(["mon"], before, "Europe/Berlin")
    assert found == datetime(2026, 3, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize("phrase", ["may I", "9", "12/11", "the weekend", "blorp", "in", "feb 30"])
def test_what_is_no_clear_moment_is_none(phrase):
    assert read_moment(phrase.split(), NOW, "UTC")[0] is None


@pytest.mark.parametrize(
    "text", ["hold 1001 until blorp", "hold 1001 until 12/11", "snooze 12 until"]
)
def test_an_unreadable_time_holds_nothing(text):
    assert not isinstance(parse(text, DESK), Ask)


def test_the_moment_that_was_understood_is_handed_back():
    heard = parse("hold 1001 until fri", DESK)
    assert isinstance(heard, Ask)
    assert heard.until == berlin(27, 9)
    assert heard.until - NOW < timedelta(days=7)


# --- the registry ---------------------------------------------------------------------------------


def test_every_example_in_the_registry_can_be_typed():
    for spec in (*COMMANDS.values(), *QUESTIONS.values()):
        for example in spec.examples if spec.in_chat else ():
            heard = parse(example, DESK)
            assert isinstance(heard, Ask | Question), example
            asked = heard.commands[0] if isinstance(heard, Ask) else heard.asked[0]
            assert spec_of(asked).name == spec.name, example


def test_every_verb_by_itself_is_understood():
    for spec in (*COMMANDS.values(), *QUESTIONS.values()):
        if spec.in_chat:
            assert not isinstance(parse(spec.verb, DESK), Suggestion) or spec.is_question, spec.verb


def test_usage_names_what_is_needed_and_what_may_be_left_out():
    spec = spec_of(HoldOrder("1001"))
    assert usage(spec) == "hold <order> [reason] [until …] [line …] [note]"
    assert [slot.name for slot in slots_of(HoldOrder)] == [
        "order",
        "reason",
        "until",
        "note",
        "line",
        "owner",
    ]


def test_a_city_of_two_locations_is_asked_about_and_a_code_is_not():
    more = replace(DESK, places=(*PLACES, Place("B2", "Kiosk", "Berlin")))
    heard = parse("move 1001 berlin", more)
    assert isinstance(heard, Suggestion)
    assert heard.sentence.startswith("“berlin” could be BER or B2. Write the code.")
    heard = parse("move 1001 b2", more)
    assert isinstance(heard, Ask)
    assert heard.commands == (MoveOrder("1001", "B2"),)

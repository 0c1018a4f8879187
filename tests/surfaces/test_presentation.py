"""Cards, forms and answers as the staff reads them: golden copies, and what must hold of all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.bridge import House
from bot.desk import Context, answer, desk_of, open_form, press
from bot.grammar import Desk, HelpWanted, slots_of, spec_of_verb
from bot.presentation.cases import case_card
from bot.presentation.forms import form_for, gathered
from bot.presentation.help import TOPICS, help_answer, roles_page, topic_of
from bot.presentation.holds import next_words
from bot.presentation.model import Action, Answer, Card, Form, Page
from bot.presentation.plain import all_as_text, as_text
from bot.presentation.receipts import receipt_card
from bot.presentation.timeline import SENTENCES
from bot.presentation.today import today_card
from bot.presentation.views import card_for
from bot.presentation.words import ago, money, span, until, when
from core.commands.returns import RequestReturn, ReturnedLine
from core.db import tables as t
from core.domain import events
from core.domain.access import Actor, Role
from core.domain.blocking import Next
from core.domain.cases import CaseKind
from core.domain.metrics import Counted, Tally, Today
from core.domain.money import EXPONENTS, amount_text
from core.domain.order import Address
from core.engine import Caller, Receipt
from core.queries.cases import CaseView
from core.queries.orders import ShowOrder
from core.registry import COMMANDS, QUESTIONS, spec_of
from tests.shop import SHOP, START, Shop, staff
from tests.surfaces.desk_story import ANN, FOLDER, STORY, WARD, ask, desk_house, played

DESK = Desk(Actor(Role.LEAD, SHOP, "staff:ann", "Ann"), START, "Europe/Berlin")


@pytest.fixture
def desk(database) -> Iterator[tuple[House, Shop]]:
    with desk_house(database) as (house, shop):
        yield house, shop


def first(answers: list[Answer]) -> Card:
    assert isinstance(answers[0], Card)
    return answers[0]


def labels(card: Card) -> list[str]:
    return [action.label for action in (*card.actions, *card.more)]


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_cards_and_sentences_write_money_alike(currency: str) -> None:
    assert amount_text(-123456, currency) == money(-123456, currency, DESK)


# --- golden copies --------------------------------------------------------------------------------


def test_the_story_reads_as_it_was_written_down(database):
    """After a wanted change: `python -m tests.surfaces.desk_story`, and read the difference."""
    told = played(database)
    kept = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert set(told) == set(kept)
    for name in told:
        assert told[name] == kept[name], name


def test_every_button_of_the_story_leads_somewhere(database):
    with desk_house(database) as (house, _):
        for _name, text, caller in STORY:
            for each in ask(house, text, caller):
                if isinstance(each, Card):
                    assert len(each.actions) <= 3, each.title
                    assert len(each.more) <= 5, each.title
                    assert sum(a.style == "primary" for a in each.actions) <= 1, each.title
                if isinstance(each, Card | Page):
                    for action in each.actions:
                        _leads_somewhere(action)


def _leads_somewhere(action: Action) -> None:
    spec = spec_of_verb(action.verb)
    if action.verb == "help":
        return
    assert spec is not None, action
    if not action.form:
        spec.read(action.arguments)


# --- doing ----------------------------------------------------------------------------------------


def test_many_numbers_answer_one_by_one_and_a_no_stops_nobody_else(desk):
    house, shop = desk
    found = ask(house, "hold 1001 9999 1003 fraud", ANN)
    assert [card.tone for card in found if isinstance(card, Card)] == ["good", "warn", "good"]
    held = {row["number"] for row in shop.rows(t.orders) if row["held"]}
    assert held == {"1001", "1003"}


def test_the_same_message_twice_is_done_once_for_each_of_its_numbers(desk):
    house, shop = desk
    caller = replace(ANN, key="slack:trigger-7")
    before = ask(house, "tag 1001 1002 vip", caller)
    again = ask(house, "tag 1001 1002 vip", caller)
    assert [first([card]).title for card in before] == [first([card]).title for card in again]
    assert all("done before" in first([card]).note for card in again)
    assert sorted(row["version"] for row in shop.rows(t.orders)) == [1, 2, 2]


def test_a_refusal_always_says_what_to_do_next(desk):
    house, _ = desk
    for text in ("hold 9999", "release 1001", "cancel 1001, 1001", "stock nothing", "take 99"):
        for each in ask(house, text, ANN):
            if isinstance(each, Card) and each.tone == "warn":
                assert each.sections[0].lines[0]


def test_what_nobody_understands_changes_nothing(desk):
    house, shop = desk
    audit = len(shop.rows(t.audit))
    for text in ("hodl 1001", "hold 1001 adress", "cancel 1001 1003", "move 1001 to hma", "hold"):
        ask(house, text, ANN)
    assert len(shop.rows(t.audit)) == audit


def test_a_customer_and_a_machine_do_not_get_past_the_desk(desk):
    house, shop = desk
    for role in (Role.CUSTOMER, Role.MACHINE):
        stranger = Caller(Actor(role, SHOP, "x:1", "X"), "slack")
        assert "staff" in first(ask(house, "hold 1001", stranger)).title
        assert "staff" in first(ask(house, "1001", stranger)).title
        assert "staff" in as_text(asyncio.run(open_form(house, "hold", {}, stranger)))
        pressed = asyncio.run(press(house, "hold", {"order": "1001"}, stranger))
        assert "staff" in first(pressed).title
    assert not any(row["held"] for row in shop.rows(t.orders))


def test_a_thread_is_about_its_order(desk):
    house, _ = desk
    form = ask(house, "hold", ANN, Context(order="1003"))[0]
    assert isinstance(form, Form)
    assert form.fixed == {"order": "1003"}
    assert form.version == 1


# --- looking up -----------------------------------------------------------------------------------


def test_a_search_with_one_hit_shows_the_order_at_once(desk):
    house, _ = desk
    assert first(ask(house, "okafor", ANN)).title.startswith("Order 1002")


def test_a_number_that_is_no_order_is_searched_for(desk):
    house, _ = desk
    assert first(ask(house, "4930901820", ANN)).title.startswith("Order 1002")
    assert first(ask(house, "777", ANN)).tone == "warn"


def test_a_long_list_goes_on_where_it_ended(desk):
    house, shop = desk
    for number in range(2001, 2021):
        shop.place(number, ("sock-grey", 1))
    page = ask(house, "anna", ANN)[0]
    assert isinstance(page, Page)
    more = page.actions[-1]
    assert (more.label, len(page.lines)) == ("Show More", 20)
    rest = asyncio.run(press(house, more.verb, more.arguments, ANN))[0]
    assert isinstance(rest, Page)
    assert [line.split()[0] for line in rest.lines] == ["1003", "1001"]


def test_times_are_the_persons_own(desk):
    house, _ = desk
    there = ask(house, "1001", ANN, Context(zone="America/New_York"))
    assert "today 04:00" in all_as_text(there)


def test_the_timeline_tells_the_facts_in_words(desk):
    house, _ = desk
    ask(house, "hold 1001 address until fri", ANN)
    told = asyncio.run(press(house, "show", {"order": "1001", "timeline": True}, ANN))
    text = all_as_text(told)
    assert "Came in by shopify: 3 units, €59.70. · " in text
    assert "Put on hold: address until Fri 27 Nov 09:00. · Ann" in text


def test_names_in_what_was_typed_stay_as_they_were_written():
    said = SENTENCES["CaseChanged"]({"state": "resolved", "note": "BER got it: Jonas Keller"}, DESK)
    assert said == "A case is resolved: BER got it: Jonas Keller."


def test_a_case_that_blocks_an_order_is_one_sentence_with_its_clock():
    step = Next("carrier", "Parcel DHL 12 is delayed.", START + timedelta(hours=2), why="case")
    told = next_words(step, DESK)
    assert told.startswith("Carrier — Parcel DHL 12 is delayed; until today ")


def test_units_that_stand_alike_are_told_in_one_number(desk):
    _, shop = desk
    view = shop.ask(ShowOrder("1001"))
    line = view.lines[0]
    places = (replace(line.places[0], quantity=1), replace(line.places[0], quantity=3))
    card = card_for(replace(view, lines=(replace(line, places=places),)), ShowOrder("1001"), DESK)
    assert "4 ready at BER" in as_text(card)


# --- buttons and forms ----------------------------------------------------------------------------


def test_a_button_on_an_old_card_is_refused(desk):
    house, shop = desk
    card = first(ask(house, "1001", ANN))
    ask(house, "tag 1001 vip", ANN)
    step = card.actions[0]
    stale = replace(ANN, version=step.version)
    pressed = first(asyncio.run(press(house, step.verb, step.arguments, stale)))
    assert "has changed since you looked" in pressed.title
    assert {row["stage"] for row in shop.rows(t.fulfillment_order)} == {"ready"}


def test_a_button_that_is_gone_says_so(desk):
    house, _ = desk
    assert "any more" in first(asyncio.run(press(house, "teleport", {}, ANN))).title
    assert "any more" in as_text(asyncio.run(open_form(house, "teleport", {}, ANN)))


def test_buttons_are_only_for_those_who_may(desk):
    house, _ = desk
    assert "Cancel Order" in labels(first(ask(house, "1001", ANN)))
    assert "Cancel Order" not in labels(first(ask(house, "1001", WARD)))
    support = staff(Role.SUPPORT, "Sue")
    assert "Mark Picked" not in labels(first(ask(house, "1001", support)))


def test_a_held_order_offers_its_release_first(desk):
    house, _ = desk
    ask(house, "hold 1003 fraud", ANN)
    card = first(ask(house, "1003", ANN))
    assert (card.actions[0].label, card.actions[0].style) == ("Release Order", "primary")
    assert "Mark Picked" not in labels(card)
    assert card.tone == "bad"


def test_a_sent_form_does_what_the_words_do(desk):
    house, shop = desk
    sent = {"order": "1001", "reason": "fraud", "until": None, "note": ""}
    assert first(asyncio.run(press(house, "hold", sent, ANN))).tone == "good"
    assert [row["reason"] for row in shop.rows(t.hold)] == ["fraud"]


def test_a_form_that_makes_no_sense_is_refused_with_the_field(desk):
    house, _ = desk
    sent = {"order": "1001", "reason": "boredom"}
    refused = first(asyncio.run(press(house, "hold", sent, ANN)))
    assert "reason" in refused.title
    assert refused.tone == "warn"


def test_the_return_form_asks_units_per_line_that_came_to_the_customer(desk):
    house, _ = desk
    for text in ("picked 1001", "shipped 1001", "delivered 1001"):
        ask(house, text, ANN)
    form = asyncio.run(open_form(house, "return", {"order": "1001"}, ANN))
    assert isinstance(form, Form)
    lines = [each for each in form.inputs if each.name.startswith("lines.")]
    assert [each.label for each in lines] == ["Mug-Red: how many?", "Tee-Black-M: how many?"]
    sent = {**form.fixed, lines[0].name: "1", lines[1].name: "0", "reason": "defective"}
    arguments = gathered(sent)
    line_id = lines[0].name.removeprefix("lines.")
    assert arguments["lines"] == [{"line": line_id, "quantity": "1"}]
    done = first(asyncio.run(press(house, "return", sent, ANN)))
    assert done.title.startswith("Return R1001-1 is approved")


def test_the_return_form_of_an_undelivered_order_says_why_it_is_empty(desk):
    house, _ = desk
    form = asyncio.run(open_form(house, "return", {"order": "1001"}, ANN))
    assert isinstance(form, Form)
    assert "Nothing of this order was delivered yet" in form.note


def test_gathered_values_become_a_command():
    spec = spec_of(RequestReturn("1"))
    sent = {"order": "1001", "lines.5": "2", "lines.6": "", "note": ""}
    assert spec.read(gathered(sent)) == RequestReturn("1001", lines=(ReturnedLine("5", 2),))


def test_every_form_fits_slack_and_names_the_commands_own_arguments():
    for spec in COMMANDS.values():
        if spec.in_chat:
            form = form_for(spec, {}, DESK)
            assert 0 < len(form.title) <= 24, spec.verb
            assert 0 < len(form.submit) <= 24, spec.verb
            assert len(form.inputs) <= 8, spec.verb
            for each in form.inputs:
                assert each.name in {slot.name for slot in slots_of(spec.shape)}


# --- help and roles -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.WAREHOUSE, Role.STORE, Role.LEAD, Role.OWNER])
def test_help_shows_what_this_role_may_do_and_nothing_else(role):
    desk = replace(DESK, actor=replace(DESK.actor, role=role))
    text = as_text(help_answer(HelpWanted(), desk))
    for spec in (*COMMANDS.values(), *QUESTIONS.values()):
        shown = f"`{spec.verb}`" in text
        assert shown == any(_may_write(x, desk) for x in every_word() if x.verb == spec.verb)
    assert len(text) < 5_000  # it is read on a phone


def test_every_word_is_explained_under_its_topic():
    desk = replace(DESK, actor=replace(DESK.actor, role=Role.OWNER))
    topics = {
        topic: as_text(help_answer(HelpWanted(f"about {topic.casefold()}"), desk))
        for topic in TOPICS
    }
    for spec in every_word():
        said = f"`{next(iter(spec.examples), spec.verb)}`"
        assert (said in topics[topic_of(spec)]) == _may_write(spec, desk), spec.verb


def test_help_about_a_topic_takes_a_part_of_its_name():
    assert "Returns and claims" in as_text(help_answer(HelpWanted("about claims"), DESK))


def every_word():
    return (*COMMANDS.values(), *QUESTIONS.values())


def _may_write(spec, desk):
    return spec.in_chat and desk.actor.may(spec.right)


def test_roles_name_who_may_do_what():
    page = roles_page(DESK)
    assert "cancel an order: support, lead, owner" in page.lines
    assert "see orders: everybody" in page.lines


def test_help_says_that_it_cannot_be_taken_back(desk):
    house, _ = desk
    assert "cannot be taken back" in all_as_text(ask(house, "help refunded", ANN))
    assert "The way back is `void`." in all_as_text(ask(house, "help label", ANN))
    left = all_as_text(ask(house, "help undo", ANN))
    assert "`label` (`void`)" in left
    assert "`wake`" not in left  # a machine's


# --- cards from made-up views ---------------------------------------------------------------------


def a_case(**more: object) -> CaseView:
    told: dict[str, object] = {
        "id": 5,
        "number": 12,
        "kind": "stuck",
        "title": "Order 1001 waits at BER.",
        "state": "open",
        "party": "BER",
        "order": "1001",
        "location": "BER",
        "assignee": "",
        "mine": False,
        "opened_at": START - timedelta(hours=1),
        "due_at": START + timedelta(hours=2),
        "overdue": False,
        "snoozed_until": None,
        "resolved_at": None,
        "resolution": "",
        "version": 1,
        "facts": {},
        "actions": ("take", "snooze", "resolve"),
    }
    return CaseView(**(told | more))  # type: ignore[arg-type]


def test_a_note_is_read_on_the_card_and_in_the_history(desk):
    house, shop = desk
    for words in ("ring twice", "a gift", "fragile", "call first"):
        ask(house, f"note 1001 {words}", ANN)
        shop.clock.advance(minutes=1)
    card = as_text(first(ask(house, "1001", WARD)))
    assert "“call first” — Ann, today 12:03" in card
    assert "ring twice" not in card  # the last three are shown
    for word in ("timeline", "history", "notes"):
        told = all_as_text(ask(house, f"{word} 1001", WARD))
        assert "Came in by shopify: 3 units, €59.70." in told
        assert "Note: “ring twice” (Ann, Slack)" in told


def test_the_queue_is_grouped_by_what_to_do_next_and_names_what_is_there(desk):
    house, shop = desk
    nobody = Address("", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")
    shop.place(1004, ("sock-grey", 1), customer_name="", ship_to=nobody)
    ask(house, "picked 1001", WARD)
    text = all_as_text(ask(house, "picks ber", WARD))
    assert text.index("To pick:") < text.index("1003 ·") < text.index("To pack:")
    assert text.index("To pack:") < text.index("1001 ·")
    assert "1004 · Berlin · 1 × Sock-Grey · cut-off today 14:00" in text


def test_every_fact_has_its_sentence():
    kinds = {kind.__name__ for kind in events.Event.__subclasses__()}
    assert kinds == set(SENTENCES)


def test_what_has_shipped_or_is_canceled_gets_no_form_to_cancel_it(desk):
    house, _ = desk
    ask(house, "shipped 1003", WARD)
    ask(house, "cancel 1001 changed mind", ANN)
    for number, sentence in (("1003", "has already shipped"), ("1001", "is already canceled")):
        card = first(ask(house, f"cancel {number}", ANN))
        assert sentence in card.title


def test_a_storm_is_one_card_with_a_list_that_ends():
    members = tuple(
        a_case(number=n, order=str(n), title=f"Order {n} waits.") for n in range(100, 137)
    )
    card = case_card(a_case(kind="storm", title="37 orders wait at BER.", members=members), DESK)
    text = as_text(card)
    assert "Case 100: Order 100 waits." in text
    assert "… and 27 more" in text
    assert "Order 136" not in text


@pytest.mark.parametrize(
    ("kind", "facts", "buttons"),
    [
        ("return_decision", {"return": "R1001-1"}, ["Approve Return", "Reject Return"]),
        ("refund_task", {"return": "R1001-1", "amount": 1990}, ["Record Refund"]),
        ("customer_chat", {}, ["Reply to Customer", "Hand Back to Bot"]),
        ("customer_wish", {"wish": "cancel", "words": "please stop"}, ["Cancel Order"]),
        ("unknown_sku", {"skus": ["x"]}, ["Route Again"]),
        ("stuck", {}, ["Take Case"]),
    ],
)
def test_a_case_offers_its_own_step_first(kind, facts, buttons):
    card = case_card(a_case(kind=kind, facts=facts), DESK)
    assert labels(card)[: len(buttons)] == buttons
    assert {"Take Case", "Snooze Case", "Resolve Case", "Open Order"} <= set(labels(card))


def test_a_storm_lists_an_order_once_and_opens_it():
    members = tuple(
        a_case(number=n, order=order, title=f"Order {order} waits at {place}.")
        for n, order, place in ((3, "1001", "BER"), (4, "1001", "HAM"), (5, "1002", "BER"))
    )
    told = {"kind": "stuck"}
    card = case_card(a_case(kind="storm", title="Two wait.", facts=told, members=members), DESK)
    text = as_text(card)
    assert (text.count("Order 1001"), text.count("Order 1002")) == (1, 1)
    assert "What       Stuck" in text
    assert "Write a number, such as `1001`" in text
    assert {"Open 1001", "Open 1002"} <= set(labels(card))


def test_a_customer_who_asks_for_a_person_is_told_of_in_words():
    told = {"surface": "web", "language": "de", "words": "Wo bleibt mein Paket?"}
    stranger = as_text(
        case_card(a_case(kind="customer_chat", facts={**told, "known": False}), DESK)
    )
    assert "Somebody writes in the web chat, in German." in stranger
    assert "They have not shown who they are yet." in stranger
    assert "“Wo bleibt mein Paket?”" in stranger
    anna = {**told, "known": True, "name": "Anna Schmidt", "orders": ["1001"]}
    known = as_text(case_card(a_case(kind="customer_chat", facts=anna), DESK))
    assert "Anna Schmidt writes in the web chat, in German." in known
    assert "Their last orders: 1001." in known
    assert not any(raw in stranger + known for raw in ("Surface", "Language", "Known"))


def test_a_case_asleep_says_so_and_nobody_acts_until_then():
    asleep = a_case(state="snoozed", snoozed_until=START + timedelta(hours=22), assignee="Ann")
    text = as_text(case_card(asleep, DESK))
    assert "asleep until Tue 24 Nov 08:00, then Ann's" in text
    assert "Acts next" not in text


def test_the_times_on_a_case_stay_true_while_the_card_stays():
    text = as_text(case_card(a_case(), DESK))
    assert not any(word in text for word in ("just now", "ago", "today", "tomorrow"))


def test_a_resolved_case_keeps_a_record_and_no_controls():
    card = case_card(
        a_case(
            state="resolved",
            resolution="called the customer",
            resolved_at=START - timedelta(minutes=5),
            actions=(),
            kind="return_decision",
            facts={"return": "R1001-1"},
        ),
        DESK,
    )
    assert labels(card) == ["Open Order"]
    assert "Called the customer" in as_text(card)


def test_an_overdue_case_is_red_and_says_since_when():
    card = case_card(a_case(overdue=True, due_at=START - timedelta(hours=1)), DESK)
    assert card.tone == "bad"
    assert "overdue since Mon 23 Nov 09:00" in as_text(card)


def test_every_kind_of_case_has_words():
    for kind in CaseKind:
        assert "_" not in as_text(case_card(a_case(kind=kind.value), DESK))


def test_today_says_when_the_shop_counts_differently():
    card = today_card(
        Today(START.date(), "", 3, 1, 0, 2, 1, 1, 0, 0, Tally(0), Tally(0), (Counted("nl", 4, 3),)),
        DESK,
    )
    text = as_text(card)
    assert "nl counts 4 orders today, we have 3 orders: the counts differ" in text
    assert "Open past cut-off  [!] 2" in text


def test_a_view_without_a_card_is_still_shown(desk):
    house, shop = desk
    view = shop.ask(ShowOrder("1001")).lines[0]
    assert "mug-red" in as_text(card_for(view, ShowOrder("1001"), DESK))
    assert asyncio.run(desk_of(house, ANN)).places[0].code == "BER"


def test_our_own_mistake_is_red_and_names_its_reference():
    next_step = "Tell the person who runs it: reference 77."
    failed = Receipt(77, "hold_order", "failed", "Something went wrong.", "bug", next_step)
    card = receipt_card(failed, DESK)
    assert card.tone == "bad"
    assert "reference 77" in as_text(card)
    assert labels(card) == []


def test_a_receipt_tells_moments_in_the_persons_words_and_undo_only_where_it_works():
    done = Receipt(1, "snooze_case", "done", "Case 1 sleeps until 2026-11-24T08:00+00:00.")
    assert receipt_card(done, DESK).title == "Case 1 sleeps until tomorrow 09:00."
    assert labels(receipt_card(done, DESK)) == []
    assert labels(receipt_card(replace(done, can_undo=True), DESK)) == ["Undo"]


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(hours=-2), "in 2 h"),
    ],
)
def test_ages_are_words(back, words):
    assert ago(START - back, START) == words


def test_days_near_have_names_and_other_years_are_told():
    assert when(START, DESK) == "today 10:00"
    assert when(START + timedelta(days=1), DESK) == "tomorrow 10:00"
    assert when(START - timedelta(days=1), DESK) == "yesterday 10:00"
    assert when(START + timedelta(days=4), DESK) == "Fri 27 Nov 10:00"
    assert when(START + timedelta(days=60), DESK) == "Fri 22 Jan 2027 10:00"
    assert until(None, DESK) == ""
    assert span(timedelta(days=2)) == "2 days"


async def test_the_desk_answers_inside_a_running_loop(desk):
    house, _ = desk
    assert first(await answer(house, "1001", ANN)).title.startswith("Order 1001")

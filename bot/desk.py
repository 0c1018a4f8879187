"""The staff's desk: text, buttons and forms become commands and questions, and come back as cards.

Slack, the command line's `say` and the sandbox all call `answer`; they only differ in looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.asking_back import look_again, only_its_number, only_one
from bot.bridge import House
from bot.grammar import (
    Ask,
    Desk,
    FormWanted,
    HelpWanted,
    Question,
    RolesWanted,
    parse,
    slots_of,
    spec_of_verb,
)
from bot.papers import document_link, label_link, paper_buttons, proof_link
from bot.photos import photo_links
from bot.presentation.counter import counter_form, counter_words
from bot.presentation.counts import count_form, counts_card
from bot.presentation.edits import edit_form, in_brief
from bot.presentation.forms import form_for, gathered, return_form, units_form
from bot.presentation.help import help_answer, roles_page, suggestion_card
from bot.presentation.model import Action, Answer, Card, Form, Page, Section
from bot.presentation.receipts import receipt_card, refusal_card
from bot.presentation.views import card_for
from bot.presentation.words import when
from core.commands.counter import ReturnHere
from core.commands.edits import ChangeOrder, EditOrder
from core.db.setup import load_shop
from core.domain.access import Role
from core.domain.refusals import NotPossible, Refusal
from core.domain.values import dataclass
from core.engine import Caller, Receipt
from core.queries.cases import ShowCase
from core.queries.counter import CounterView, ShowCounter
from core.queries.counts import CountsView, ListCounts
from core.queries.documents import DocumentView
from core.queries.edits import EditView, ShowEdit, TryEdit
from core.queries.finding import OrderPage
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.photos import PhotoList
from core.queries.proofs import ProofView
from core.queries.returns import ReturnView, ShowReturn
from core.registry import Arg, Spec

PHOTOS_OPENED = 5

STRANGER = Card(
    "This desk is for the staff of the shop.",
    (Section(("If you work here, ask the owner to add you.",)),),
    tone="warn",
)


@dataclass(frozen=True, slots=True)
class Context:
    """Where the words were written: the person's time zone, and the order of the thread."""

    zone: str = ""
    order: str = ""


async def desk_of(house: House, caller: Caller, context: Context | None = None) -> Desk:
    context = context or Context()
    shop = await house.read(lambda session: load_shop(session, caller.actor.shop_id))
    return Desk.at(shop, caller.actor, house.clock(), zone=context.zone, order=context.order)


async def answer(
    house: House, text: str, caller: Caller, context: Context | None = None
) -> list[Answer]:
    """What a person of the staff wrote, done or looked up: one answer per thing they named."""
    if not _works_here(caller):
        return [STRANGER]
    desk = await desk_of(house, caller, context)
    heard = parse(text, desk)
    if isinstance(heard, Ask):
        return await _do(house, heard.commands, caller, desk, heard.until)
    if isinstance(heard, Question):
        return await _look_up(house, heard, caller, desk)
    if isinstance(heard, FormWanted):
        if (only := await only_one(house, heard, caller)) is not None:
            return await _do(house, (only,), caller, desk, None)
        return [await _form(house, heard.spec, heard.given, caller, desk, heard.problem)]
    return [suggestion_card(heard, desk)]


async def press(
    house: House,
    verb: str,
    arguments: Mapping[str, Any],
    caller: Caller,
    context: Context | None = None,
) -> list[Answer]:
    """A pressed button or a sent form: the same as if it had been typed, word for word."""
    if not _works_here(caller):
        return [STRANGER]
    desk = await desk_of(house, caller, context)
    asked = _asked_by(verb, arguments)
    if isinstance(asked, Refusal):
        return [refusal_card(asked)]
    spec = spec_of_verb(verb)
    if spec is None or spec.is_question:
        return await _look_up(house, Question((asked,)), caller, desk)
    return await _do(house, (asked,), caller, desk, None)


async def open_form(
    house: House,
    verb: str,
    arguments: Mapping[str, Any],
    caller: Caller,
    context: Context | None = None,
) -> Answer:
    """The form behind a button that asks first; a card when there is nothing to fill in."""
    spec = spec_of_verb(verb)
    if not _works_here(caller):
        return STRANGER
    if spec is None:
        return refusal_card(_outdated(verb))
    return await _form(house, spec, arguments, caller, await desk_of(house, caller, context))


async def looked_at(
    house: House,
    verb: str,
    arguments: Mapping[str, Any],
    caller: Caller,
    context: Context | None = None,
) -> str:
    """What a form that is being filled in would come to; nothing is stored."""
    asked = _asked_by(verb, arguments)
    if not _works_here(caller) or not isinstance(asked, ChangeOrder | ReturnHere):
        return ""
    desk = await desk_of(house, caller, context)
    try:
        if isinstance(asked, ReturnHere):
            counter = await house.query(ShowCounter(asked.order, asked), caller)
            return counter_words(counter, desk)
        return in_brief(await house.query(TryEdit(asked.order, form=asked), caller), desk)
    except Refusal as refusal:
        return str(refusal)


def _works_here(caller: Caller) -> bool:
    return caller.actor.is_staff or caller.actor.role is Role.SYSTEM


def _asked_by(verb: str, arguments: Mapping[str, Any]) -> Any:
    if verb == "help":
        return HelpWanted(str(arguments.get("topic", "")))
    if verb == "roles":
        return RolesWanted()
    spec = spec_of_verb(verb)
    if spec is None:
        return _outdated(verb)
    try:
        return spec.read(gathered(arguments))
    except Refusal as refusal:
        return refusal


def _outdated(verb: str) -> Refusal:
    return Refusal(f"There is no “{verb}” any more.", "Write `help` to see what there is.")


# --- doing --------------------------------------------------------------------------------------


async def _do(
    house: House, commands: tuple[Any, ...], caller: Caller, desk: Desk, until: datetime | None
) -> list[Answer]:
    note = f"Until {when(until, desk)}." if until else ""
    found: list[Answer] = []
    for place, command in enumerate(commands):
        try:
            receipt = await house.execute(command, _one_of_many(caller, place))
        except Refusal as refusal:
            found.append(refusal_card(refusal))
            continue
        card = receipt_card(receipt, desk, note if receipt.ok else "")
        found.append(replace(card, actions=(*paper_buttons(house, receipt), *card.actions)))
        if (again := look_again(command, receipt.code)) is not None:
            found += await _shown(house, again, caller, desk)
        if len(commands) == 1:
            found += await _as_it_is_now(house, receipt, caller, desk)
    return found


def _one_of_many(caller: Caller, place: int) -> Caller:
    """One message may hold several commands: each needs a key of its own to be recognized."""
    if place == 0:
        return caller
    key = caller.delivery.delivery_id if caller.delivery else caller.key
    return replace(caller, delivery=None, key=f"{key}/{place}" if key else None)


async def _as_it_is_now(house: House, receipt: Receipt, caller: Caller, desk: Desk) -> list[Answer]:
    """The card of what was changed: it may be done and yet not be this person's to see."""
    asked = _about(receipt) if receipt.ok else None
    return [] if asked is None else await _shown(house, asked, caller, desk)


async def _shown(house: House, asked: Any, caller: Caller, desk: Desk) -> list[Answer]:
    try:
        return [card_for(await house.query(asked, caller), asked, desk)]
    except Refusal:
        return []


def _about(receipt: Receipt) -> Any:
    if receipt.facts.get("edit"):
        return ShowEdit(str(receipt.facts["order"]))
    for fact, question in (("return", ShowReturn), ("case", ShowCase), ("order", ShowOrder)):
        if found := receipt.facts.get(fact):
            return question(found)
    return None


# --- looking up ---------------------------------------------------------------------------------


async def _look_up(house: House, heard: Question, caller: Caller, desk: Desk) -> list[Answer]:
    return [await _one_answer(house, asked, heard.otherwise, caller, desk) for asked in heard.asked]


async def _one_answer(
    house: House, asked: Any, otherwise: Any, caller: Caller, desk: Desk
) -> Answer:
    """A number that is no order may be a phone or an old order number; words that fit no order
    may have the number of one among them: `otherwise` is asked then."""
    if isinstance(asked, HelpWanted):
        return help_answer(asked, desk)
    if isinstance(asked, RolesWanted):
        return roles_page(desk)
    first, view = asked, await _found(house, asked, caller)
    if otherwise is not None and _is_nothing(view):
        other = await _found(house, otherwise, caller)
        asked, view = (asked, view) if _is_nothing(other) else (otherwise, other)
    if isinstance(view, Refusal):
        return refusal_card(view)
    card = card_for(view, asked, desk)
    if asked is otherwise and isinstance(card, Card):
        card = replace(card, sections=(*only_its_number(first), *card.sections))
    link = _paper(house, view)
    if link and isinstance(card, Card):
        return replace(card, actions=(link, *card.actions))
    if isinstance(view, PhotoList) and isinstance(card, Page):
        return replace(card, actions=photo_links(house, view.photos)[:PHOTOS_OPENED])
    return card


def _paper(house: House, view: Any) -> Action | None:
    """The button that opens what is shown as a paper, where there is one."""
    if isinstance(view, DocumentView):
        return document_link(house, view.brief.number, view.brief.id)
    if isinstance(view, ReturnView) and view.label and view.label.has_paper:
        return label_link(house, view.brief.number, view.label.id)
    return proof_link(house, view.order, view.order_id) if isinstance(view, ProofView) else None


async def _found(house: House, asked: Any, caller: Caller) -> Any:
    """What there is, or why there is none; a search that finds one order shows it."""
    try:
        view = await house.query(asked, caller)
        if isinstance(view, OrderPage) and asked.text and len(view.orders) == 1 and not asked.after:
            return await house.query(ShowOrder(view.orders[0].number), caller)
    except Refusal as refusal:
        return refusal
    return view


def _is_nothing(view: Any) -> bool:
    if isinstance(view, Refusal):
        return view.code == "not_found"
    return isinstance(view, OrderPage) and not view.orders


# --- forms --------------------------------------------------------------------------------------


async def _form(
    house: House,
    spec: Spec,
    given: Mapping[str, Any],
    caller: Caller,
    desk: Desk,
    problem: str = "",
) -> Card | Form:
    if spec.verb == "count-list":
        return await _count_form(house, spec, given, caller, desk)
    about = next((s.name for s in slots_of(spec.shape) if s.kind is Arg.ORDER), "")
    number = str(given.get(about, ""))
    if not number:
        return form_for(spec, given, desk, problem)
    if spec.shape is ReturnHere:
        return await _counter_form(house, spec, number, given, caller, desk, problem)
    try:
        view: OrderView = await house.query(ShowOrder(number), caller)
    except Refusal as refusal:
        return refusal_card(refusal)
    if spec.verb == "cancel" and (too_late := _too_late_to_cancel(view)):
        return refusal_card(too_late)
    if spec.shape in (EditOrder, ChangeOrder):
        return await _edit_form(house, view, given, caller, problem)
    if spec.verb == "return":
        return return_form(spec, view, given, desk)
    if any(slot.kind is Arg.UNITS for slot in slots_of(spec.shape)):
        return units_form(spec, view, given, desk, problem)
    known = {**given, about: view.number}
    return replace(form_for(spec, known, desk, problem), version=view.version)


async def _counter_form(
    house: House,
    spec: Spec,
    number: str,
    given: Mapping[str, Any],
    caller: Caller,
    desk: Desk,
    problem: str,
) -> Card | Form:
    """Whoever stands at the counter is served, wherever the order shipped from."""
    try:
        view: CounterView = await house.query(ShowCounter(number), caller)
    except Refusal as refusal:
        return refusal_card(refusal)
    return counter_form(spec, view, given, desk, problem)


async def _count_form(
    house: House, spec: Spec, given: Mapping[str, Any], caller: Caller, desk: Desk
) -> Card | Form:
    """The list of a task as figures to fill in; without a number, the one task that is open."""
    try:
        view: CountsView = await house.query(ListCounts(str(given.get("location", ""))), caller)
    except Refusal as refusal:
        return refusal_card(refusal)
    numbers = [task.number for task in view.tasks if task.opened_at is not None]
    number = int(given.get("task") or (numbers[0] if len(numbers) == 1 else 0))
    return count_form(spec, view, number, desk) or counts_card(view, desk)


async def _edit_form(
    house: House,
    view: OrderView,
    given: Mapping[str, Any],
    caller: Caller,
    problem: str,
) -> Card | Form:
    """The edit as it stands, to be gone on with; a card when the order cannot be edited."""
    try:
        edit: EditView = await house.query(TryEdit(view.number), caller)
    except Refusal as refusal:
        return refusal_card(refusal)
    return edit_form(edit, given, problem)


def _too_late_to_cancel(view: OrderView) -> Refusal | None:
    """Said before anybody fills in a form for nothing; the engine would refuse it all the same."""
    if view.canceled_at is not None:
        return NotPossible(f"Order {view.number} is already canceled.")
    if any(line.shipped for line in view.lines):
        return NotPossible(
            f"Order {view.number} has already shipped, at least in part.",
            f"Start a return instead: `return {view.number}`.",
        )
    return None

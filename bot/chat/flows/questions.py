"""How each open question sounds and which buttons it has: asked first, and asked again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.chat.flows.choosing import by_number
from bot.chat.flows.reporting import report_question, reportable, still_stands
from bot.chat.flows.scene import HUMAN, STOP, YES_NO, Scene, offer
from bot.chat.talk import Answer, Asking, Offer, Phrase, Say, Talk
from bot.chat.understanding import fault_meant
from bot.chat.words import say
from core.queries.facts import OrderFacts, ReturnableFacts

REASONS = (
    "SIZE_TOO_SMALL",
    "SIZE_TOO_LARGE",
    "DEFECTIVE",
    "WRONG_ITEM",
    "UNWANTED",
    "NOT_AS_DESCRIBED",
    "COLOR",
    "STYLE",
    "OTHER",
    "UNKNOWN",
)
REASONS_SHOWN = 5
# Reasons that a colleague can only judge by a few words about the goods.
TOLD_APART = ("DEFECTIVE", "WRONG_ITEM", "NOT_AS_DESCRIBED")
WISHES = ("refund", "exchange", "credit", "replacement")
SIZES = ("SIZE_TOO_SMALL", "SIZE_TOO_LARGE")
GRAVE = frozenset({"refund_request", "item_problem", "complaint", "payment_issue"})
CHOICES = 4
CHOSEN = ("order:", "line:", "reason:", "fault:", "wish:")
WHICH_ORDER = {"track_order": "order.which", "return_item": "return.which_order"}

Question = tuple[tuple[Say, ...], tuple[Offer, ...]]


def put(talk: Talk, asking: Asking, scene: Scene, *before: Say) -> Answer:
    """Ask `asking`, after whatever has to be said first."""
    says, offers = question(talk, asking, scene)
    return Answer(replace(talk, asking=asking), (*before, *says), offers)


def question(talk: Talk, asking: Asking, scene: Scene) -> Question:
    match asking.what:
        case "contact":
            return _contact(talk)
        case "code":
            return (say("identify.code_ask"),), CODE_OFFERS
        case "which_order":
            return _which_order(talk, asking, scene)
        case "wish_text":
            return (say(f"wish.ask_{asking.kind}", number=asking.order),), (STOP,)
        case "wish_confirm":
            return (_wish_confirm(asking),), YES_NO
        case _ if asking.what.startswith("claim_"):
            return report_question(asking, scene)
        case _:
            return _return_question(asking, scene)


def picked_number(talk: Talk, asking: Asking, scene: Scene) -> str:
    """A bare 1 is the first of the shown choices; empty when it is none of them."""
    said = scene.heard.text.strip(" .)")
    if not (said.isascii() and said.isdigit() and len(said) == 1):
        return ""
    shown = [one.action for one in question(talk, asking, scene)[1]]
    choices = [action for action in shown if action.startswith(CHOSEN)]
    return choices[int(said) - 1] if 1 <= int(said) <= len(choices) else ""


CODE_OFFERS = (
    offer("new_code", "button.new_code"),
    offer("other_contact", "button.other_contact"),
    HUMAN,
)


def _contact(talk: Talk) -> Question:
    if talk.wanted and talk.wanted.intent in GRAVE:
        return (say("identify.ask_calm"),), (HUMAN, STOP)
    if talk.number:
        return (say("identify.ask_number", number=talk.number),), (HUMAN, STOP)
    return (say("identify.ask"),), (HUMAN, STOP)


def _which_order(talk: Talk, asking: Asking, scene: Scene) -> Question:
    fault = fault_meant(asking.text, talk.language)
    orders = fitting(scene.orders(), asking.intent, fault)[:CHOICES]
    choices = tuple(
        offer(f"order:{o.number}", "button.order", number=o.number, placed_on=o.placed_on)
        for o in orders
    )
    phrase = WHICH_ORDER.get(asking.intent, "wish.which_order")
    return (say(phrase),), (*choices, HUMAN, STOP)


def fitting(orders: Sequence[OrderFacts], intent: str, fault: str = "") -> list[OrderFacts]:
    """The orders a question is about: for a return those with returnable lines, for something
    wrong those of which this can be reported, else those that have arrived, if there are any."""
    if intent == "item_problem":
        told = [order for order in orders if reportable(order.claimable, fault)]
        return told or [order for order in orders if order.has_arrived] or list(orders)
    return [order for order in orders if intent != "return_item" or order.returnable]


def _wish_confirm(asking: Asking) -> Say:
    if asking.kind == "cancel":
        return say("wish.confirm_cancel", number=asking.order)
    return say(f"wish.confirm_{asking.kind}", number=asking.order, text=asking.text)


def _return_question(asking: Asking, scene: Scene) -> Question:
    lines = lines_of(scene, asking.order)
    match asking.what:
        case "return_line":
            return _return_line(asking, lines)
        case "return_quantity":
            return _return_quantity(asking, lines)
        case "return_reason":
            return _return_reason(asking)
        case "return_detail":
            return (say(f"return.detail_{asking.reason}"),), (offer("skip", "button.skip"), STOP)
        case "return_photo":
            return (say("claim.photo"),), (offer("skip", "button.skip"), HUMAN, STOP)
        case "return_wish":
            return _return_wish(asking, lines)
        case _:
            return (_return_confirm(asking, lines),), YES_NO


def lines_of(scene: Scene, number: str) -> tuple[ReturnableFacts, ...]:
    order = by_number(scene.orders(), number)
    return order.returnable if order else ()


def stands(asking: Asking, scene: Scene) -> bool:
    """False once the lines that a return question speaks of can no longer be returned."""
    if asking.what.startswith("claim_"):
        return still_stands(asking, scene)
    if not asking.what.startswith("return_"):
        return True
    quantities = {line.line_id: line.quantity for line in lines_of(scene, asking.order)}
    chosen = (*asking.lines, *(((asking.line, 1),) if asking.line else ()))
    return bool(quantities) and all(quantities.get(line, 0) >= n for line, n in chosen)


def left_to_choose(asking: Asking, lines: Sequence[ReturnableFacts]) -> tuple[ReturnableFacts, ...]:
    taken = {line_id for line_id, _ in asking.lines}
    return tuple(line for line in lines if line.line_id not in taken)


def _return_line(asking: Asking, lines: Sequence[ReturnableFacts]) -> Question:
    left = left_to_choose(asking, lines)
    shown = tuple(
        offer(f"line:{line.line_id}", "button.line", title=line.title, quantity=line.quantity)
        for line in left[:CHOICES]
    )
    hidden = tuple(
        say("button.line", title=line.title, quantity=line.quantity) for line in left[CHOICES:]
    )
    if asking.lines:
        return (say("return.more_lines"), *hidden), (*shown, offer("done", "button.done"), STOP)
    whole = offer("whole", "button.whole")
    return (say("return.which_line", number=asking.order), *hidden), (*shown, whole, STOP)


def _return_quantity(asking: Asking, lines: Sequence[ReturnableFacts]) -> Question:
    line = next(line for line in lines if line.line_id == asking.line)
    counts = sorted({*range(1, min(line.quantity, CHOICES) + 1), line.quantity})
    choices = tuple(offer(f"qty:{n}", "button.quantity", quantity=n) for n in counts[-5:])
    return (say("return.quantity", title=line.title, quantity=line.quantity),), (*choices, STOP)


def _return_reason(asking: Asking) -> Question:
    later = asking.reason == "more"
    shown = REASONS[REASONS_SHOWN:] if later else REASONS[:REASONS_SHOWN]
    turn_page = (
        offer("reasons:first", "button.fewer_reasons")
        if later
        else offer("reasons:more", "button.more_reasons")
    )
    choices = tuple(offer(f"reason:{name}", f"return_reason.{name}") for name in shown)
    return (say("return.reason"),), (*choices, turn_page)


def wishes_of(asking: Asking, lines: Sequence[ReturnableFacts]) -> tuple[str, ...]:
    """What the shop offers for every chosen line."""
    chosen = {line_id for line_id, _ in asking.lines}
    offered = [line.wishes for line in lines if line.line_id in chosen]
    return tuple(wish for wish in WISHES if offered and all(wish in each for each in offered))


def _return_wish(asking: Asking, lines: Sequence[ReturnableFacts]) -> Question:
    chosen = {line_id for line_id, _ in asking.lines}
    bonus = min((line.bonus for line in lines if line.line_id in chosen), default=0)
    wishes = wishes_of(asking, lines)
    is_size = asking.reason in SIZES and "exchange" in wishes
    ask = say("return.wish_size" if is_size else "return.wish")
    return (ask,), (*(_wish_offer(wish, bonus) for wish in wishes), STOP)


def _wish_offer(wish: str, bonus: int) -> Offer:
    if wish == "credit" and bonus:
        return offer("wish:credit", "return_wish.credit_bonus", percent=bonus)
    return offer(f"wish:{wish}", f"return_wish.{wish}")


def _return_confirm(asking: Asking, lines: Sequence[ReturnableFacts]) -> Say:
    titles = {line.line_id: line.title for line in lines}
    items = items_text((titles[line_id], quantity) for line_id, quantity in asking.lines)
    reason = Phrase(f"return_reason.{asking.reason}")
    return say("return.confirm", number=asking.order, items=items, reason=reason)


def items_text(lines: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{quantity} × {title}" for title, quantity in lines)

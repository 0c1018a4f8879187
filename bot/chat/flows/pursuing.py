"""Following one wish to its journey: who may ask, which order it is about, what happens then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.chat.flows import claiming, returning, wishing
from bot.chat.flows.choosing import by_number, order_meant
from bot.chat.flows.identify import identify
from bot.chat.flows.picturing import in_words, recent
from bot.chat.flows.questions import GRAVE, fitting, picked_number, put
from bot.chat.flows.reporting import reportable
from bot.chat.flows.scene import HUMAN, MENU, SURE, TEXT_KEPT, Scene, known, offer
from bot.chat.flows.tracking import describe, next_steps, return_states
from bot.chat.talk import Answer, Asking, Offer, Price, Talk, Wanted
from bot.chat.understanding import fault_meant, understand
from bot.chat.words import say
from core.queries.facts import OrderFacts

TRACKING = frozenset({"track_order", "order_details", "delivery_problem"})
_CREDIT = re.compile("store credit|credit balance|guthaben", re.IGNORECASE)
WITHOUT_NAME = {
    "policy_question": "repair.policy",
    "shipping_info": "repair.policy",
    "complaint": "repair.complaint",
    "out_of_scope": "repair.beyond",
}


def pursue(talk: Talk, wanted: Wanted, scene: Scene) -> Answer:
    """Answer `wanted`; when that needs to know who asks, find out first and keep it."""
    if wanted.intent == "human_agent":
        return call_human(talk, scene, wanted.text)
    if wanted.intent == "smalltalk":
        return small_talk(talk, scene)
    if phrase := WITHOUT_NAME.get(wanted.intent):
        return Answer(talk, (say(phrase),), (HUMAN, *MENU[:2]))
    if not known(talk, scene.heard.at):
        return identify(talk, wanted, scene)
    return _for_customer(replace(talk, wanted=None, asking=None), wanted, scene)


def call_human(talk: Talk, scene: Scene, text: str) -> Answer:
    scene.desk.call_human("\n".join(filter(None, (text, in_words(recent(talk, scene.heard.at))))))
    with_person = replace(talk, mode="person", asking=None, wanted=None, misses=0)
    return Answer(with_person, (say("person.called"),), (offer("bot", "button.bot"),))


def small_talk(talk: Talk, scene: Scene) -> Answer:
    if scene.control in {"thanks", "bye"}:
        return Answer(talk, (say(f"menu.{scene.control}"),))
    return greet(talk)


def greet(talk: Talk) -> Answer:
    return Answer(talk, (say("menu.greeting" if talk.turn <= 1 else "menu.again"),), MENU)


def _for_customer(talk: Talk, wanted: Wanted, scene: Scene) -> Answer:
    orders = scene.orders()
    if not orders:
        return Answer(talk, (say("order.none"),), (HUMAN,))
    if wanted.intent == "which_order":
        return put(talk, Asking("which_order", intent="track_order"), scene)
    if wanted.intent == "refund_status" and not wanted.order:
        return _returns(replace(talk, last=wanted), orders, scene, wanted.text)
    return _about_order(talk, wanted, orders, scene)


def _about_order(talk: Talk, wanted: Wanted, orders: Sequence[OrderFacts], scene: Scene) -> Answer:
    if wanted.order:
        order = by_number(orders, wanted.order)
        if order is None:
            unknown = say("order.unknown", number=wanted.order)
            return put(talk, _which(wanted), scene, unknown)
        return act(talk, wanted, order, scene)
    if order := _meant(talk, wanted, orders):
        return act(talk, wanted, order, scene)
    if not _fitting(talk, orders, wanted):
        return returning.nothing_left(talk, orders)
    calm = (say("repair.serious"),) if wanted.intent in GRAVE else ()
    return put(talk, _which(wanted), scene, *calm)


def _fitting(talk: Talk, orders: Sequence[OrderFacts], wanted: Wanted) -> list[OrderFacts]:
    return fitting(orders, wanted.intent, fault_meant(wanted.text, talk.language))


def _which(wanted: Wanted) -> Asking:
    return Asking("which_order", intent=wanted.intent, text=wanted.text)


def _meant(talk: Talk, wanted: Wanted, orders: Sequence[OrderFacts]) -> OrderFacts | None:
    """By the words of the question, or because only one order can be meant."""
    ordinal = understand(wanted.text, talk.language).entities.ordinal if wanted.text else None
    if order := order_meant(orders, wanted.text, ordinal):
        return order
    candidates = _fitting(talk, orders, wanted)
    if wanted.intent in TRACKING and len(candidates) > 1:
        candidates = [order for order in candidates if order.is_open]
    if len(candidates) == 1:
        return candidates[0]
    return None if wanted.intent in TRACKING else _just_spoken_of(talk, candidates)


def _just_spoken_of(talk: Talk, candidates: Sequence[OrderFacts]) -> OrderFacts | None:
    """ "Cancel it", said right after an order was shown, means that order."""
    return by_number(candidates, talk.last.order) if talk.last else None


def hear_order(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    """An answer to "which order?": pressed, a number, a counting word, or words of an item."""
    wanted = Wanted(asking.intent, text=asking.text)
    orders = _fitting(talk, scene.orders(), wanted)
    numbers = [action.removeprefix("order:")] if action else scene.read.entities.order_numbers
    named = scene.orders() if asking.intent == "item_problem" else orders  # shown or not
    for number in numbers:
        if order := by_number(named, number):
            return act(replace(talk, asking=None), wanted, order, scene)
    if picked := picked_number(talk, asking, scene):
        return hear_order(talk, asking, scene, picked)
    text, ordinal = scene.heard.text, scene.read.entities.ordinal
    another = scene.read.confidence >= SURE and scene.read.intent != asking.intent
    if not action and not another and (order := order_meant(orders, text, ordinal)):
        if asking.intent == "return_item":
            wanted = replace(wanted, text=f"{asking.text} {text}"[:TEXT_KEPT])
        return act(replace(talk, asking=None), wanted, order, scene)
    if numbers and not action:
        return put(talk, asking, scene, say("order.unknown", number=numbers[0]))
    return None


def act(talk: Talk, wanted: Wanted, order: OrderFacts, scene: Scene) -> Answer:
    talk = replace(talk, last=replace(wanted, order=order.number))
    several = len(scene.orders()) > 1
    match wanted.intent:
        case "track_order" | "order_details" | "delivery_problem":
            at = scene.heard.at
            steps = (*_lost(wanted, order), *next_steps(order, several, at))
            return Answer(talk, describe(order, at, talk.language), steps)
        case "refund_status":
            return _returns(talk, [order], scene, wanted.text)
        case "return_item":
            return returning.start(talk, order, scene, wanted.text)
        case "item_problem" if reportable(order.claimable, fault_meant(wanted.text, talk.language)):
            return claiming.start(talk, order, scene, wanted.text)
        case "refund_request" | "item_problem":
            return _return_or_report(talk, wanted.intent, order)
        case "cancel_order" if order.returnable and not order.can_cancel:
            return _return_instead(talk, order)
        case "watch":
            scene.desk.watch(order.number)
            return Answer(talk, (say("order.watching", number=order.number),))
        case _:
            return wishing.start(talk, wanted.intent, order.number, wanted.text, scene)


def _lost(wanted: Wanted, order: OrderFacts) -> tuple[Offer, ...]:
    """Who says that something did not arrive may report it, once it is quiet."""
    gone = any(line.never_came for line in order.claimable)
    if wanted.intent != "delivery_problem" or not gone:
        return ()
    return (offer(f"claim:{order.number}", "fault.never"),)


def _returns(talk: Talk, orders: Sequence[OrderFacts], scene: Scene, asked: str) -> Answer:
    """What became of returns and their money; credit is money that came back."""
    left = scene.desk.credit()
    credit = tuple(say("return.credit", credit=Price(amount, code)) for code, amount in left)
    states = return_states(list(orders))
    if _CREDIT.search(asked):
        says = (*(credit or (say("return.no_credit"),)), *states)
    else:
        reports = claiming.states(scene, {order.number for order in orders})
        says = (*states, *reports, *credit) or (say("return.none"),)
    open_ones = [each.number for order in orders for each in order.returns if each.can_cancel]
    offers = [offer(f"unreturn:{n}", "button.unreturn", number=n) for n in open_ones[:2]]
    return Answer(talk, says, (*offers, HUMAN))


def _return_instead(talk: Talk, order: OrderFacts) -> Answer:
    """What has arrived can no longer be canceled, but it can go back."""
    offers = (offer(f"return:{order.number}", "button.return"), HUMAN)
    return Answer(talk, (say("return.instead", number=order.number),), offers)


def _return_or_report(talk: Talk, intent: str, order: OrderFacts) -> Answer:
    problem = "wish.item_problem" if order.returnable else "wish.item_problem_alone"
    phrase = problem if intent == "item_problem" else "return.offer"
    report = offer(f"report:{order.number}", "button.report")
    back = offer(f"return:{order.number}", "button.return")
    offers = (back, HUMAN) if order.returnable else (HUMAN,)
    return Answer(talk, (say(phrase),), (*offers, report))

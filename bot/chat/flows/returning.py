"""Returning delivered lines: which, how many, why, what for, an explicit yes, what came of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.chat.flows.choosing import by_number, label_meant, lines_meant
from bot.chat.flows.picturing import recent
from bot.chat.flows.questions import (
    REASONS,
    TOLD_APART,
    WISHES,
    items_text,
    left_to_choose,
    lines_of,
    picked_number,
    put,
    wishes_of,
)
from bot.chat.flows.scene import HUMAN, TEXT_KEPT, Scene, offer
from bot.chat.flows.tracking import state_of, status, steps_of
from bot.chat.talk import Answer, Asking, Phrase, Question, Say, Talk
from bot.chat.understanding import reason_meant
from bot.chat.words import phrases, say
from core.domain.refusals import Refusal
from core.queries.facts import OrderFacts, ReturnableFacts, ReturnFacts

NOTHING = (say("return.nothing"),)
GOING = ("requested", "approved", "received", "restocked", "refund_due")


def start(talk: Talk, order: OrderFacts, scene: Scene, text: str = "") -> Answer:
    """The line and the reason that the wish already names are not asked for again."""
    if not order.returnable:
        return nothing_left(replace(talk, asking=None), [order])
    reason = reason_meant(text, talk.language)
    told = text if reason in TOLD_APART else ""
    asking = Asking("return_line", "return_item", order.number, reason=reason, text=told)
    named = order.returnable if len(order.returnable) == 1 else lines_meant(order.returnable, text)
    if len(named) == 1:
        return _choose(talk, replace(asking, complete=True), named[0], scene)
    return put(talk, asking, scene)


def nothing_left(talk: Talk, orders: Sequence[OrderFacts]) -> Answer:
    """Nothing can go back: what is on its way back already is named, and can be taken back."""
    going = [(order, each) for order in orders for each in order.returns if each.status in GOING]
    if not going:
        return Answer(talk, NOTHING, (HUMAN,))
    says = tuple(line for order, each in going for line in state_of(order, each))
    open_ones = [each.number for _, each in going if each.can_cancel]
    offers = tuple(offer(f"unreturn:{n}", "button.unreturn", number=n) for n in open_ones[:2])
    return Answer(talk, (say("return.already"), *says), (*offers, HUMAN))


def hear_line(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    left = left_to_choose(asking, lines_of(scene, asking.order))
    if asking.lines and "done" in (action, scene.control):
        return _to_reason(talk, asking, scene)
    action = action or picked_number(talk, asking, scene)
    if action == "whole" or scene.control == "all":
        rest = tuple((line.line_id, line.quantity) for line in left)
        return _to_reason(talk, replace(asking, lines=(*asking.lines, *rest)), scene)
    chosen = _lines(left, scene, action)
    if len(chosen) == 1:
        return _choose(talk, _with_reason(talk, asking, scene), chosen[0], scene)
    return _only_reason(talk, asking, scene)


def _lines(left: tuple[ReturnableFacts, ...], scene: Scene, action: str) -> list[ReturnableFacts]:
    if action:
        return [line for line in left if action == f"line:{line.line_id}"]
    return lines_meant(left, scene.heard.text, scene.read.entities.ordinal)


def _with_reason(talk: Talk, asking: Asking, scene: Scene) -> Asking:
    return replace(asking, reason=reason_meant(scene.heard.text, talk.language) or asking.reason)


def _only_reason(talk: Talk, asking: Asking, scene: Scene) -> Answer | None:
    """The reason came before its turn: it is kept, and what is still open is asked."""
    reason = reason_meant(scene.heard.text, talk.language)
    if not reason:
        return None
    noted = replace(asking, reason=reason)
    if asking.what == "return_line" and asking.lines:
        return _to_reason(talk, noted, scene)
    return put(talk, noted, scene, say("return.noted", reason=Phrase(f"return_reason.{reason}")))


def _choose(talk: Talk, asking: Asking, line: ReturnableFacts, scene: Scene) -> Answer:
    if line.quantity > 1:
        asked = replace(asking, what="return_quantity", line=line.line_id)
        return put(talk, asked, scene)
    return _add(talk, asking, line.line_id, 1, scene)


def hear_quantity(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    lines = {line.line_id: line.quantity for line in lines_of(scene, asking.order)}
    most = lines[asking.line]
    said = str(most) if scene.control == "all" else action.removeprefix("qty:")
    found = re.findall(r"-?\d+", said or scene.heard.text[:40])
    if not found:
        return _only_reason(talk, asking, scene)
    if len(found) != 1 or not found[0].isascii() or not 1 <= int(found[0]) <= most:
        return None
    return _add(talk, _with_reason(talk, asking, scene), asking.line, int(found[0]), scene)


def _add(talk: Talk, asking: Asking, line_id: str, quantity: int, scene: Scene) -> Answer:
    added = replace(asking, line="", lines=(*asking.lines, (line_id, quantity)))
    complete = added.complete or added.reason in REASONS
    if not complete and left_to_choose(added, lines_of(scene, asking.order)):
        return put(talk, replace(added, what="return_line"), scene)
    return _to_reason(talk, added, scene)


def _to_reason(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    if asking.reason in REASONS:
        return _to_detail(talk, replace(asking, line=""), scene)
    return put(talk, replace(asking, what="return_reason", line=""), scene)


def _to_detail(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """Some reasons want a few words of their own, unless they were said already."""
    if asking.reason in TOLD_APART and not asking.text:
        return put(talk, replace(asking, what="return_detail"), scene)
    return _to_photo(talk, asking, scene)


def hear_detail(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if "skip" in (action, scene.control) or scene.control == "no":
        return _to_photo(talk, asking, scene)
    text = scene.heard.text.strip()
    if not text or action:
        return None
    return _to_photo(talk, replace(asking, text=text[:TEXT_KEPT]), scene)


def _to_photo(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """Where the shop's rules want to see it; without a photo somebody has to look."""
    lines = tuple(line for line, _ in asking.lines)
    missing = not recent(talk, scene.heard.at)
    if missing and scene.desk.needs_photo(asking.order, lines, asking.reason):
        return put(talk, replace(asking, what="return_photo"), scene)
    return _to_wish(talk, asking, scene)


def hear_photo(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if scene.heard.photo or "skip" in (action, scene.control) or scene.control == "no":
        return _to_wish(talk, asking, scene)
    return None


def _to_wish(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """Money is what there is, unless the shop offers more for all of these lines."""
    several = len(wishes_of(asking, lines_of(scene, asking.order))) > 1
    what: Question = "return_wish" if several and not asking.wish else "return_confirm"
    return put(talk, replace(asking, what=what), scene)


def hear_wish(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    action = action or picked_number(talk, asking, scene)
    wish = action.removeprefix("wish:") or _wish_meant(talk.language, scene.heard.text)
    if wish not in wishes_of(asking, lines_of(scene, asking.order)):
        return None
    return put(talk, replace(asking, what="return_confirm", wish=wish), scene)


def _wish_meant(language: str, text: str) -> str:
    """The wish whose label the text comes close to."""
    labels = {name: str(phrases(language)[f"return_wish.{name}"]).lower() for name in WISHES}
    return label_meant(text, labels)


def hear_reason(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if action.startswith("reasons:"):
        page = "more" if action == "reasons:more" else ""
        return put(talk, replace(asking, reason=page), scene)
    action = action or picked_number(talk, asking, scene)
    reason = action.removeprefix("reason:") or _reason_meant(talk.language, scene.heard.text)
    if reason not in REASONS:
        return None
    return _to_detail(talk, replace(asking, reason=reason), scene)


def _reason_meant(language: str, text: str) -> str:
    """The reason said in words, or the one whose label the text comes close to."""
    if reason := reason_meant(text, language):
        return reason
    labels = {name: str(phrases(language)[f"return_reason.{name}"]).lower() for name in REASONS}
    return label_meant(text, labels)


def hear_confirm(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if "yes" in (action, scene.control):
        return _request(replace(talk, asking=None), asking, scene)
    if "no" in (action, scene.control):
        return Answer(replace(talk, asking=None), (say("repair.stopped"),))
    if scene.control == "back":
        return put(talk, replace(asking, what="return_reason", reason=""), scene)
    if reason := reason_meant(scene.heard.text, talk.language):
        return put(talk, replace(asking, reason=reason), scene)
    return None


def _request(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    note = asking.text if asking.reason in TOLD_APART else ""
    wish = asking.wish or "refund"
    photos = recent(talk, scene.heard.at)
    asked = scene.desk.request_return(asking.order, asking.lines, asking.reason, wish, note, photos)
    if isinstance(asked, Refusal):
        return Answer(talk, (say("return.refused"),), (HUMAN,))
    talk = replace(talk, photos=(), photos_at=None)
    offers = (HUMAN,) if asked.status in ("rejected", "requested") else ()
    return Answer(talk, (_result(asked), *next_of(asked, scene, asking.order)), offers)


def _result(asked: ReturnFacts) -> Say:
    items = items_text(asked.lines)
    if asked.status == "rejected":
        return say("return.rejected", number=asked.number, items=items)
    return say("return.asked", number=asked.number, status=status(asked.status), items=items)


def next_of(asked: ReturnFacts, scene: Scene, order: str) -> tuple[Say, ...]:
    found = by_number(scene.orders(), order)
    return tuple(steps_of(asked, found.currency if found else ""))


def cancel(talk: Talk, number: str, scene: Scene) -> Answer:
    """A return that nothing has come of yet is taken back."""
    if scene.desk.cancel_return(number) is None:
        return Answer(talk, (say("return.taken_back", number=number),))
    return Answer(talk, (say("return.refused"),), (HUMAN,))

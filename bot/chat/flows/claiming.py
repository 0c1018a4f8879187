"""Reporting what is wrong with a delivery: what, which line, a photo, what for, an explicit yes."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.chat.flows.choosing import label_meant, lines_meant
from bot.chat.flows.picturing import recent
from bot.chat.flows.questions import items_text, picked_number, put
from bot.chat.flows.reporting import FAULTS, NEVER, REMEDIES, able, claimable_of
from bot.chat.flows.scene import HUMAN, TEXT_KEPT, Scene
from bot.chat.talk import Answer, Asking, Say, Talk
from bot.chat.understanding import fault_meant
from bot.chat.words import phrases, say
from core.domain.refusals import Refusal
from core.queries.facts import ClaimFacts, OrderFacts


def start(talk: Talk, order: OrderFacts, scene: Scene, text: str = "") -> Answer:
    """What the first words already say, of the fault and of the goods, is not asked again."""
    fault = fault_meant(text, talk.language)
    asking = Asking("claim_reason", "item_problem", order.number, reason=fault, text=text)
    if fault and not able(asking, order.claimable):
        asking = replace(asking, reason="")
    return _next(talk, asking, scene)


def _next(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """The first question that is still open."""
    if not asking.reason:
        return put(talk, replace(asking, what="claim_reason"), scene)
    if not asking.lines:
        return _which(talk, asking, scene)
    if not asking.complete and _wants_photo(talk, asking, scene):
        return put(talk, replace(asking, what="claim_photo"), scene)
    if not asking.wish:
        return put(talk, replace(asking, what="claim_wish"), scene)
    return put(talk, replace(asking, what="claim_confirm"), scene)


def _wants_photo(talk: Talk, asking: Asking, scene: Scene) -> bool:
    lines = tuple(line for line, _ in asking.lines)
    missing = not recent(talk, scene.heard.at)
    return missing and scene.desk.needs_photo(asking.order, lines, asking.reason)


def _which(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    units = able(asking, claimable_of(scene, asking.order))
    lines = [line for line in claimable_of(scene, asking.order) if units.get(line.line_id)]
    named = lines if len(lines) == 1 else lines_meant(lines, asking.text)
    if asking.line or len(named) == 1:
        line = asking.line or named[0].line_id
        if units[line] == 1:
            return _next(talk, replace(asking, line="", lines=((line, 1),)), scene)
        return put(talk, replace(asking, what="claim_quantity", line=line), scene)
    return put(talk, replace(asking, what="claim_line"), scene)


def hear_reason(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    action = action or picked_number(talk, asking, scene)
    text = scene.heard.text
    fault = action.removeprefix("fault:") or fault_meant(text, talk.language)
    fault = fault or _closest(text, talk.language, "fault", FAULTS)
    chosen = replace(asking, reason=fault)
    if fault not in FAULTS or not able(chosen, claimable_of(scene, asking.order)):
        return None
    return _next(talk, chosen, scene)


def _closest(text: str, language: str, group: str, names: tuple[str, ...]) -> str:
    """The choice whose label the text comes close to."""
    labels = {name: str(phrases(language)[f"{group}.{name}"]).lower() for name in names}
    return label_meant(text, labels)


def hear_line(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    units = able(asking, claimable_of(scene, asking.order))
    action = action or picked_number(talk, asking, scene)
    if action == "whole" or scene.control == "all":
        return _next(talk, replace(asking, lines=tuple(units.items())), scene)
    lines = [line for line in claimable_of(scene, asking.order) if line.line_id in units]
    if action:
        found = [line for line in lines if action == f"line:{line.line_id}"]
    else:
        found = lines_meant(lines, scene.heard.text, scene.read.entities.ordinal)
    if len(found) != 1:
        return None
    return _next(talk, replace(asking, line=found[0].line_id), scene)


def hear_quantity(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    most = able(asking, claimable_of(scene, asking.order))[asking.line]
    said = str(most) if scene.control == "all" else action.removeprefix("qty:")
    found = re.findall(r"-?\d+", said or scene.heard.text[:40])
    if len(found) != 1 or not found[0].isascii() or not 1 <= int(found[0]) <= most:
        return None
    chosen = replace(asking, line="", lines=((asking.line, int(found[0])),))
    return _next(talk, chosen, scene)


def hear_photo(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    """A photo, or the word to go on without: then a person looks at it."""
    if scene.heard.photo or "skip" in (action, scene.control) or scene.control == "no":
        return _next(talk, replace(asking, complete=True), scene)
    return None


def hear_wish(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    action = action or picked_number(talk, asking, scene)
    text = scene.heard.text
    wish = action.removeprefix("wish:") or _closest(text, talk.language, "remedy", REMEDIES)
    if wish not in REMEDIES:
        return None
    return _next(talk, replace(asking, wish=wish), scene)


def hear_confirm(talk: Talk, asking: Asking, scene: Scene, action: str) -> Answer | None:
    if "yes" in (action, scene.control):
        return _send(replace(talk, asking=None), asking, scene)
    if "no" in (action, scene.control):
        return Answer(replace(talk, asking=None), (say("repair.stopped"),))
    if scene.control == "back":
        return _next(talk, replace(asking, reason="", lines=(), wish=""), scene)
    return None


def _send(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    photos = recent(talk, scene.heard.at)
    reason = _reason(asking, scene)
    note = asking.text[:TEXT_KEPT]
    made = scene.desk.claim(asking.order, asking.lines, reason, asking.wish, note, photos)
    if isinstance(made, Refusal):
        return Answer(talk, (say("return.refused"),), (HUMAN,))
    told = Answer(replace(talk, photos=(), photos_at=None), tuple(state_of(made)))
    return told if made.status == "settled" else replace(told, offers=(HUMAN,))


def _reason(asking: Asking, scene: Scene) -> str:
    """What never came was lost on its way, or else its carrier says that it was delivered."""
    if asking.reason != NEVER:
        return asking.reason
    lines = {line.line_id: line for line in claimable_of(scene, asking.order)}
    arrived = all(lines[line].arrived for line, _ in asking.lines)
    return "not_received" if arrived else "lost"


# --- how reports stand ---------------------------------------------------------------------------


def states(scene: Scene, numbers: set[str]) -> tuple[Say, ...]:
    """Every report about these orders, as it stands."""
    found = (each for order in scene.orders() if order.number in numbers for each in order.claims)
    return tuple(line for each in found for line in state_of(each))


def state_of(made: ClaimFacts) -> list[Say]:
    told = {"number": made.number, "items": items_text(made.lines)}
    if made.status == "settled" and made.remedy == "replacement":
        return [say("claim.again", **told, order=made.result)]
    if made.status == "rejected":
        why = [say("return.why", reason=made.said)] if made.said else []
        return [say("claim.rejected", **told), *why]
    return [say("claim.refund" if made.status == "settled" else "claim.asked", **told)]

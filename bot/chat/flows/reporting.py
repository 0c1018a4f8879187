"""The questions of a report: what is wrong, with which line, a photo of it, and what for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.chat.flows.choosing import by_number
from bot.chat.flows.scene import HUMAN, STOP, YES_NO, Scene, offer
from bot.chat.talk import Asking, Offer, Phrase, Say
from bot.chat.words import say
from core.queries.facts import ClaimableFacts

NEVER = "never"
FAULTS = ("damaged", "wrong_item", "missing", NEVER)
REMEDIES = ("replacement", "refund")
CHOICES = 4

Question = tuple[tuple[Say, ...], tuple[Offer, ...]]


def claimable_of(scene: Scene, number: str) -> tuple[ClaimableFacts, ...]:
    order = by_number(scene.orders(), number)
    return order.claimable if order else ()


def able(asking: Asking, lines: Iterable[ClaimableFacts]) -> dict[str, int]:
    """By line, the units of which this can be said."""
    never = asking.reason == NEVER
    found = {line.line_id: line.never_came if never else line.arrived for line in lines}
    return {line_id: units for line_id, units in found.items() if units}


def reportable(lines: Iterable[ClaimableFacts], fault: str) -> bool:
    """Whether this can be said of any line: only what has arrived can be broken or wrong."""
    kinds = (fault == NEVER or not fault, fault != NEVER)
    return any((line.never_came and kinds[0]) or (line.arrived and kinds[1]) for line in lines)


def still_stands(asking: Asking, scene: Scene) -> bool:
    """False once the units that a report speaks of can no longer be reported."""
    units = able(asking, claimable_of(scene, asking.order))
    chosen = (*asking.lines, *(((asking.line, 1),) if asking.line else ()))
    return bool(units) and all(units.get(line, 0) >= n for line, n in chosen)


def report_question(asking: Asking, scene: Scene) -> Question:
    lines = claimable_of(scene, asking.order)
    match asking.what:
        case "claim_reason":
            return _reason(asking, lines)
        case "claim_line":
            return _line(asking, lines)
        case "claim_quantity":
            return _quantity(asking, lines)
        case "claim_photo":
            return (say("claim.photo"),), (offer("skip", "button.skip"), HUMAN, STOP)
        case "claim_wish":
            wishes = tuple(offer(f"wish:{name}", f"remedy.{name}") for name in REMEDIES)
            return (say("claim.wish"),), (*wishes, STOP)
        case _:
            return (_confirm(asking, lines),), YES_NO


def _reason(asking: Asking, lines: Sequence[ClaimableFacts]) -> Question:
    """Only what can be said of something in this order; sending it back is always another way."""
    has_arrived = any(line.arrived for line in lines)
    has_gone = any(line.never_came for line in lines)
    fitting = [name for name in FAULTS if (has_gone if name == NEVER else has_arrived)]
    shown = tuple(offer(f"fault:{name}", f"fault.{name}") for name in fitting)
    back = offer(f"return:{asking.order}", "button.return")
    return (say("claim.reason"),), (*shown, *((back,) if has_arrived else ()), HUMAN)


def _line(asking: Asking, lines: Sequence[ClaimableFacts]) -> Question:
    units = able(asking, lines)
    meant = [line for line in lines if line.line_id in units]
    shown = tuple(
        offer(f"line:{line.line_id}", "button.line", title=line.title, quantity=units[line.line_id])
        for line in meant[:CHOICES]
    )
    hidden = tuple(
        say("button.line", title=line.title, quantity=units[line.line_id])
        for line in meant[CHOICES:]
    )
    whole = offer("whole", "button.whole")
    return (say("claim.which_line", number=asking.order), *hidden), (*shown, whole, STOP)


def _quantity(asking: Asking, lines: Sequence[ClaimableFacts]) -> Question:
    title = next(line.title for line in lines if line.line_id == asking.line)
    most = able(asking, lines)[asking.line]
    counts = sorted({*range(1, min(most, CHOICES) + 1), most})
    choices = tuple(offer(f"qty:{n}", "button.quantity", quantity=n) for n in counts[-5:])
    return (say("return.quantity", title=title, quantity=most),), (*choices, STOP)


def _confirm(asking: Asking, lines: Sequence[ClaimableFacts]) -> Say:
    titles: Mapping[str, str] = {line.line_id: line.title for line in lines}
    items = ", ".join(f"{units} × {titles.get(line, line)}" for line, units in asking.lines)
    fault, wish = Phrase(f"fault.{asking.reason}"), Phrase(f"remedy.{asking.wish}")
    return say("claim.confirm", number=asking.order, items=items, fault=fault, wish=wish)

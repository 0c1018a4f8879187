"""Buttons: a verb with its arguments, labeled by what it does; never one that leads nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from bot.grammar.desk import Desk
from bot.grammar.lexicon import slots_of, spec_of_verb
from bot.presentation.model import Action
from core.registry import Arg, Spec, spec_of

LABELS = {
    "release": "Release Order",
    "got it": "Got it",
    "recall": "Recall Parcel",
    "void": "Void Label",
    "picked": "Mark Picked",
    "packed": "Mark Packed",
    "ready": "Ready for Pickup",
    "collected": "Hand Over",
    "new code": "Send New Code",
    "hand over": "Hand Over Without Code",
    "return to shelf": "Back to Shelf",
    "pickups": "Show Pickups",
    "deliveries": "Show Deliveries",
    "shipped": "Mark Shipped",
    "delivered": "Mark Delivered",
    "return": "Start Return",
    "hold": "Hold Order",
    "move": "Move Order",
    "cancel": "Cancel Order",
    "reroute": "Plan Route Again",
    "split": "Split Order",
    "merge": "Ship Together",
    "unmerge": "Ship Apart",
    "resend": "Send Again",
    "short": "Report Missing",
    "gift": "Make It a Gift",
    "priority": "Set Priority",
    "note": "Write Note",
    "tag": "Tag Order",
    "untag": "Remove Tag",
    "why": "Why This Location?",
    "show": "Show Order",
    "retry": "Route Again",
    "take": "Take Case",
    "snooze": "Snooze Case",
    "resolve": "Resolve Case",
    "approve": "Approve Return",
    "reject": "Reject Return",
    "received": "Receive Return",
    "claim": "Make a Claim",
    "accept claim": "Accept Claim",
    "reject claim": "Reject Claim",
    "claims": "Show Claims",
    "show-claim": "Open Claim",
    "photos": "Show Photos",
    "return-label": "Add Return Label",
    "counter": "Return Here",
    "boris": "Confirm Code",
    "boris order": "Confirm Code",
    "refunded": "Record Refund",
    "refund now": "Refund",
    "approve refund": "Approve Refund",
    "retry refund": "Try Again",
    "money": "Show Money",
    "paid": "Record Payment",
    "request payment": "Ask for Payment",
    "cancel-return": "Cancel Return",
    "move-on": "Move On",
    "wish": "Give Something Else",
    "match": "Match to an Order",
    "undo": "Undo",
    "edit": "Edit Order",
    "change_order": "Edit Order",
    "confirm": "Confirm Edit",
    "discard": "Discard Edit",
    "preview": "Look Again",
    "search": "Search",
    "print": "Print Picks",
    "picks": "Show Picks",
    "stock": "Show Stock",
    "ask": "Ask Customer",
    "count": "Count Stock",
    "counts": "Show Counts",
    "count-list": "Count the List",
    "count-task": "Ask for a Count",
    "cases": "Show Cases",
    "returns": "Show Returns",
    "exchange": "Exchange",
    "exchange return": "Choose Goods",
    "cancel exchange": "Cancel Exchange",
    "credit add": "Add Credit",
    "document": "Show Document",
    "proof": "Gather Proof",
    "reverse invoice": "Take Invoice Back",
    "invoice": "Make Invoice",
    "credit take": "Take Credit",
    "approve credit": "Approve Credit",
    "credit": "Show Credit",
}
# Buttons that ask a few words first.
ASKING = frozenset(
    {"split", "merge", "resend", "short", "gift", "priority"}
    | {"hold", "recall", "move", "cancel", "note", "tag", "return", "shipped", "snooze", "reject"}
    | {"counter", "boris", "claim", "reject claim", "return-label"}
    | {"paid", "request payment"}
    | {"received", "refunded", "resolve", "adjust", "reply", "cancel-return"}
    | {"credit add", "credit take", "reverse invoice", "exchange", "exchange return"}
    | {"move-on", "wish", "match"}
    | {"collected", "hand over", "return to shelf"}
    | {"count", "count-list", "count-task", "edit", "ask"}
)


def label(verb: str) -> str:
    return LABELS.get(verb) or verb.replace("-", " ").replace("_", " ").title()


def button(
    desk: Desk,
    verb: str,
    subject: str | int = "",
    *,
    version: int | None = None,
    style: Literal["plain", "primary", "danger"] = "plain",
    text: str = "",
    confirm: str = "",
    more: Mapping[str, Any] | None = None,
) -> Action | None:
    """A button about one thing, or None when there is no such verb or it is not this person's."""
    spec = spec_of_verb(verb)
    if spec is None or not desk.actor.may(spec.right):
        return None
    slot = _subject_slot(spec)
    about = {slot: subject} if slot and subject != "" else {}
    return Action(
        label=text or label(verb),
        verb=verb,
        arguments={**about, **(more or {})},
        form=verb in ASKING and not spec.is_question,
        version=version,
        style=style,
        confirm=confirm,
    )


def more_button(asked: Any, after: str | int, desk: Desk) -> Action | None:
    """The same question again, from where its page ended."""
    spec = spec_of(asked)
    said = {name: value for name, value in msgspec.to_builtins(asked).items() if value}
    again = {**said, "after": after}
    return Action("Show More", spec.verb, again) if desk.actor.may(spec.right) else None


def kept(*buttons: Action | None) -> tuple[Action, ...]:
    return tuple(each for each in buttons if each is not None)


def _subject_slot(spec: Spec) -> str:
    kinds = (Arg.ORDER, Arg.CASE, Arg.RETURN, Arg.SKU, Arg.LOCATION, Arg.TEXT)
    return next((s.name for s in slots_of(spec.shape) if s.kind in kinds), "")

"""What has happened to an order, one sentence a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Page
from bot.presentation.words import count, day, money, sentence, state, when
from core.domain.returning.dispositions import lies
from core.queries.timelines import Timeline, Told

LINES_SHOWN = 30
_SURFACES = {
    "slack": "Slack",
    "cli": "command line",
    "api": "API",
    "webhook": "webhook",
    "web": "web",
    "chat": "chat",
    "telegram": "Telegram",
    "system": "",
}
Data = Mapping[str, Any]


def timeline_page(view: Timeline, desk: Desk) -> Page:
    hidden = max(0, len(view.told) - LINES_SHOWN)
    return Page(
        title=f"History of {view.sku + ' in ' if view.sku else ''}order {view.order}",
        lines=tuple(_line(told, desk) for told in view.told[hidden:]),
        actions=kept(button(desk, "show", view.order), button(desk, "note", view.order)),
        empty="Nothing has happened yet.",
        note=f"{count(hidden, 'older fact')} not shown." if hidden else "",
    )


def _line(told: Told, desk: Desk) -> str:
    where = _SURFACES.get(told.surface, told.surface)
    who = told.actor if told.actor == where or not where else f"{told.actor}, {where}"
    return f"{when(told.at, desk)} · {tell(told, desk)} ({who})"


def tell(told: Told, desk: Desk) -> str:
    """A fact in a sentence; an unknown kind, from a newer release, by its name."""
    said = SENTENCES.get(told.kind)
    return said(told.data, desk) if said else f"{sentence(state(told.kind))}."


def _money(data: Data, desk: Desk, name: str = "amount") -> str:
    return money(int(data.get(name, 0)), str(data.get("currency", desk.currency)), desk)


def _units(each: Data) -> str:
    return ", ".join(f"{quantity} × {sku}" for sku, quantity in each.items())


def _for(data: Data, name: str = "reason") -> str:
    return f": {state(str(data[name]))}" if data.get(name) else ""


def _because(data: Data) -> str:
    """Why goods come back; nothing where nobody said."""
    return "" if data.get("reason") == "unknown" else _for(data)


def _typed(data: Data, name: str = "reason") -> str:
    """What a person or a case said, letter by letter."""
    return f": {data[name]}" if data.get(name) else ""


def _said(data: Data) -> str:
    return f" “{data['note']}”" if data.get("note") else ""


def _captured(data: Data, desk: Desk) -> str:
    units = count(int(data.get("units", 0)), "unit")
    return f"Came in by {data.get('channel')}: {units}, {_money(data, desk, 'total')}."


def _held(data: Data, desk: Desk) -> str:
    until = data.get("until")
    end = f" until {when(datetime.fromisoformat(until), desk)}" if until else ""
    what = f"{data['what']} was put" if data.get("what") else "Put"
    return f"{what} on hold{_for(data)}{end}.{_said(data)}"


def _released(data: Data) -> str:
    return f"{data['what']} was released" if data.get("what") else "Released"


def _left_behind(data: Data, _desk: Desk) -> str:
    units, piece = _units(data.get("units", {})), data.get("piece")
    return f"{data.get('work')} goes on at {data.get('location')}; {units} wait as {piece}."


def _routed(data: Data, _desk: Desk) -> str:
    parts = (f"{place} ({_units(items)})" for place, items in data.get("parts", {}).items())
    return f"Goes out from {' and '.join(parts) or 'nowhere yet'}."


def _waits(data: Data, _desk: Desk) -> str:
    told = {
        "queue": "nothing ships before everything can",
        "backorder": f"the rest waits for {data.get('at')}",
        "cancel": f"the rest is canceled after {count(int(data.get('days', 0)), 'day')}",
        "ask": "a person chooses between the two best plans",
    }.get(str(data.get("does")), "the rest waits")
    why = f" ({data['reason']})" if data.get("reason") else ""
    return f"Rule “{data.get('rule')}”: {told}{why}."


def _broken(data: Data, _desk: Desk) -> str:
    lost = f"{data.get('quantity')} × {data.get('sku')}"
    return f"{data.get('location')} lacks {lost} that was promised{_for(data)}."


def _parcel(data: Data) -> str:
    return " ".join(filter(None, (data.get("carrier"), data.get("tracking_number"))))


def _shipped(data: Data, _desk: Desk) -> str:
    if data.get("evidence") == "collected":
        return "A parcel left the store with its customer."
    how = "was handed over" if data.get("evidence") == "handed_over" else "was scanned on its way"
    return f"A parcel {how}: {_parcel(data) or 'no number'}."


def _moved(data: Data, _desk: Desk) -> str:
    place = f", {data['place']}" if data.get("place") else ""
    return f"The carrier says: {state(str(data.get('status')))}{place}."


def _lies_ready(data: Data, desk: Desk) -> str:
    last = day(date.fromisoformat(str(data["until"])), desk)
    return f"Lies ready at {data.get('location')} until {last}."


def _reminded(data: Data, _desk: Desk) -> str:
    what = "sent a new code" if data.get("why") == "new_code" else "reminded"
    return f"The customer was {what}: it lies at {data.get('location')}."


def _collected(data: Data, _desk: Desk) -> str:
    how = "with the code" if data.get("how") == "collected" else "without a code"
    return f"Handed to the customer at {data.get('location')} {how}{_typed(data)}."


def _promise(data: Data, desk: Desk) -> str:
    old, new = (
        day(date.fromisoformat(told), desk) if told else "no day"
        for told in (data.get("promised"), data.get("expected"))
    )
    return f"Promised for {old}, now expected {new}{_for(data)}."


def _units_canceled(data: Data, _desk: Desk) -> str:
    scrapped = ", the goods are scrapped" if data.get("goods") == "scrap" else ""
    return f"{_units(data.get('units', {}))} canceled: {data.get('reason')}{scrapped}."


def _joined(data: Data, _desk: Desk) -> str:
    if data.get("ended"):
        return f"Ships apart from order {data.get('other')} again."
    return f"Ships in one parcel with order {data.get('other')}."


def _gifted(data: Data, _desk: Desk) -> str:
    if data.get("removed"):
        return "It is no gift any more."
    return f"It is a gift.{_said(data)}"


def _at(words: str) -> Callable[[Data, Desk], str]:
    return lambda data, _desk: f"{words} at {data.get('location')}."


def _return(words: str) -> Callable[[Data, Desk], str]:
    return lambda data, _desk: f"Return {data.get('number')} {words}{_because(data)}."


def _approved(data: Data, _desk: Desk) -> str:
    who = " by the rules" if data.get("by_policy") else ""
    after_all = " after all, against the rules" if data.get("overruled") else who
    return f"Return {data.get('number')} approved{after_all}."


def _units_of(data: Data) -> str:
    return count(int(data.get("units", 0)), "unit")


def _edited(data: Data, desk: Desk) -> str:
    if data.get("undone"):
        return "An edit was taken back."
    units = (f"{n:+d} × {sku}" for sku, n in data.get("units", {}).items())
    told = ", ".join((*units, *map(state, data.get("fields", ()))))
    asked = f" {_money(data, desk, 'due')} asked of the customer." if data.get("due") else ""
    return f"Edited: {told or 'prices'}.{asked}"


SENTENCES: Mapping[str, Callable[[Data, Desk], str]] = {
    "OrderCaptured": _captured,
    "OrderUpdated": lambda d, _: f"Changed: {', '.join(map(state, d.get('changes', {})))}.",
    "OrderPaid": lambda d, desk: f"{_money(d, desk)} paid.",
    "CaptureAsked": lambda d, desk: f"{_money(d, desk)} is being captured{_typed(d, 'why')}.",
    "AuthorizationReleased": lambda d, desk: f"{_money(d, desk)} that was set aside was let go.",
    "OrderEdited": _edited,
    "OrderCanceled": lambda d, _: f"Canceled: {d.get('reason')}.",
    "OrderHeld": _held,
    "OrderReleased": lambda d, _: f"{_released(d)} from the hold{_for(d)}.{_said(d)}",
    "HoldAnswered": lambda d, _: f"{d.get('location')} got it: {d.get('work')} is put aside.",
    "WorkHandedOff": lambda d, _: f"{d.get('work')} was given to {d.get('partner')}.",
    "WorkAccepted": lambda d, _: f"{d.get('partner')} will do {d.get('work')}.",
    "LinesLeftBehind": _left_behind,
    "RecallAsked": lambda d, _: f"The carrier was asked to stop {_parcel(d)}.{_said(d)}",
    "LabelVoided": lambda d, _: f"The label {_parcel(d)} was voided.",
    "CustomerAsked": lambda d, _: f"The customer was asked about: {d.get('about')}.{_said(d)}",
    "OrderNoted": lambda d, _: f"Note: “{d.get('text')}”",
    "OrderTagged": lambda d, _: f"Tag {d.get('tag')} {'removed' if d.get('removed') else 'set'}.",
    "OrderRouted": _routed,
    "OrderWaits": _waits,
    "WorkDeclined": lambda d, _: f"{d.get('location')} gave {d.get('number')} back{_typed(d)}.",
    "PlanChosen": lambda d, _: f"Chosen by hand: it ships from {d.get('locations')}.",
    "OrderShort": lambda d, _: f"Short of {_units(d.get('short', {}))}.",
    "PromiseBroken": _broken,
    "OrderMoved": lambda d, _: f"Moved from {d.get('origin')} to {d.get('target')}.",
    "PlanImproved": lambda d, desk: (
        f"Moved from {d.get('origin')} to {d.get('target')}: "
        f"a better plan saves {_money(d, desk, 'saved')}."
    ),
    "OrderPutBack": lambda _d, _: "A step was taken back; it is as it was.",
    "UnitsCanceled": _units_canceled,
    "WorkSplit": lambda d, _: f"Ships apart, from {d.get('target')}: {_units(d.get('units', {}))}.",
    "OrdersJoined": _joined,
    "ReplacementSent": lambda d, _: (
        f"{_units(d.get('units', {}))} sent again as order {d.get('number')}{_typed(d)}."
    ),
    "ReplacementMade": lambda d, _: f"Replaces goods of order {d.get('original')}{_typed(d)}.",
    "PrioritySet": lambda d, _: f"Priority is {state(str(d.get('priority')))}.",
    "OrderGifted": _gifted,
    "WorkPrinted": _at("Printed"),
    "WorkPicked": _at("Picked"),
    "WorkPacked": _at("Packed"),
    "WorkPutBack": _at("Put back"),
    "ParcelTracked": lambda d, _: f"The parcel travels as {_parcel(d)}.",
    "ParcelLabeled": lambda d, _: f"A label was made: {_parcel(d)}.",
    "ParcelShipped": _shipped,
    "ParcelMoved": _moved,
    "ParcelDelivered": lambda _d, _: "A parcel arrived.",
    "PickupReady": _lies_ready,
    "PickupReminded": _reminded,
    "PickupCollected": _collected,
    "PickupReturned": lambda d, _: f"Back on the shelf at {d.get('location')}{_typed(d)}.",
    "PromiseChanged": _promise,
    "SoldAtTill": _at("Sold at the till"),
    "ClaimRequested": lambda d, _: (
        f"Claim {d.get('number')}: {_units_of(d)} {state(str(d.get('reason')))}."
    ),
    "ClaimAsked": lambda d, _: f"Claim {d.get('number')} waits for a decision.",
    "ClaimSettled": lambda d, _: (
        f"Claim {d.get('number')} was settled by {state(str(d.get('remedy')))}"
        f"{' as order ' + str(d['order']) if d.get('order') else ''}."
    ),
    "ClaimRejected": lambda d, _: f"Claim {d.get('number')} was rejected{_typed(d)}.",
    "ReturnRequested": _return("asked for"),
    "ReturnApproved": _approved,
    "ReturnRejected": _return("rejected"),
    "ReturnLabeled": lambda d, _: (
        f"Return {d.get('number')} has a label: {d.get('carrier')} {d.get('tracking_number')}."
    ),
    "ReturnSent": lambda d, _: f"Return {d.get('number')} is on its way back.",
    "ReturnArrived": lambda d, _: f"Return {d.get('number')} lies at {d.get('location')}.",
    "ReturnReceived": _return("received"),
    "ReturnCanceled": _return("canceled"),
    "ReturnKept": lambda d, _: (
        f"Return {d.get('number')}: {_units_of(d)} refunded, and the customer keeps them."
    ),
    "KeptGoodsCame": lambda d, _: (
        f"Goods that were refunded and kept came back to {d.get('location')}: "
        + ", ".join(f"{units} × {sku}" for sku, units in d.get("goods", {}).items())
        + "."
    ),
    "ReturnMissing": lambda d, _: f"Return {d.get('number')} came without {_units_of(d)}.",
    "ReturnMovedOn": lambda d, _: (
        f"Return {d.get('number')}: {d.get('units')} × {d.get('sku')} moved on: "
        f"{lies(str(d.get('before')))}, now {lies(str(d.get('after')))}."
    ),
    "ReturnWished": lambda d, _: f"Return {d.get('number')} is for {d.get('wish')} now.",
    "ReturnFeeWaived": lambda d, _: f"Return {d.get('number')} costs nothing{_typed(d)}.",
    "ReturnReminded": _return("was called to mind"),
    "ReturnExpired": _return("ran out: nothing came in time"),
    "RefundDue": lambda d, desk: f"A refund of {_money(d, desk)} is due.",
    "PaymentRequested": lambda d, desk: f"The customer is asked for {_money(d, desk)} more.",
    "PaymentRequestWithdrawn": lambda d, desk: f"{_money(d, desk)} is not asked for any more.",
    "RefundApproved": lambda d, desk: f"A refund of {_money(d, desk)} was approved.",
    "ReturnLabelAsked": lambda d, _: f"A label for return {d.get('number')} was asked for.",
    "ReturnLabelReady": lambda d, _: (
        f"The {d.get('carrier')} label of return {d.get('number')} is here, for {d.get('cost')}."
    ),
    "ReturnLabelVoided": lambda d, _: f"The label of return {d.get('number')} was given back.",
    "DisputeOpened": lambda d, desk: (
        f"The customer's bank {'asks about' if d.get('is_inquiry') else 'asks back'} "
        f"{_money(d, desk)}{_for(d)}."
    ),
    "DisputeEnded": lambda d, desk: f"The dispute about {_money(d, desk)} is {d.get('outcome')}.",
    "RefundWithdrawn": lambda d, desk: f"A refund of {_money(d, desk)} was taken back.",
    "RefundFailed": lambda d, desk: f"{_money(d, desk)} could not be refunded.",
    "RefundReversed": lambda d, desk: (
        f"{_money(d, desk)} came back from the customer's bank and is owed again."
    ),
    "RefundTriedAgain": lambda d, desk: f"{_money(d, desk)} asked for again at the gateway.",
    "RefundRecorded": lambda d, desk: f"{_money(d, desk)} refunded.",
    "ExchangeOpened": lambda d, _: (
        f"{_units(d.get('back', {}))} exchanged for {_units(d.get('forth', {}))}: "
        f"order {d.get('number')}{', sent first' if d.get('first') else ''}."
    ),
    "ExchangeMade": lambda d, _: (
        f"For goods of order {d.get('original')}, return {d.get('returned')}."
    ),
    "ExchangePaid": lambda d, desk: (
        f"{_money(d, desk)} paid with return {d.get('returned')}"
        f"{', ' + _money(d, desk, 'due') + ' is missing' if d.get('due') else ''}."
    ),
    "ExchangeCanceled": lambda d, _: f"Exchange {d.get('number')} ended{_typed(d)}.",
    "DocumentIssued": lambda d, desk: (
        f"{sentence(state(str(d.get('document_kind'))))} {d.get('number')}: "
        f"{_money(d, desk, 'total')}."
    ),
    "CaseOpened": lambda d, _: f"A case was opened: {d.get('title')}",
    "CaseChanged": lambda d, _: f"A case is {d.get('state')}{_typed(d, 'note')}.",
}

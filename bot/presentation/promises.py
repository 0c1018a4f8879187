"""A promise for a basket: the day first, then each parcel, or why not."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import count, day, money, stamp
from core.domain.lanes import Lane
from core.queries.promises import BasketPromise, LaneTable, PromisedParcel


def promise_card(view: BasketPromise, desk: Desk) -> Card:
    place = " ".join(filter(None, (view.to.zip, view.to.city, view.to.country)))
    where = f" to {place}" if place else ""
    sections = (
        Section(view.why_not, tone="bad"),
        Section(tuple(_parcel(parcel, view, desk) for parcel in view.parcels)),
    )
    skus = list(dict.fromkeys(sku for parcel in view.parcels for sku in parcel.units))
    return Card(
        title=_title(view, desk) + where,
        sections=tuple(section for section in sections if section.lines),
        fields=_fields(view, desk),
        actions=kept(*(button(desk, "stock", sku, text=f"Stock of {sku}") for sku in skus[:2])),
        note="Nothing is reserved: a promise is made when the order comes in.",
    )


def _title(view: BasketPromise, desk: Desk) -> str:
    if not view.possible or view.first is None or view.last is None:
        return "No promise"
    if view.first == view.last:
        return f"Arrives {day(view.last, desk)}"
    return f"Arrives {day(view.first, desk)} to {day(view.last, desk)}"


def _fields(view: BasketPromise, desk: Desk) -> tuple[Field, ...]:
    found = [Field("Method", view.method.replace("_", " "))]
    if view.parcels:
        found.append(Field("Parcels", str(len(view.parcels))))
        found.append(Field("Costs us", money(view.cost, view.currency, desk)))
    if view.order_by is not None:
        found.append(Field("Holds for orders until", stamp(view.order_by, desk)))
    return tuple(found)


def _parcel(parcel: PromisedParcel, view: BasketPromise, desk: Desk) -> str:
    goods = ", ".join(f"{units} × {sku}" for sku, units in parcel.units.items())
    coming = f" once {parcel.expected} has come" if parcel.expected else ""
    cost = money(parcel.cost, view.currency, desk)
    return (
        f"{goods} from {parcel.location}{coming}: leaves {day(parcel.leaves, desk)}, "
        f"arrives {day(parcel.arrives, desk)} · {cost}"
    )


def lanes_card(view: LaneTable, desk: Desk) -> Card:
    lines = tuple(_lane(lane, desk) for lane in view.lanes)
    named = tuple(f"“{line}” means {method}" for line, method in view.shipping.items())
    hidden = view.total - len(view.lanes)
    sections = (
        Section(lines or ("No lanes yet: `wismo import lanes` brings a table in.",)),
        Section(named, "Shipping lines"),
    )
    usual = f"{count(view.usual_days, 'day')}, express {count(view.express_days, 'day')}"
    return Card(
        title=f"Lanes: {view.total}",
        sections=tuple(section for section in sections if section.lines),
        fields=(Field("Without a lane", usual),),
        note=f"{hidden} more are not shown." if hidden > 0 else "",
    )


def _lane(lane: Lane, desk: Desk) -> str:
    cost = "" if lane.cost is None else f", {money(lane.cost, desk.currency, desk)}"
    return f"{lane.words}: {count(lane.days, 'day')}{cost}"

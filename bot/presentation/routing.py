"""Routing rules: what is in force in plain words, versions, ready rules, diffs, plans to choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Page, Section
from bot.presentation.versions import (
    difference_card,
    draft_buttons,
    none_in_force,
    presets_page,
    versions_section,
)
from bot.presentation.words import ago, count, day, money, sentence, when
from core.domain.routing.simulate import Figure, figures
from core.domain.routing.trace import Trace, explain, in_force
from core.queries.routing import RulesDiff, RulesView
from core.queries.simulation import SimulationView
from core.queries.versions import PresetView
from core.queries.whatif import Side, WhatIfView
from core.queries.why import Decided, RoutingStory


def rules_card(view: RulesView, desk: Desk) -> Card:
    """The rules in force, or a version, one line each."""
    versions = versions_section(view.versions, desk)
    if not view.number:
        told = f"Orders ship by the policy `objective`: {view.objective}."
        return none_in_force("rules", "routing rules", told, versions, desk)
    odd = Section(view.odd, "Look at this", "warn")
    return Card(
        f"Routing rules, version {view.number}: {view.name} ({view.state})",
        tuple(each for each in (Section(view.words), odd, versions) if each.lines),
        actions=kept(*_buttons(view, desk)),
        note=_signed(view, desk),
    )


def _signed(view: RulesView, desk: Desk) -> str:
    moment = f" {ago(view.at, desk.now)}" if view.at else ""
    return f"Written by {view.by}{moment}{f': {view.reason}' if view.reason else ''}."


def _buttons(view: RulesView, desk: Desk) -> Iterator[Action | None]:
    if view.state != "active":
        yield button(desk, "simulate", text="Simulate", more={"number": view.number})
        yield from draft_buttons("rules", view.number, _CONFIRM, desk)


_CONFIRM = "Every order from now on is routed by these rules. Undo takes it back."


def routing_presets(presets: list[PresetView]) -> Page:
    return presets_page("rules", "Ready routing rules", "stay-in-market nearest", presets)


def rules_diff(view: RulesDiff, desk: Desk) -> Card:
    return difference_card("rules", view, desk)


# --- why, and what if ----------------------------------------------------------------------------


def why_card(story: RoutingStory, desk: Desk) -> Card:
    """Why this location, in sentences: the outcome first, then what was weighed."""
    actions = kept(
        button(desk, "move", story.order, text="Move Order"), button(desk, "show", story.order)
    )
    title = f"Why order {story.order} ships from where it does"
    if story.trace is None:
        told = ("Nothing was routed yet: no line has found its stock.",)
        return Card(title, (Section(told),), actions=actions)
    lines = explain(Trace.from_json(story.trace), lambda amount: money(amount, desk.currency, desk))
    earlier = tuple(_earlier(each, desk) for each in story.earlier)
    lines += _clock(story.trace.get("clock"), desk)
    last = "Decided last" if earlier else ""
    sections = (Section(tuple(lines), last), Section(earlier, "Decided before", "quiet"))
    note = f"Decided {when(story.at, desk)}." if story.at else ""
    if story.same_again is False:
        note += " The same facts lead to another plan today: tell who runs wismo."
    return Card(title, tuple(s for s in sections if s.lines), actions=actions, note=note)


_WAITED_FOR = {
    "one_place": "one location that has all of it",
    "next_order": "the customer's next order",
}


def _clock(clock: Mapping[str, Any] | None, desk: Desk) -> list[str]:
    """Whether the order might wait for one parcel when it came, and who allows it."""
    if not clock:
        return []
    allows = f"Rule “{clock['rule']}”" if clock["rule"] else "The policy"
    told = f"{allows} lets it wait {count(clock['hours'], 'hour')} for {_WAITED_FOR[clock['for']]}"
    if not clock["until"]:
        return [f"{told}, but its promise leaves no time."]
    return [f"{told}: until {when(datetime.fromisoformat(clock['until']), desk)} at the latest."]


def _earlier(each: Decided, desk: Desk) -> str:
    who = f", chosen by {each.by}" if each.by else ""
    what = "; ".join(each.ships) or "nothing could ship"
    rule = in_force(each.rule, each.version)
    return f"{when(each.at, desk)}: {what} ({rule[0].lower()}{rule[1:]}{who})"


def whatif_card(view: WhatIfView, desk: Desk) -> Card:
    """Two plans side by side; the title is the difference."""
    fields = (
        Field("Now", _side(view.now, view, desk)),
        Field("Then", _side(view.then, view, desk)),
    )
    stops = Section(view.why_not, "What stands in the way", "warn")
    moves = bool(view.to) and not view.why_not and not view.is_same
    more = {"to": view.to}
    move = button(desk, "move", view.order, text=f"Move to {view.to}", more=more) if moves else None
    return Card(
        _difference(view, desk),
        (stops,) if view.why_not else (),
        fields=fields,
        actions=kept(move, button(desk, "why", view.order)),
        note="Nothing was changed.",
    )


def _difference(view: WhatIfView, desk: Desk) -> str:
    where = " + ".join(view.then.locations) or "nowhere"
    if view.is_same:
        return f"Order {view.order} would ship from {where} as it does now"
    fewer = {k: n for k, n in view.then.short.items() if n > view.now.short.get(k, 0)}
    parts = [_waiting(fewer)] if fewer else []  # first: what waits costs and arrives later, too
    parts.append(_more(view.cost_difference, view, desk))
    if view.days_difference is not None and not fewer:
        days = count(abs(view.days_difference), "day")
        late = "later" if view.days_difference > 0 else "earlier"
        parts.append(f"{days} {late}" if view.days_difference else "on the same day")
    return f"Order {view.order} from {where}: {', '.join(parts)}"


def _more(difference: int, view: WhatIfView, desk: Desk) -> str:
    if not difference:
        return "at the same cost"
    amount = money(abs(difference), view.currency, desk)
    return f"{amount} {'more' if difference > 0 else 'less'}"


def _side(side: Side, view: WhatIfView, desk: Desk) -> str:
    if not side.locations:
        return "nothing ships"
    told = [" + ".join(side.locations), count(side.parcels, "parcel")]
    told.append(money(side.cost, view.currency, desk))
    told += [f"{side.km} km"] if side.km is not None else []
    told += [f"arrives {day(side.arrives, desk)}"] if side.arrives else []
    told += [_waiting(side.short)] if side.short else []
    return ", ".join(told)


def _waiting(short: Mapping[str, int]) -> str:
    items = ", ".join(f"{quantity} × {sku}" for sku, quantity in short.items())
    return f"{items} {'waits' if sum(short.values()) == 1 else 'wait'}"


# --- trying rules out ----------------------------------------------------------------------------


def simulation_card(view: SimulationView, desk: Desk) -> Card:
    """Each figure beside the present one."""
    if not view.then.orders:
        return Card(f"No orders in the last {view.days} days to try version {view.number} on")
    fields = tuple(
        Field(sentence(then.name), f"{_figure(then, view, desk)} (now {_figure(now, view, desk)})")
        for now, then in zip(figures(view.now), figures(view.then), strict=True)
        if then.value is not None or now.value is not None
    )
    mix = Section(tuple(_mix(view)), "Parcels by location")
    than = f"version {view.against}" if view.against else "no rules"
    orders = count(view.then.orders, "order")
    newest = f"The newest {orders}" if view.after else f"All {orders}"
    activate = button(
        desk,
        "rules activate",
        text=f"Put Version {view.number} in Force",
        more={"number": view.number, "sure": "sure"},
        confirm=_CONFIRM,
    )
    return Card(
        f"Version {view.number} beside {than}: {count(view.changed, 'order')} would ship otherwise",
        (mix,),
        fields=fields,
        actions=kept(
            None if view.number == view.against else activate,
            button(desk, "rules", text="Show Version", more={"number": view.number}),
        ),
        note=f"{newest} of {count(view.days, 'day')}, each against what lay there then. "
        "Nothing was changed.",
    )


def _figure(each: Figure, view: SimulationView, desk: Desk) -> str:
    if each.value is None:
        return "—"
    if each.kind == "money":
        return money(round(each.value), view.currency, desk)
    return {"share": f"{each.value:.1f} %", "km": f"{each.value:.0f} km"}.get(
        each.kind, f"{each.value:.2f}"
    )


def _mix(view: SimulationView) -> Iterator[str]:
    for location in sorted({*view.now.by_location, *view.then.by_location}):
        now, then = (side.by_location.get(location, 0) for side in (view.now, view.then))
        yield f"{location}: {then} (now {now})"


# --- plans that a person chooses from ------------------------------------------------------------


def plan_fields(facts: Mapping[str, Any], desk: Desk) -> Iterator[Field]:
    """The plans that a rule offers, each with what it costs."""
    currency = str(facts.get("currency", desk.currency))
    for number, plan in enumerate(facts.get("plans", ()), 1):
        short = f", {count(plan['short'], 'unit')} would wait" if plan["short"] else ""
        told = f"{count(plan['parcels'], 'parcel')}, {money(plan['cost'], currency, desk)}{short}"
        yield Field(f"Plan {number}", f"{' + '.join(plan['locations'])}: {told}")


def plan_buttons(order: str, facts: Mapping[str, Any], desk: Desk) -> Iterable[Action | None]:
    for number, plan in enumerate(facts.get("plans", ()), 1):
        text = f"Ship from {' + '.join(plan['locations'])}"[:60]
        style = "primary" if number == 1 else "plain"
        yield button(desk, "choose", order, text=text, style=style, more={"plan": number})  # type: ignore[arg-type]

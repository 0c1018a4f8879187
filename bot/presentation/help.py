"""Help from the registry: what this person may write, with examples; roles; the nearest words."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bot.grammar.desk import Desk
from bot.grammar.heard import Ask, FormWanted, Heard, HelpWanted, Offer, Question, Suggestion
from bot.grammar.lexicon import spec_of_verb, usage
from bot.grammar.parse import parse
from bot.grammar.suggest import nearest_topics
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Page, Section
from core.commands.kept import INVERSE, why_kept
from core.domain.access import MATRIX, STAFF_ROLES, matrix_rows
from core.registry import COMMANDS, QUESTIONS, Risk, Spec, spec_of

_RISKS = {
    Risk.GRAVE: "`undo` takes it back for a short while only.",
    Risk.REVERSIBLE: "`undo` takes it back.",
    Risk.IRREVERSIBLE: "This cannot be taken back.",
}
_FREE = (
    "`1001`, `anna schmidt`, a tracking number or a shop link finds an order",
    "`late ber`, `held`, `open ham` lists orders",
    "`help hold` explains one word, `help about returns` all of a topic",
    "`roles` says who may do what",
)
_MANY = "Many numbers at once work: `hold 1001 1004`."
# What words are about, by the rooms of the house in which they live; the rest is the shop's.
TOPICS = {
    topic: frozenset(rooms.split())
    for topic, rooms in (
        ("Orders", "orders timelines edits marking asking settling replacing undo"),
        ("Holds and checks", "holds screening"),
        ("Pick, pack, ship", "picks fulfillment labels tracking missing pickups partners"),
        ("Where it ships from", "why whatif routing simulation splitting joining deciding"),
        (
            "Returns and claims",
            "returns receiving return_decisions returned_goods found_boxes"
            " counter return_labels return_rules exchanging claims photos",
        ),
        (
            "Money and invoices",
            "refunds refunding payments collecting paying asking_money"
            " credit crediting documents margin money proofs",
        ),
        (
            "Stock",
            "stock ledger restock incoming arrivals aside transfers counts counting"
            " channel_stock kits preorders",
        ),
        ("Dates and pauses", "promises lanes consolidating improving pauses pausing calendars"),
        ("Cases and customers", "cases chat"),
        ("The shop", "metrics setup"),
    )
}

# Other words for a topic than those in its name.
_TOPIC_WORDS = {
    "Orders": "edits editing notes tags",
    "Pick, pack, ship": "picking packing shipping fulfillment labels pickup partners",
    "Where it ships from": "routing rules locations splits",
    "Money and invoices": "refunds payments credit",
    "Stock": "inventory counts counting transfers kits preorders",
    "Cases and customers": "exceptions chat",
}
_TOPICS_SAID = (
    " Topics: orders, holds, picking, routing, returns, money, stock, dates, cases, the shop."
)

_LISTS = {
    "late": (
        "late: lists the orders that a location should have sent",
        "Stuck: not picked after the open hours that the shop allows (8, if nobody changed it).",
        "Past the cut-off: it was ready in time for a cut-off and is still here.",
        "Only the location's open hours count. Held orders are not late: see `held`.",
        "Oldest first. `late ber` limits it to one location.",
    ),
    "held": (
        "held: lists the orders that are on hold",
        "`held ber` limits it to one location, `release 1001` lets an order go.",
    ),
    "open": (
        "open: lists the orders that are not finished",
        "`open ber` limits it to one location. `canceled` and `closed` list the others.",
    ),
}


def help_answer(wanted: HelpWanted, desk: Desk) -> Card:
    if topic := _topic_said(wanted.topic):
        return _topic_card(topic, desk)
    spec = spec_of_verb(wanted.topic) if wanted.topic else None
    if spec is not None and spec.in_chat:
        return _about(spec, desk)
    if wanted.topic in _LISTS:
        title, *lines = _LISTS[wanted.topic]
        return Card(title, (Section(tuple(lines)),))
    if wanted.topic:
        near = nearest_topics(wanted.topic, desk)
        helps = tuple(Action(f"Help on {verb}", "help", {"topic": verb}) for verb in near)
        more = _TOPICS_SAID if wanted.topic.startswith("about") else ""
        return Card(
            f"There is no word “{wanted.topic}”.",
            (Section((f"Write `help` to see all of them.{more}",)),),
            actions=helps,
            tone="warn",
        )
    return _all(desk)


def _all(desk: Desk) -> Card:
    """Every word that this person may use, by what it is about; what each does is one step on."""
    sections = [Section(_FREE, "Find")]
    for topic in TOPICS:
        words = dict.fromkeys(f"`{spec.verb}`" for spec in _about_topic(topic, desk))
        sections += [Section((", ".join(words),), topic)] if words else []
    note = f"Shown is what you may do as {desk.actor.role.value}."
    return Card("What you can write", tuple(sections), note=f"{note} {_MANY}")


def _topic_card(topic: str, desk: Desk) -> Card:
    lines = tuple(_brief(spec) for spec in _about_topic(topic, desk))
    nothing = (f"As {desk.actor.role.value} you have no words for this.",)
    return Card(topic, (Section(lines or nothing),), note=_MANY)


def _about_topic(topic: str, desk: Desk) -> Iterator[Spec]:
    """What this person may write about a topic: first what shows, then what does."""
    for spec in (*QUESTIONS.values(), *COMMANDS.values()):
        if _usable(spec, desk) and topic_of(spec) == topic:
            yield spec


def topic_of(spec: Spec) -> str:
    room = spec.shape.__module__.rpartition(".")[2]
    return next((topic for topic, rooms in TOPICS.items() if room in rooms), "The shop")


def _topic_said(words: str) -> str | None:
    """“about returns”, “about routing”: the topic whose name, or another word for it, has this.
    Without “about” a verb comes first: “refunds” is a topic, “rules” are words of their own."""
    about = words.removeprefix("about").strip()
    if not about or (about == words and spec_of_verb(words) is not None):
        return None
    named = next((t for t in TOPICS if words != about and about in t.casefold()), None)
    return named or next((t for t, more in _TOPIC_WORDS.items() if about in more.split()), None)


def _usable(spec: Spec, desk: Desk) -> bool:
    return spec.in_chat and desk.actor.may(spec.right)


def _brief(spec: Spec) -> str:
    return f"`{next(iter(spec.examples), spec.verb)}` — {_lower(spec.summary)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _about(spec: Spec, desk: Desk) -> Card:
    able = ", ".join(role.value for role in STAFF_ROLES if spec.right in MATRIX[role])
    lines = [f"Write `{usage(spec)}`."]
    lines += [f"Example: `{example}`." for example in spec.examples]
    lines += [f"Also: {', '.join(spec.aliases)}."] if spec.aliases else []
    lines += ["Takes many numbers at once."] if spec.many else []
    lines += [_way_back(spec)] if not spec.is_question else []
    may = "You may." if desk.actor.may(spec.right) else "You may not."
    kept_ones = _what_undo_leaves(desk) if spec.name == "undo_last" else ()
    return Card(
        f"{spec.verb}: {_lower(spec.summary)}",
        (Section(tuple(lines)), *kept_ones),
        actions=kept(button(desk, spec.verb)) if not spec.is_question else (),
        note=f"For {able or 'machines only'}. {may}",
    )


def _way_back(spec: Spec) -> str:
    why = "" if spec.risk is Risk.IRREVERSIBLE else why_kept(spec)
    return f"`undo` does not take it back. {why}" if why else _RISKS[spec.risk]


def _what_undo_leaves(desk: Desk) -> tuple[Section, ...]:
    """By reason, the words of this person that stay; those with a way back name it."""
    words: dict[str, list[str]] = {}
    for spec in COMMANDS.values():
        if spec.name == "undo_last" or not why_kept(spec) or not _usable(spec, desk):
            continue
        back = INVERSE.get(spec.name)
        why = "Another word takes it back." if back else why_kept(spec)
        words.setdefault(why, []).append(f"`{spec.verb}`" + (f" (`{back}`)" if back else ""))
    lines = tuple(f"{why} {', '.join(verbs)}" for why, verbs in words.items())
    return (Section(lines, "What it leaves"),) if lines else ()


def roles_page(desk: Desk) -> Page:
    """The matrix, one right a line: who has it is named, so that nothing depends on columns."""
    lines = []
    for right, marks in matrix_rows():
        able = [role.value for role, has in zip(STAFF_ROLES, marks, strict=True) if has]
        names = "everybody" if len(able) == len(STAFF_ROLES) else ", ".join(able) or "nobody"
        lines.append(f"{right}: {names}")
    return Page("Who may do what", tuple(lines), note=f"You are {desk.actor.role.value}.")


def suggestion_card(suggestion: Suggestion, desk: Desk) -> Card:
    """Nothing was done. One press runs what merely reads; what writes opens its form."""
    lines = [f"Did you mean `{offer.text}`?" for offer in suggestion.offers]
    actions = [action for offer in suggestion.offers for action in _offered(offer, desk)]
    return Card(
        suggestion.sentence,
        (Section(tuple(lines or ["Write `help` to see what you can do."])),),
        actions=tuple(actions[:3]),
        tone="warn",
        note="Nothing was changed.",
    )


def _offered(offer: Offer, desk: Desk) -> Iterator[Action]:
    heard: Heard = parse(offer.text, desk)
    if isinstance(heard, Question):
        asked = heard.asked[0]
        if not isinstance(asked, HelpWanted) and type(asked).__module__.startswith("core."):
            arguments = _said(asked)
            yield Action(_short(offer.text), spec_of(asked).verb, arguments)
    elif isinstance(heard, FormWanted):
        yield Action(_short(offer.text), heard.spec.verb, dict(heard.given), form=True)
    elif isinstance(heard, Ask) and len(heard.commands) == 1:
        arguments = _said(heard.commands[0])
        yield Action(_short(offer.text), heard.spec.verb, arguments, form=True)


def _said(asked: object) -> dict[str, object]:
    plain = msgspec.to_builtins(asked)
    return {name: value for name, value in plain.items() if value not in (None, "", False, [])}


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"

"""One grammar for every staff surface: a line of text becomes commands, questions or a way on."""

from __future__ import annotations

import re
from typing import Any

from bot.grammar.arguments import Reading, one_at_a_time, read
from bot.grammar.desk import Desk
from bot.grammar.heard import (
    Ask,
    FormWanted,
    Heard,
    HelpWanted,
    Offer,
    Question,
    RolesWanted,
    Suggestion,
)
from bot.grammar.lexicon import NOUNS, first_kind, matches, slots_of
from bot.grammar.numbers import NUMBERED
from bot.grammar.suggest import nearest_texts
from bot.grammar.tokens import Token, cleaned, tokenize
from core.domain.refusals import Invalid
from core.queries.claims import ShowClaim
from core.queries.finding import FindOrders
from core.queries.orders import ShowOrder
from core.queries.returns import ShowReturn
from core.registry import Arg, Spec

_HELP = ("help", "?", "hilfe", "commands")
_HERE = ("here", "hier")  # “return 1001 here”: the goods lie on the counter
_ROLES = ("roles", "rights", "permissions")
_LISTS: dict[str, dict[str, Any]] = {
    "late": {"late": True},
    "overdue": {"late": True},
    "held": {"held": True},
    "open": {"status": "open"},
    "canceled": {"status": "canceled"},
    "cancelled": {"status": "canceled"},
    "closed": {"status": "closed"},
}
_FILLERS = ("orders", "order", "in", "at", "from", "please", "show", "all")
_RETURN = re.compile(r"#?(R\S*\d-\d{1,3})[,;:?!.]*", re.IGNORECASE)
_CLAIM = re.compile(r"#?(CL\S*\d-\d{1,3})[,;:?!.]*", re.IGNORECASE)
_LINK_ORDER = re.compile(r"/orders/(\d+)(?:[/?#]|$)")


def parse(text: str, desk: Desk) -> Heard:
    """What a person of the staff meant. Only an exact verb writes; all else reads or asks back."""
    text = cleaned(text)
    tokens = tokenize(text)
    while tokens and tokens[0].kind == "person":
        tokens = tokens[1:]  # “@wismo hold 1001”
    if not tokens or tokens[0].text in _HELP or tokens[0].word in _HELP:
        return Question((HelpWanted(" ".join(t.word for t in tokens[1:])),))
    if len(tokens) == 1 and tokens[0].word in _ROLES:
        return Question((RolesWanted(),))
    if (back := _return_number(tokens)) is not None:
        return back
    if tokens[0].word == "return" and tokens[-1].word in _HERE:
        said = " ".join(token.text for token in tokens[1:-1])
        return parse(f"counter {said}", desk)
    known = _verb(text, tokens, desk) or _number_first(text, tokens, desk) or _list(tokens, desk)
    return known or _unknown(text, tokens, desk)


# --- a verb is known ------------------------------------------------------------------------------


def _verb(text: str, tokens: list[Token], desk: Desk) -> Heard | None:
    words = [token.word for token in tokens]
    if tokens[0].kind != "word":
        return None
    if len(tokens) > 1 and words[0] in NOUNS:
        inner = [spec for spec in _specs(words[1:]) if _goes_with(spec, words[0])]
        if inner:
            return _verb(text, tokens[1:], desk)
    readings = [
        read(spec, text, tokens[len(phrase.words) :], desk)
        for phrase in matches(words)
        for spec in phrase.specs
    ]
    return _best(_of_their_kind(readings), text) if readings else None


def _of_their_kind(readings: list[Reading]) -> list[Reading]:
    """Those whose first number is of their kind, if there are any: “reject R1001-1” is about a
    return and “refunded 1001” about an order, though both words can be about either."""
    named = [r for r in readings if r.many]
    back = [r for r in named if first_kind(r.spec) is Arg.RETURN and _RETURN.fullmatch(r.many[0])]
    return back or named or readings


def _best(readings: list[Reading], text: str) -> Heard:
    """The first reading that is whole; else the first that only lacks something."""
    for reading in readings:
        if reading.is_complete and (heard := _whole(reading)) is not None:
            return heard
    lacking = next((r for r in readings if not r.problem), readings[0])
    if lacking.spec.is_question:
        return _searched(lacking) or _explained(lacking, text)
    if lacking.problem and (lacking.nearest or not lacking.missing):
        return _explained(lacking, text)
    return FormWanted(lacking.spec, lacking.given, lacking.problem)


def _whole(reading: Reading) -> Heard | None:
    try:
        commands = reading.commands()
    except Invalid as problem:
        reading.problem = str(problem)
        return None
    if reading.spec.is_question:
        return Question(commands, _loose(reading))
    if one_at_a_time(reading):
        said = f"`{reading.spec.verb}` takes one number at a time, or a comma between them."
        return Suggestion(said)
    if _wants_a_look(reading) and len(reading.many) > 1:
        return Suggestion(f"Say why behind the numbers: `{reading.spec.verb}` cannot be undone.")
    if _wants_a_look(reading):
        return FormWanted(reading.spec, reading.given)
    return Ask(reading.spec, commands, reading.until)


def _wants_a_look(reading: Reading) -> bool:
    """What cannot be taken back is shown once more, unless its reason was typed with it."""
    if reading.spec.asks_for and reading.spec.asks_for not in reading.values:
        return True
    reasons = [s for s in slots_of(reading.spec.shape) if s.kind is Arg.TEXT and s.name == "reason"]
    unsaid = bool(reasons) and not any(s.name in reading.values for s in reasons)
    return reading.spec.risk.asks_first and unsaid


def _searched(reading: Reading) -> Heard | None:
    """“find anna schmidt”, “order anna”: a question about an order by other words searches."""
    if reading.spec.shape is not ShowOrder or not reading.rest:
        return None
    known = _list(reading.rest, reading.desk)
    return known or _unknown(reading.text, reading.rest, reading.desk)


def _explained(reading: Reading, text: str) -> Suggestion:
    offers: tuple[Offer, ...] = ()
    if reading.nearest:
        wrong = re.search("“(.+?)”", reading.problem)
        near = text.replace(wrong[1], reading.nearest.lower()) if wrong else ""
        offers = (Offer(near, reading.spec.is_question),) if near else ()
    own = [x for x in reading.spec.examples if x.startswith(reading.spec.verb)]
    example = max(own or reading.spec.examples, key=len, default=reading.spec.verb)
    problem = reading.problem or f"`{reading.spec.verb}` needs more words: `{example}`."
    is_shown = bool(offers) or "`" in problem  # how to write it
    return Suggestion(problem if is_shown else f"{problem} Write it like `{example}`.", offers)


def _loose(reading: Reading) -> Any:
    """A single number may turn out to be something else: a phone, a parcel, an old order."""
    is_show = reading.spec.shape is ShowOrder and len(reading.many) == 1
    return FindOrders(text=reading.many[0]) if is_show else None


def _specs(words: list[str]) -> list[Spec]:
    return [spec for phrase in matches(words) for spec in phrase.specs]


def _goes_with(spec: Spec, noun: str) -> bool:
    return noun == "order" or first_kind(spec) is NOUNS[noun]


# --- no verb at the front -------------------------------------------------------------------------


def _number_first(text: str, tokens: list[Token], desk: Desk) -> Heard | None:
    """“1001”, “1001 1004”, “1001 hold address”; with other words behind it, it is a search."""
    numbers = 0
    while numbers < len(tokens) and tokens[numbers].order:
        numbers += 1
    if not numbers:
        return None
    rest = tokens[numbers:]
    if not rest:
        found = tuple(dict.fromkeys(token.order for token in tokens))
        other = FindOrders(text=found[0]) if len(found) == 1 else None
        return Question(tuple(ShowOrder(n) for n in found), other)
    for phrase in matches([token.word for token in rest]):
        size = len(phrase.words)
        turned = [*rest[:size], *tokens[:numbers], *rest[size:]]
        if any(first_kind(spec) is Arg.ORDER for spec in phrase.specs):
            return _verb(text, turned, desk)
    return None


def _return_number(tokens: list[Token]) -> Question | None:
    """“R1001-1”, “return R1001-1”, “CL1001-1”: the number of a return or a claim shows it."""
    words = tokens[1:] if tokens[0].word in ("return", "claim", "claims") else tokens
    if len(words) != 1:
        return None
    if found := _CLAIM.fullmatch(words[0].text):
        return Question((ShowClaim(found[1].upper()),), FindOrders(text=found[1]))
    if tokens[0].word in ("claim", "claims") or not (found := _RETURN.fullmatch(words[0].text)):
        return None
    return Question((ShowReturn(found[1].upper()),), FindOrders(text=found[1]))


def _list(tokens: list[Token], desk: Desk) -> Heard | None:
    """“late ber”, “held”, “ber”: a saved search, limited to a location."""
    wanted: dict[str, Any] = {}
    listed = False
    for token in tokens:
        if token.word in _LISTS:
            wanted |= _LISTS[token.word]
            listed = True
        elif place := (desk.place(token.word) if listed else desk.place_coded(token.word)):
            wanted["location"] = place.code
        elif token.word not in _FILLERS:
            return None
    return Question((FindOrders(**wanted),)) if wanted else None


def _unknown(text: str, tokens: list[Token], desk: Desk) -> Heard:
    """Nothing known: the nearest words when a verb was probably meant, else a search."""
    searched = _search_text(tokens)
    near = nearest_texts(text, tokens, desk)
    parsed = [(offer, parse(offer, desk)) for offer in near]
    fitting = [
        Offer(offer, isinstance(heard, Question))
        for offer, heard in parsed
        if isinstance(heard, Ask | Question) or len(tokens) == 1 or _is_about(heard)
    ]
    if fitting:
        offers = (*fitting, Offer(f"search {searched}", reads=True))
        return Suggestion(f"I do not know “{text}”.", offers)
    return Question((FindOrders(text=searched),), _mentioned(tokens))


def _is_about(heard: Heard) -> bool:
    """Whether a form knows already what it is for: “canel 1001”."""
    if not isinstance(heard, FormWanted):
        return False
    return any(s.kind in NUMBERED and s.name in heard.given for s in slots_of(heard.spec.shape))


def _mentioned(tokens: list[Token]) -> Any:
    """“where is 1001”: what is shown when nothing fits all the words."""
    returns = [found[1] for token in tokens if (found := _RETURN.fullmatch(token.text))]
    orders = [token.order for token in tokens if token.order]
    if returns:
        return ShowReturn(returns[0].upper())
    return ShowOrder(orders[0]) if len(orders) == 1 else None


def _search_text(tokens: list[Token]) -> str:
    if len(tokens) == 1 and tokens[0].kind == "link":
        return _of_link(tokens[0].text)
    return " ".join(token.text.strip(",;") for token in tokens)


def _of_link(link: str) -> str:
    found = _LINK_ORDER.search(link)
    return found[1] if found else link

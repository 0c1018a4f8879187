"""Words after a verb into arguments, slot by slot; what is missing or left over is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.grammar.desk import Desk
from bot.grammar.lexicon import NOUNS, Slot, as_typed, slots_of
from bot.grammar.moments import read_moment
from bot.grammar.numbers import NUMBER_OF, NUMBERED, QUANTITY, case_of, letters_of, order_of
from bot.grammar.parcels import find_carrier, find_number
from bot.grammar.suggest import nearest_choice
from bot.grammar.tokens import Token, wording
from bot.grammar.units import early_quantity, read_units
from core.registry import Arg, Spec

_UNTIL = ("until", "till", "til", "bis")
_BEFORE_PLACE = ("to", "at", "in", "from", "for", "nach")
_BEFORE_AVOIDED = ("not", "without", "except", "avoid", "nicht", "ohne")
_BEFORE_CHOICE = ("for", "because", "wegen", "as")
_BEFORE_DAY = ("by", "on", "due", "am", "bis")
_BEFORE_LINE = ("line", "sku", "zeile")
_POINTING = ("it", "this", "that")


@dataclass(slots=True)
class Reading:
    """How far the words after a verb could be read as its arguments."""

    spec: Spec
    text: str
    rest: list[Token]
    desk: Desk
    values: dict[str, Any] = field(default_factory=dict)
    many: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problem: str = ""
    nearest: str = ""  # the word that was probably meant, when there is a problem
    until: datetime | None = None

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.problem)

    @property
    def first(self) -> Slot | None:
        return next((s for s in slots_of(self.spec.shape) if s.kind in NUMBERED), None)

    @property
    def given(self) -> dict[str, Any]:
        """What was said, as plain JSON: a form begins with it."""
        slot = self.first
        if slot is None or not self.many:
            return self.values
        return {slot.name: self.many if slot.gathers else self.many[0], **self.values}

    def commands(self) -> tuple[Any, ...]:
        """One command per number. Raises Invalid naming the field that makes no sense."""
        slot = self.first
        if slot is None or not self.many or slot.gathers:
            return (self.spec.read(self.given),)
        return tuple(self.spec.read({**self.values, slot.name: n}) for n in self.many)


def read(spec: Spec, text: str, tokens: list[Token], desk: Desk) -> Reading:
    reading = Reading(spec, text, list(tokens), desk)
    slots = as_typed(spec.shape)
    _take_from_anywhere(reading)
    if {"tracking_number", "carrier"} <= {slot.name for slot in slots}:
        _take_parcel(reading)
    for slot in slots:
        _take_early_quantity(reading, slot)
        if slot.name not in reading.values and not _READERS[slot.kind](reading, slot):
            reading.missing += [slot.name] if slot.required else []
    for slot in slots:
        if slot.kind is Arg.LOCATION and slot.name not in reading.values and reading.rest:
            _take_location(reading, slot)  # “print 1001 ber”: a place may also stand last
    if reading.rest and not reading.problem:
        _leftover(reading)
    return reading


def _take_from_anywhere(reading: Reading) -> None:
    for slot in slots_of(reading.spec.shape):
        if slot.kind is Arg.UNTIL:
            _take_until(reading, slot)
        elif slot.kind is Arg.LINE:
            _take_line(reading, slot)


def _take_parcel(reading: Reading) -> None:
    """A number and a carrier know each other, so they may stand in any order."""
    number = find_number(reading.rest)
    if number is not None:
        reading.values["tracking_number"] = number[0]
        del reading.rest[number[1]]
    carrier = find_carrier(reading.rest)
    if carrier is not None and (number is not None or carrier[1].stop == len(reading.rest)):
        reading.values["carrier"] = carrier[0]
        del reading.rest[carrier[1]]


# --- one reader per kind: takes what it understands from the front --------------------------------


def _take_number(reading: Reading, slot: Slot) -> bool:
    _skip_noun(reading, slot)
    number_of = order_of if slot.kind is Arg.ORDER else NUMBER_OF[slot.kind]
    first = reading.rest[0] if reading.rest else None
    if first is not None and first.word in _POINTING and _from_desk(reading, slot):
        reading.rest.pop(0)
        return True
    while reading.rest and (number := number_of(reading.rest[0])):
        if _is_the_last_word(reading, slot, number):
            break
        if reading.many and not _belongs(reading, number):
            break
        reading.many.append(number)
        was_listed = reading.rest.pop(0).listed
        if not (_takes_many(reading.spec) or slot.gathers or was_listed):
            break
    reading.many = list(dict.fromkeys(reading.many))
    if not reading.many and slot.required and _from_desk(reading, slot):
        return reading.spec.is_question and first is None  # a command asks before it writes
    return bool(reading.many)


def _take_quantity(reading: Reading, slot: Slot) -> bool:
    if reading.rest and (found := QUANTITY.fullmatch(reading.rest[0].word)):
        reading.values[slot.name] = int(found[1])
        reading.rest.pop(0)
        return True
    return False


def _take_early_quantity(reading: Reading, slot: Slot) -> None:
    later = next((s for s in slots_of(reading.spec.shape) if s.kind is Arg.QUANTITY), None)
    is_before = slot.kind is Arg.SKU or (slot.required and slot.kind is Arg.LOCATION)
    if later is None or later.name in reading.values or not is_before:
        return
    is_place = slot.kind is Arg.LOCATION
    desk = reading.desk
    found = early_quantity(reading.rest, lambda word: is_place and desk.place(word) is not None)
    if found is not None:
        reading.values[later.name] = found
        del reading.rest[0]


def _take_units(reading: Reading, slot: Slot) -> bool:
    others = slots_of(reading.spec.shape)
    is_free = any(s.kind is Arg.TEXT for s in others)
    place = next((s for s in others if s.kind is Arg.LOCATION and not s.required), None)
    if place and reading.rest and reading.desk.place_coded(reading.rest[0].word):
        _take_location(reading, place)  # “short 1001 ham mug-red 1”
    found, used = read_units(reading.rest, _UNTIL, is_free=is_free)
    if found:
        reading.values[slot.name] = found
    del reading.rest[:used]
    return bool(found)


def _take_location(reading: Reading, slot: Slot) -> bool:
    leading = _BEFORE_AVOIDED if slot.name == "avoid" else _BEFORE_PLACE
    skipped = reading.rest[:1] if _starts(reading, leading) else []
    words = reading.rest[len(skipped) :]
    for length in (3, 2, 1):
        meant = reading.desk.places_called(" ".join(t.word for t in words[:length]))
        if meant and len(words) >= length:
            reading.values[slot.name] = meant[0].code
            if len(meant) > 1:
                codes = " or ".join(place.code for place in meant)
                reading.problem = f"“{words[0].text}” could be {codes}. Write the code."
            del reading.rest[: len(skipped) + length]
            return True
    if words and slot.required:
        _no_such_location(reading, words[0])
        reading.rest.clear()
        return True
    return False


def _no_such_location(reading: Reading, said: Token) -> None:
    codes = [place.code for place in reading.desk.places]
    known = f" Locations: {', '.join(codes)}." if codes else ""
    reading.problem = f"There is no location “{said.text}”.{known}"
    reading.nearest = nearest_choice(said.word, codes)


def _take_choice(reading: Reading, slot: Slot) -> bool:
    if not slot.choices:
        return _take_word(reading, slot)
    skipped = 1 if _starts(reading, _BEFORE_CHOICE) else 0
    words = [re.sub("[- ]", "_", token.word) for token in reading.rest[skipped:]]
    for length in (4, 3, 2, 1):
        said = "_".join(words[:length])
        if said in slot.choices and len(words) >= length:
            reading.values[slot.name] = said
            del reading.rest[: skipped + length]
            return True
    near = nearest_choice(words[0], list(slot.choices)) if words else ""
    if near and not reading.problem:
        reading.problem = f"I do not know “{reading.rest[skipped].text}” here."
        reading.nearest = near
    return False


def _take_until(reading: Reading, slot: Slot) -> bool:
    """“until fri” may stand anywhere; where a time is required it needs no “until”."""
    places = [n for n, token in enumerate(reading.rest) if token.word in _UNTIL]
    if not places and not slot.required:
        return False
    start = places[0] if places else _time_start(reading)
    begin = start + (1 if places or _is_for(reading, start) else 0)
    words = [token.text for token in reading.rest[begin:]]
    moment, used = read_moment(words, reading.desk.now, reading.desk.zone)
    if moment is None:
        if places:
            said = " ".join(words)
            reading.problem = (
                f"I cannot read the time “{said}”: write `until fri` or `until 14:30`."
            )
            del reading.rest[start:]
        return False
    if moment <= reading.desk.now:
        reading.problem = f"“{' '.join(words[:used])}” has passed: write `until fri`, say."
    else:
        reading.until = moment
        reading.values[slot.name] = moment.isoformat()
    del reading.rest[start : begin + used]
    return True


def _take_day(reading: Reading, slot: Slot) -> bool:
    skipped = 1 if _starts(reading, _BEFORE_DAY) else 0
    words = [token.text for token in reading.rest[skipped:]]
    moment, used = read_moment(words, reading.desk.now, reading.desk.zone)
    if moment is None:
        return False
    reading.values[slot.name] = moment.astimezone(ZoneInfo(reading.desk.zone)).date().isoformat()
    del reading.rest[: skipped + used]
    return True


def _take_word(reading: Reading, slot: Slot) -> bool:
    _skip_noun(reading, slot)
    if not reading.rest or (not slot.required and _means_another(reading, slot)):
        return False
    token = reading.rest.pop(0)
    clean = token.text if token.kind != "word" else token.text.strip(",;")
    reading.values[slot.name] = clean.lstrip("#") if slot.kind is Arg.TAG else clean
    return True


def _means_another(reading: Reading, slot: Slot) -> bool:
    """True for a word that a later argument knows, or that cannot be such a number."""
    word = reading.rest[0].word
    if slot.name.endswith("number") and not any(char.isdigit() for char in word):
        return True
    others = [s for s in slots_of(reading.spec.shape) if s.name not in reading.values]
    is_place = reading.desk.place_coded(word) is not None
    return any(
        word.replace("-", "_") in s.choices or (is_place and s.kind is Arg.LOCATION) for s in others
    )


def _take_line(reading: Reading, slot: Slot) -> bool:
    """“line mug-red”, before or behind one other word. The word in front is needed, since a note
    may begin with any word."""
    numbers = 0
    while numbers < len(reading.rest) and reading.rest[numbers].order:
        numbers += 1
    for place in (numbers, numbers + 1):
        said = reading.rest[place : place + 2]
        if len(said) == 2 and said[0].word in _BEFORE_LINE:
            reading.values[slot.name] = said[1].text.strip(",;")
            del reading.rest[place : place + 2]
            return True
    return False


def _take_text(reading: Reading, slot: Slot) -> bool:
    if reading.problem:
        return True
    said = wording(reading.text, reading.rest)
    reading.rest.clear()
    if said:
        reading.values[slot.name] = said
    return bool(said)


def _take_nothing(_reading: Reading, _slot: Slot) -> bool:
    return False


_READERS: dict[Arg, Callable[[Reading, Slot], bool]] = {
    Arg.ORDER: _take_number,
    Arg.CASE: _take_number,
    Arg.RETURN: _take_number,
    Arg.LOCATION: _take_location,
    Arg.SKU: _take_word,
    Arg.LINE: _take_nothing,
    Arg.QUANTITY: _take_quantity,
    Arg.UNITS: _take_units,
    Arg.CHOICE: _take_choice,
    Arg.UNTIL: _take_nothing,
    Arg.DAY: _take_day,
    Arg.TAG: _take_word,
    Arg.WORD: _take_word,
    Arg.TEXT: _take_text,
    Arg.NONE: _take_nothing,
}


# --- numbers --------------------------------------------------------------------------------------


def _takes_many(spec: Spec) -> bool:
    return spec.many or spec.is_question


def _belongs(reading: Reading, number: str) -> bool:
    """A further number is one of the list only if it looks like the first: “hold 1001 2 boxes”."""
    return abs(len(number) - len(reading.many[0])) <= 1


def _is_the_last_word(reading: Reading, slot: Slot, number: str) -> bool:
    """“tag 1001 x10”: a word is still needed, and this one is not numbered as the orders are."""
    known = reading.many[0] if reading.many else reading.desk.order
    if slot.kind is not Arg.ORDER or not known or len(reading.rest) > 1:
        return False
    wanted = any(s.required and s.kind in (Arg.TAG, Arg.WORD) for s in slots_of(reading.spec.shape))
    return wanted and letters_of(number) != letters_of(known)


def _from_desk(reading: Reading, slot: Slot) -> bool:
    if slot.kind is not Arg.ORDER or not reading.desk.order:
        return False
    reading.many.append(reading.desk.order)
    return True


def _skip_noun(reading: Reading, slot: Slot) -> None:
    more = len(reading.rest) > 1
    if more and NOUNS.get(reading.rest[0].word.removesuffix("s")) is slot.kind:
        reading.rest.pop(0)


# --- helpers --------------------------------------------------------------------------------------


def _starts(reading: Reading, words: tuple[str, ...]) -> bool:
    return len(reading.rest) > 1 and reading.rest[0].word in words


def _time_start(reading: Reading) -> int:
    """Where a time without “until” begins: after the numbers at the front."""
    rest = reading.rest
    numbers = 0
    while numbers < len(rest) and (case_of(rest[numbers]) or rest[numbers].word in NOUNS):
        following = [token.text for token in rest[numbers:]]
        told = read_moment(following, reading.desk.now, reading.desk.zone)[1]
        if numbers and told > 0:
            break
        numbers += 1
    return numbers


def _is_for(reading: Reading, start: int) -> bool:
    return start < len(reading.rest) and reading.rest[start].word == "for"


def _leftover(reading: Reading) -> None:
    words = wording(reading.text, reading.rest)
    orders = [token.order for token in reading.rest if token.order]
    places = [s for s in slots_of(reading.spec.shape) if s.kind is Arg.LOCATION]
    is_place = reading.spec.is_question and any(s.name not in reading.values for s in places)
    said = reading.rest[1:] if _starts(reading, _BEFORE_PLACE) else reading.rest
    if is_place and len(said) == 1:
        return _no_such_location(reading, said[0])
    is_more = any(reading.many and _belongs(reading, number) for number in orders)
    if is_more and not _takes_many(reading.spec):
        reading.problem = f"`{reading.spec.verb}` takes one number at a time."
    else:
        reading.problem = f"I do not understand “{words}” here."
    return None


def one_at_a_time(reading: Reading) -> bool:
    """True when a text that cannot be taken back begins with what is surely one more number."""
    if reading.spec.many or not reading.spec.risk.asks_first or not reading.many:
        return False
    texts = (s.name for s in slots_of(reading.spec.shape) if s.kind is Arg.TEXT)
    first = next((str(reading.values[n]).split()[0] for n in texts if n in reading.values), "")
    return bool(re.fullmatch(r"#?\d+", first)) and _belongs(reading, first.lstrip("#"))

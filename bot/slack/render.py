"""Cards and pages as Block Kit, within Slack's limits; what is left out is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from bot.presentation.model import Action, Answer, Card, Field, Page, Section, Tone
from bot.slack.mrkdwn import Mrkdwn, clean, escaped
from bot.slack.tokens import VALUE_MAX, Press
from bot.slack.validate import length
from core.domain.values import dataclass

Json = dict[str, Any]
SignPress = Callable[[Press], str]

BLOCKS_MAX = 50
TEXT_MAX = 9_500  # Slack's own limit is not written down; bot/slack/validate holds 10 000
SECTION_MAX = 2_900
HEADER_MAX = 150
FIELD_MAX = 1_900
FALLBACK_MAX = 3_000
LABEL_MAX = 75
SHOWN_ACTIONS = 3
OPTION_VALUE_MAX = 150
OVERFLOW_MAX = 5
ELEMENTS_MAX = 25
SHARE = "Share in Channel"
SHAREABLE = ("order:", "case:")
LINK = "v1:link"  # the browser opens it; Slack tells us all the same
CARD_BLOCK = "v1:card"  # the actions of a message that shows one thing only

_CODE = re.compile(r"`([^`]*)`")
_MARKS: dict[Tone, str] = {"bad": "🔴 ", "warn": "🟠 ", "good": "✅ ", "plain": "", "quiet": ""}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message: what notifications and screen readers say, and the blocks."""

    text: str
    blocks: list[Json]

    def as_json(self) -> Json:
        return {"text": self.text, "blocks": self.blocks}


def message(
    answers: Sequence[Answer], sign: SignPress, *, can_share: bool = True, closing: str = ""
) -> Rendered:
    """Several answers as one message. Forms are not messages: they are opened."""
    shown = [each for each in answers if isinstance(each, Card | Page)]
    layout = _Layout(sign, can_share=can_share)
    subjects = {each.subject for each in shown if isinstance(each, Card) and each.subject}
    layout.is_one_card = len(subjects) == 1 and all(isinstance(each, Card) for each in shown)
    for index, answer in enumerate(shown):
        layout.reserve = 3 * (len(shown) - index - 1)
        layout.put(answer, is_first=index == 0)
    if closing:
        layout.closing(closing)
    return Rendered(fallback(shown), layout.blocks)


def fallback(answers: Sequence[Card | Page]) -> str:
    """The point in words: Slack reads this text as markup, so it is escaped."""
    lines = [answer.title for answer in answers[:10]]
    if len(answers) > 10:
        lines.append(f"… {len(answers) - 10} more")
    said = cut(escaped("\n".join(lines)), FALLBACK_MAX)
    return said if re.search(r"\w", said) else "wismo"


def notice(sentence: str) -> Rendered:
    """One plain sentence."""
    return Rendered(cut(escaped(sentence), FALLBACK_MAX), [plain_section(sentence)])


def home(answers: Sequence[Answer], sign: SignPress, now: datetime) -> Json:
    """The Home tab: what waits for this person, and how fresh that is."""
    rendered = message(answers, sign, can_share=False)
    fresh = Mrkdwn("As of ", Mrkdwn.date(now, "{date_short_pretty} {time}", f"{now:%H:%M} UTC"))
    return {"type": "home", "blocks": [*rendered.blocks[: BLOCKS_MAX - 1], _context(fresh)]}


class _Layout:
    """Blocks of one message, counted against the limits while they are put down.

    `reserve` keeps blocks free for the answers that still follow.
    """

    def __init__(self, sign: SignPress, *, can_share: bool) -> None:
        self.blocks: list[Json] = []
        self.reserve = 0
        self.is_one_card = False
        self._can_share = can_share
        self._sign = sign
        self._size = 0
        self._has_primary = False

    def put(self, answer: Card | Page, *, is_first: bool) -> None:
        if len(self.blocks) + self.reserve + 3 > BLOCKS_MAX or self._size > TEXT_MAX - 600:
            self._add(plain_section(cut(answer.title, 200)))
            return
        if not is_first:
            self._add({"type": "divider"})
        if isinstance(answer, Card):
            self._card(answer)
        else:
            self._page(answer)

    def _card(self, card: Card) -> None:
        self._title(card.title, card.tone)
        for chunk in _chunks(card.fields, 10):
            self._add({"type": "section", "fields": [_field(each) for each in chunk]})
        shown, more = _split_actions(card)
        after = (1 if shown else 0) + (2 if more else 0) + (1 if card.note else 0)
        self._sections(card.sections, after)
        if self._can_share and card.subject.startswith(SHAREABLE):
            share = Action(SHARE, SHARE, {"subject": card.subject})
            more = [*more[: OVERFLOW_MAX - 1], share]  # the last of many may be typed
        self.buttons(shown, more)
        self._note(card.note)

    def _page(self, page: Page) -> None:
        self._title(page.title, "plain")
        lines = page.lines or (page.empty,)
        self._sections((Section(lines),), 2 + len(page.actions) // 5)
        self.buttons(page.actions)
        self._note(page.note)

    def _title(self, title: str, tone: Tone) -> None:
        words = _MARKS[tone] + _CODE.sub(r"“\1”", clean(title).strip())
        if length(words) <= HEADER_MAX:
            self._add({"type": "header", "text": plain(words)})
        else:
            self._add(plain_section(cut(words, 600)))

    def _note(self, note: str) -> None:
        if clean(note).strip():
            self._add(_context(plain(cut(note, 500))))

    def _sections(self, sections: Iterable[Section], after: int) -> None:
        """As many lines as fit; the rest is counted and said, never silently gone."""
        omitted = 0
        for section in sections:
            omitted += self._section(section, after + 1) if not omitted else len(section.lines)
        if omitted:
            word = "line" if omitted == 1 else "lines"
            self._add(_context(plain(f"… {omitted} more {word}")))

    def _section(self, section: Section, after: int) -> int:
        """Put a section down; returns how many of its lines did not fit."""
        lines = [clean(line) for line in section.lines]
        heading = clean(section.heading).strip()
        if heading and self._has_room(200, after + 2):
            heading = _MARKS[section.tone] + cut(heading, 150)
            self._add(_context(Mrkdwn.bold(heading)))
        elif lines and section.tone != "plain":
            lines[0] = _MARKS[section.tone] + lines[0]
        for index, chunk in _packed(lines):
            if not self._has_room(length(chunk), after + 1):
                return len(lines) - index
            self._add(plain_section(chunk))
        return 0

    def _has_room(self, size: int, blocks: int) -> bool:
        enough = len(self.blocks) + self.reserve + blocks <= BLOCKS_MAX
        return enough and self._size + size + 600 <= TEXT_MAX

    def buttons(self, actions: Sequence[Action], more: Sequence[Action] = ()) -> None:
        """Buttons, and what has no room beside them in a menu; nothing is ever dropped."""
        menu = [self._option(each) for each in more]
        short = [n for n, each in enumerate(menu) if length(each["value"]) <= OPTION_VALUE_MAX]
        in_menu = short[:OVERFLOW_MAX]
        beside = [*actions, *(each for n, each in enumerate(more) if n not in in_menu)]
        elements = [self._button(each, n) for n, each in enumerate(beside[: ELEMENTS_MAX - 1])]
        if in_menu:
            options = [menu[n] for n in in_menu]
            elements.append({"type": "overflow", "action_id": "v1:more", "options": options})
        if elements:
            name = f"{CARD_BLOCK if self.is_one_card else 'v1:list'}:{len(self.blocks)}"
            self._add({"type": "actions", "block_id": name, "elements": elements})

    def closing(self, words: str) -> None:
        self._add(_context(plain(cut(clean(words), 500))))

    def _button(self, action: Action, number: int) -> Json:
        if action.url:
            return _link(action, number)
        value = self._sign(_press(action))
        if length(value) > VALUE_MAX:
            raise ValueError(f"the button {action.label} carries too much")
        found: Json = {
            "type": "button",
            "action_id": f"v1:press:{number}",
            "text": plain(cut(clean(action.label), LABEL_MAX)),
            "value": value,
        }
        if action.style == "danger" or (action.style == "primary" and not self._has_primary):
            found["style"] = action.style
            self._has_primary = self._has_primary or action.style == "primary"
        if action.confirm:
            found["confirm"] = _confirm(action)
        return found

    def _option(self, action: Action) -> Json:
        text = plain(cut(clean(action.label), LABEL_MAX))
        return {"text": text, "value": self._sign(_press(action))}

    def _add(self, block: Json) -> None:
        self.blocks.append(block)
        self._size += _text_in(block)


def _link(action: Action, number: int) -> Json:
    text = plain(cut(clean(action.label), LABEL_MAX))
    return {"type": "button", "action_id": f"{LINK}:{number}", "text": text, "url": action.url}


def _press(action: Action) -> Press:
    kind = "share" if action.verb == SHARE else "form" if action.form else "act"
    return Press(action.verb, action.arguments, action.version, kind)


def _split_actions(card: Card) -> tuple[list[Action], list[Action]]:
    """At most three buttons, and more only for what asks back first, or opens a page."""
    shown, rest = list(card.actions[:SHOWN_ACTIONS]), [*card.actions[SHOWN_ACTIONS:], *card.more]
    shown += [each for each in rest if each.confirm or each.url]
    return shown, [each for each in rest if not (each.confirm or each.url)]


def _confirm(action: Action) -> Json:
    return {
        "title": plain(cut(action.label, 100)),
        "text": plain(cut(clean(action.confirm), 300)),
        "confirm": plain(cut(action.label, 30)),
        "deny": plain("Keep as It Is"),
    }


def _field(field: Field) -> Json:
    value = Mrkdwn(_MARKS[field.tone], cut(clean(field.value).strip(), FIELD_MAX // 5) or "—")
    words = Mrkdwn(Mrkdwn.bold(cut(field.label, 100)), "\n", value)
    return {"type": "mrkdwn", "text": words.text}


def _context(what: Mrkdwn | Json) -> Json:
    part = {"type": "mrkdwn", "text": what.text} if isinstance(what, Mrkdwn) else what
    return {"type": "context", "elements": [part]}


def plain(text: str) -> Json:
    words = clean(text)
    return {"type": "plain_text", "text": words if words.strip() else "—", "emoji": False}


def plain_section(text: str) -> Json:
    """A paragraph. Words to be typed stand between backticks: only then markup is needed."""
    words = cut(clean(text), SECTION_MAX)
    marked = escaped(words)
    if "`" in words and length(marked) <= SECTION_MAX:
        return {"type": "section", "text": {"type": "mrkdwn", "text": marked}}
    return {"type": "section", "text": plain(words)}


def _packed(lines: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Lines joined into texts that fit one section each, with the index of their first line."""
    held: list[str] = []
    first = 0
    for index, line in enumerate(lines):
        for piece in pieces(line, SECTION_MAX):
            if held and length("\n".join([*held, piece])) > SECTION_MAX:
                yield first, "\n".join(held)
                held, first = [], index
            held.append(piece)
    if held:
        yield first, "\n".join(held)


def pieces(text: str, most: int) -> list[str]:
    """A long text in parts that fit, cut between words where there are any."""
    found = []
    while length(text) > most:
        end = len(cut(text, most)) - 1
        space = text.rfind(" ", end // 2, end)
        end = space if space > 0 else end
        found.append(text[:end])
        text = text[end:].lstrip(" ")
    return [*found, text]


def cut(text: str, most: int) -> str:
    """The text, or as much of it as fits before an ellipsis (Slack counts as JavaScript does)."""
    if length(text) <= most:
        return text
    kept = text[: most - 1]
    while length(kept) > most - 1:
        kept = kept[:-1]
    return kept + "…"


def _chunks(items: Sequence[Field], size: int) -> Iterable[Sequence[Field]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _text_in(block: Json) -> int:
    texts = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
    return sum(length(t["text"]) for t in texts if t and isinstance(t.get("text"), str)) + 100

"""A line of the conversation as Telegram shows it: plain text, buttons, or the contact key."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from bot.chat.host import Line
from notifications.senders.telegram import TEXT_LENGTH_MAX, utf16_length

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove
LABEL_SHORT = 16
SHARE = {"en": "Share my phone number", "de": "Meine Telefonnummer teilen"}
OKAY = {"en": "Okay.", "de": "In Ordnung."}


def messages_of(line: Line, language: str) -> list[tuple[str, Markup | None]]:
    """What is sent for a line, in order. The contact key goes by a message without buttons."""
    *first, last = texts_of(line)
    markup = markup_of(line, language)
    sent: list[tuple[str, Markup | None]] = [(text, None) for text in first]
    if not line.ends_contact:
        return [*sent, (last, markup)]
    if markup is None:
        return [*sent, (last, ReplyKeyboardRemove(remove_keyboard=True))]
    okay = (OKAY.get(language, OKAY["en"]), ReplyKeyboardRemove(remove_keyboard=True))
    return [okay, *sent, (last, markup)]


def texts_of(line: Line) -> list[str]:
    """The words in pieces that Telegram takes, without any markup in which names could hide."""
    named = line.author not in ("bot", "customer")
    text = f"{line.author}: {line.text}" if named else line.text
    pieces = [""]
    for row in text.split("\n"):
        for part in _parts(row):
            longer = f"{pieces[-1]}\n{part}" if pieces[-1] else part
            if utf16_length(longer) <= TEXT_LENGTH_MAX:
                pieces[-1] = longer
            else:
                pieces.append(part)
    return pieces


def _parts(row: str) -> list[str]:
    """A row is cut only when it is longer than a whole message (a character has two units)."""
    size = TEXT_LENGTH_MAX // 2
    return [row[start : start + size] for start in range(0, len(row), size)] or [""]


def markup_of(line: Line, language: str) -> Markup | None:
    if line.asks_contact:
        return _contact_keys([label for _, label in line.buttons], language)
    if not line.buttons:
        return None
    keys = [InlineKeyboardButton(text=label, callback_data=key) for key, label in line.buttons]
    return InlineKeyboardMarkup(inline_keyboard=_rows(keys))


def _rows(keys: Sequence[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    """Short labels stand two in a row."""
    rows: list[list[InlineKeyboardButton]] = []
    for key in keys:
        fits = rows and len(rows[-1]) == 1 and len(key.text) <= LABEL_SHORT
        if fits and len(rows[-1][0].text) <= LABEL_SHORT:
            rows[-1].append(key)
        else:
            rows.append([key])
    return rows


def _contact_keys(labels: Sequence[str], language: str) -> ReplyKeyboardMarkup:
    """Telegram gives a phone number only by its own key; the other labels are typed by theirs."""
    share = KeyboardButton(text=SHARE.get(language, SHARE["en"]), request_contact=True)
    rows = [[share], [KeyboardButton(text=label) for label in labels]]
    return ReplyKeyboardMarkup(
        keyboard=[row for row in rows if row], resize_keyboard=True, one_time_keyboard=True
    )

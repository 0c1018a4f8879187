"""Says, before Slack does, what is wrong with a message or view that we are about to send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bot.slack.block_shapes import BLOCKS, SURFACES, VIEWS
from bot.slack.checks import Problem, length

__all__ = [
    "HOUSE_RULES",
    "Problem",
    "Unsendable",
    "assert_sendable",
    "length",
    "problems_of_blocks",
    "problems_of_message",
    "problems_of_view",
    "total_text",
    "walk",
]

TEXT_BUDGET = 10_000
FALLBACK_MAX = 4_000
MARKDOWN_MAX = 12_000
TABLE_TEXT_MAX = 10_000
BLOCKS_MAX = {"message": 50, "modal": 100, "home": 100}
HOUSE_RULES = frozenset(
    {"primary_twice", "fallback_missing", "fallback_too_long", "personal_data", "no_route"}
)
"""Codes of our own rules, which Slack itself would let pass."""

E_MAIL = re.compile(r"[^\s@\"]+@[^\s@\"]+\.[A-Za-z]{2,}")


class Unsendable(ValueError):
    """The payload must not leave the house; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def assert_sendable(
    payload: Mapping[str, Any], is_routed: Callable[[str], bool] | None = None
) -> None:
    """Raise `Unsendable` for a message or view (told apart by `type`) with any problem.

    With `is_routed`, every action_id must also lead somewhere in our own route table.
    """
    is_view = payload.get("type") in VIEWS
    problems = problems_of_view(payload) if is_view else problems_of_message(payload)
    if is_routed is not None:
        problems += _unrouted(payload.get("blocks"), is_routed)
    if problems:
        raise Unsendable(problems)


def problems_of_message(payload: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a message's `text` and `blocks`; an empty list means: send it."""
    blocks = payload.get("blocks") or []
    return [
        *_fallback(payload.get("text")),
        *problems_of_blocks(blocks, "message"),
        *_over_budget(blocks),
    ]


def problems_of_view(view: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a modal or Home view."""
    surface = view.get("type")
    if not isinstance(surface, str) or surface not in VIEWS:
        return [Problem("/type", "wrong_value", f"must be modal or home, not {surface!r}")]
    return [
        *VIEWS[surface]("", dict(view)),
        *problems_of_blocks(view.get("blocks", []), surface),
        *_submit_missing(view, surface),
        *_personal_metadata(view.get("private_metadata")),
    ]


def problems_of_blocks(blocks: object, surface: str) -> list[Problem]:
    """Limits, shapes, surface and the rules across blocks, for one list of blocks."""
    if not isinstance(blocks, list):
        return [Problem("/blocks", "wrong_type", "must be a list of blocks")]
    most = BLOCKS_MAX[surface]
    found = [p for i, block in enumerate(blocks) for p in _block(f"/blocks/{i}", block, surface)]
    if len(blocks) > most:
        found.append(Problem("/blocks", "too_many_blocks", f"no more than {most} blocks allowed"))
    return [*found, *_across(blocks)]


def total_text(node: object) -> int:
    """How much text a list of blocks carries altogether."""
    return sum(length(each["text"]) for _, each in walk(node) if isinstance(each.get("text"), str))


def walk(node: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON object inside `node`, with its pointer."""
    if isinstance(node, dict):
        yield at, node
        for key, value in node.items():
            yield from walk(value, f"{at}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{at}/{index}")


def _block(at: str, block: object, surface: str) -> Iterator[Problem]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in BLOCKS:
        yield Problem(at, "unsupported_type", f"unsupported type: {kind}")
        return
    if kind not in SURFACES[surface]:
        yield Problem(at, "wrong_surface", f"a {kind} block is not allowed in a {surface}")
    yield from BLOCKS[kind](at, block)


# Rules across blocks


def _across(blocks: list[Any]) -> Iterator[Problem]:
    yield from _repeated_ids(blocks)
    yield from _several_tables(blocks)
    yield from _long_markdown(blocks)
    elements = list(walk(blocks, "/blocks"))
    yield from _more_than_one(elements, "focus_on_load", True, "focus_twice")
    buttons = [(at, each) for at, each in elements if each.get("type") == "button"]
    yield from _more_than_one(buttons, "style", "primary", "primary_twice")


def _repeated_ids(blocks: list[Any]) -> Iterator[Problem]:
    sound = [block for block in blocks if isinstance(block, dict)]
    for name in _repeated(block.get("block_id") for block in sound):
        yield Problem("/blocks", "duplicate_block_id", f"block_id {name} is used twice")
    for index, block in enumerate(blocks):
        for name in _repeated(each.get("action_id") for _, each in walk(block)):
            message = f"action_id {name} is used twice in one block"
            yield Problem(f"/blocks/{index}", "duplicate_action_id", message)


def _repeated(names: Iterable[object]) -> list[str]:
    counted = Counter(name for name in names if isinstance(name, str))
    return [name for name, times in counted.items() if times > 1]


def _several_tables(blocks: list[Any]) -> Iterator[Problem]:
    tables = [b for b in blocks if isinstance(b, dict) and b.get("type") == "table"]
    if len(tables) > 1:
        yield Problem("/blocks", "several_tables", "only one table allowed")
    if any(total_text(table) > TABLE_TEXT_MAX for table in tables):
        yield Problem("/blocks", "too_long", f"a table holds at most {TABLE_TEXT_MAX} characters")


def _long_markdown(blocks: list[Any]) -> Iterator[Problem]:
    markdown = [b for b in blocks if isinstance(b, dict) and b.get("type") == "markdown"]
    if total_text(markdown) > MARKDOWN_MAX:
        yield Problem("/blocks", "too_long", f"markdown holds at most {MARKDOWN_MAX} characters")


def _more_than_one(
    elements: list[tuple[str, dict[str, Any]]], field: str, value: object, code: str
) -> Iterator[Problem]:
    holders = [at for at, each in elements if each.get(field) == value]
    if len(holders) > 1:
        yield Problem(holders[1], code, f"only one element may have {field} {value}")


# Rules of whole payloads


def _fallback(text: object) -> Iterator[Problem]:
    if not isinstance(text, str) or not re.search(r"\w", text):
        yield Problem("/text", "fallback_missing", "must say the point of the message in words")
    elif length(text) > FALLBACK_MAX:
        yield Problem("/text", "fallback_too_long", f"must be less than {FALLBACK_MAX + 1}")


def _over_budget(blocks: object) -> Iterator[Problem]:
    size = total_text(blocks)
    if size > TEXT_BUDGET:
        message = f"all texts together must be at most {TEXT_BUDGET} characters, not {size}"
        yield Problem("/blocks", "text_budget", message)


def _submit_missing(view: Mapping[str, Any], surface: str) -> Iterator[Problem]:
    blocks = view.get("blocks")
    sound = [b for b in blocks if isinstance(b, dict)] if isinstance(blocks, list) else []
    has_input = any(block.get("type") == "input" for block in sound)
    if surface == "modal" and has_input and "submit" not in view:
        yield Problem("/submit", "submit_missing", "a modal with an input block needs submit")


def _personal_metadata(metadata: object) -> Iterator[Problem]:
    if isinstance(metadata, str) and E_MAIL.search(metadata):
        yield Problem("/private_metadata", "personal_data", "must not carry personal data")


def _unrouted(blocks: object, is_routed: Callable[[str], bool]) -> Iterator[Problem]:
    for at, each in walk(blocks, "/blocks"):
        action = each.get("action_id")
        if isinstance(action, str) and not is_routed(action):
            yield Problem(f"{at}/action_id", "no_route", f"nothing handles action_id {action}")

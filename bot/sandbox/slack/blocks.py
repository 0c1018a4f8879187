"""Finding one's way in blocks that an app sent: their elements, ids and inputs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

from bot.sandbox.slack.model import Json


def interactive_elements(block: Json) -> list[Json]:
    """The elements of one block that a person can use."""
    if block.get("type") == "input":
        return [block["element"]]
    if block.get("type") == "actions":
        return list(block["elements"])
    accessory = block.get("accessory")
    return [accessory] if accessory and accessory.get("type") != "image" else []


def completed(blocks: Iterable[Json], new_id: Callable[[str], str]) -> tuple[Json, ...]:
    """A copy of the blocks in which every block and interactive element has its id."""
    done = tuple(copy.deepcopy(list(blocks)))
    for block in done:
        block.setdefault("block_id", new_id("b"))
        for element in interactive_elements(block):
            element.setdefault("action_id", new_id("a"))
    return done


def inputs(blocks: Iterable[Json]) -> list[Json]:
    return [block for block in blocks if block["type"] == "input"]


def find_element(
    blocks: Iterable[Json], wanted: str, block_id: str | None = None
) -> tuple[Json, Json]:
    """The one (block, element) with this action_id or, failing that, these words on it."""
    placed = [
        (block, element)
        for block in blocks
        if block_id in (None, block["block_id"])
        for element in interactive_elements(block)
    ]
    for names in (_action_id, _words, _label):
        found = [(block, element) for block, element in placed if names(block, element) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupError(f"{wanted!r} stands in {len(found)} places: say which block_id")
    seen = ", ".join(_words(b, e) or e["action_id"] for b, e in placed) or "nothing"
    raise LookupError(f"there is no {wanted!r} to use here, only {seen}")


def _action_id(_block: Json, element: Json) -> str:
    return str(element["action_id"])


def _words(_block: Json, element: Json) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", ""))


def _label(block: Json, _element: Json) -> str:
    return str(block.get("label", {}).get("text", ""))

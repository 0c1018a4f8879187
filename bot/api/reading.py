"""Reading what strangers send: bounded bytes, plain JSON, whole numbers, known fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect
from starlette.requests import Request

from bot.api.problems import TooLarge
from core.domain.refusals import Invalid

BODY_BYTES_MAX = 1_000_000
NUMBER_MAX = 2**53 - 1
LIST_MAX = 1000
TEXT_MAX = 20_000
DEPTH_MAX = 12


async def body_of(request: Request, most: int = BODY_BYTES_MAX) -> bytes:
    """The body as it came; reading stops as soon as it is too long."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most:
        raise _too_large(most)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A body has at most {most:,} bytes.", "Send less at a time.")


def json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object that both our databases and every JavaScript can hold."""
    try:
        found = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Invalid(f"The body is not JSON: {problem}.", code="bad_json") from problem
    if not isinstance(found, dict):
        raise Invalid("The body is a JSON object with the fields of the command.", code="bad_json")
    _require_plain(found, 0)
    return found


def _require_plain(value: Any, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Invalid("The body is nested too deeply.", code="bad_json")
    if isinstance(value, str):
        require_text(value)
    elif isinstance(value, int | float) and abs(value) > NUMBER_MAX:
        raise Invalid(f"{value} is too large a number.", code="bad_number")
    elif isinstance(value, list | dict):
        if len(value) > LIST_MAX:
            raise Invalid(f"A list has {LIST_MAX:,} entries at most.", code="bad_list")
        for inner in value if isinstance(value, list) else [*value, *value.values()]:
            _require_plain(inner, depth + 1)


def require_text(value: str) -> None:
    if "\x00" in value:
        raise Invalid("A text must not hold the character NUL.", code="bad_text")
    if len(value) > TEXT_MAX:
        raise Invalid(f"A text has {TEXT_MAX:,} characters at most.", code="bad_text")


def read_shape(shape: type, given: Mapping[str, Any], *, lax: bool = False) -> Any:
    """Fields into a dataclass. What it does not have is refused: a slip must not pass as done."""
    _require_known(_type(shape), given, "")
    try:
        made: Any = msgspec.convert(dict(given), shape, strict=not lax)
    except msgspec.ValidationError as problem:
        raise Invalid(f"{problem}.", "See /api/v1/openapi.json.") from problem
    _require_bounds(made)
    return made


@cache
def _type(shape: type) -> inspect.Type:
    return inspect.type_info(shape)


def _require_known(kind: inspect.Type, given: Any, path: str) -> None:
    if isinstance(kind, inspect.UnionType):
        for inner in kind.types:
            if isinstance(inner, inspect.DataclassType):
                _require_known(inner, given, path)
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType) and isinstance(given, list):
        for place, inner in enumerate(given):
            _require_known(kind.item_type, inner, f"{path}[{place}]")
    elif isinstance(kind, inspect.DataclassType) and isinstance(given, Mapping):
        fields = {field.encode_name: field.type for field in kind.fields}
        for name, value in given.items():
            if name not in fields:
                raise _unknown_field(f"{path}.{name}".lstrip("."), fields)
            _require_known(fields[name], value, f"{path}.{name}")


def _unknown_field(name: str, fields: Mapping[str, Any]) -> Invalid:
    known = ", ".join(fields) or "none"
    return Invalid(f"There is no field {name[:80]}.", f"Fields: {known}.", code="unknown_field")


def _require_bounds(made: Any) -> None:
    """Numbers that both databases hold; a moment without its zone means many moments."""
    if isinstance(made, int) and abs(made) > NUMBER_MAX:
        raise Invalid(f"{made} is too large a number.", code="bad_number")
    if isinstance(made, datetime) and made.tzinfo is None:
        raise Invalid(f"{made.isoformat()} lacks a time zone.", "Add it: …Z.", code="naive_time")
    if isinstance(made, date):
        if not 1990 <= made.year <= 2200:
            raise Invalid(f"The year {made.year} makes no sense here.", code="bad_time")
    elif isinstance(made, list | tuple):
        for inner in made:
            _require_bounds(inner)
    elif hasattr(made, "__dataclass_fields__"):
        for name in made.__dataclass_fields__:
            _require_bounds(getattr(made, name))

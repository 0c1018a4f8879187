"""Check a document against the schema, then run it: nothing is done for a document with errors."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.shop.language import (
    Declared,
    Document,
    Enum,
    GraphQLError,
    Operation,
    Parser,
    Selection,
    Token,
    TypeRef,
    Variable,
)
from bot.sandbox.shop.schema import SCALARS, SCHEMA

MAX_PAGE = 250
DIRECTIVES = ("idempotent",)
PAGE_WORDS = ("first", "after")
MISSING = object()

# A root resolver gets (arguments, directives of the field) and returns plain data, in which a
# callable stands for a field that is worked out on demand with its own arguments.
Resolver = Callable[[dict[str, Any], dict[str, dict[str, Any]]], Any]


@dataclass(slots=True)
class Plan:
    """A checked request, ready to run."""

    operation: Operation
    fragments: dict[str, Selection]
    variables: dict[str, Any]
    errors: list[GraphQLError] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    spread: set[str] = field(default_factory=set)
    cost: int = 0

    @property
    def root(self) -> str:
        return "Mutation" if self.operation.kind == "mutation" else "Query"

    def roots(self) -> list[str]:
        return [one.name for one in self.flat(self.operation.inner)]

    def flat(self, selections: tuple[Selection, ...], on: str = "") -> Iterator[Selection]:
        """The fields, with every fragment spread in its place; `on` is the type to fit."""
        for one in selections:
            if one.name != "...":
                yield one
                continue
            fragment = self._fragment(one) if one.target else one
            if on and fragment.on not in ("", on):
                message = f"Fragment on {fragment.on} can't be spread inside {on}"
                raise GraphQLError(message, "cannotSpreadFragment", one.at)
            yield from self.flat(fragment.inner, on)

    def _fragment(self, spread: Selection) -> Selection:
        self.spread.add(spread.target)
        if spread.target not in self.fragments:
            message = f"Fragment {spread.target} was used, but not defined"
            raise GraphQLError(message, "useAndDefineFragment", spread.at)
        return self.fragments[spread.target]


def plan(query: str, operation_name: str | None, variables: Mapping[str, Any]) -> Plan:
    """Parse and check; the plan's `errors` tell what a Shopify server would complain about."""
    document = Parser(query).document()
    made = Plan(_chosen(document, operation_name), document.fragments, {})
    _check_variables(made, variables)
    made.cost = _check_fields(made, made.root, made.operation.inner)
    for name in made.operation.variables:
        if name not in made.used:
            _blame(made, f"Variable ${name} is declared but not used", "variableNotUsed")
    for name in made.fragments.keys() - made.spread:
        _blame(made, f"Fragment {name} was defined, but not used", "useAndDefineFragment")
    return made


def _chosen(document: Document, name: str | None) -> Operation:
    matching = [one for one in document.operations if name in (None, one.name)]
    if len(matching) != 1:
        raise GraphQLError(f"No operation named {name!r}", "operationNotFound")
    return matching[0]


def _blame(made: Plan, message: str, code: str, at: Token | None = None, **extra: Any) -> None:
    made.errors.append(GraphQLError(message, code, at or made.operation.at, **extra))


def _check_variables(made: Plan, given: Mapping[str, Any]) -> None:
    for name, declared in made.operation.variables.items():
        value = given.get(name, declared.default if declared.has_default else MISSING)
        complaint = _misfit(declared.type, value)
        if complaint:
            message = f"Variable ${name} of type {declared.type} was provided invalid value"
            _blame(made, f"{message} {complaint}", "INVALID_VARIABLE", value=_shown(value))
        elif value is not MISSING:
            made.variables[name] = value


def _check_fields(made: Plan, type_name: str, selections: tuple[Selection, ...]) -> int:
    """Complain about everything that the type does not have; gives the selection's cost."""
    cost = 0
    for one in made.flat(selections, type_name):
        if one.name == "__typename":
            continue
        known = SCHEMA.objects[type_name].get(one.name)
        if known is None:
            message = f"Field '{one.name}' doesn't exist on type '{type_name}'"
            where = {"typeName": type_name, "fieldName": one.name}
            _blame(made, message, "undefinedField", one.at, **where)
        else:
            cost += _check_field(made, type_name, one, known)
    return cost


def _check_field(made: Plan, owner: str, one: Selection, known: Declared) -> int:
    for name, value in one.arguments.items():
        if name not in known.arguments:
            message = f"Field '{one.name}' doesn't accept argument '{name}'"
            _blame(made, message, "argumentNotAccepted", one.at, argumentName=name)
        else:
            _check_argument(made, one, name, known.arguments[name], value)
    for name, declared in known.arguments.items():
        if declared.type.required and not declared.has_default and name not in one.arguments:
            message = f"Field '{one.name}' is missing required arguments: {name}"
            _blame(made, message, "missingRequiredArguments", one.at, arguments=name)
    for name, words in one.directives.items():
        _note_used(made, words)
        if name not in DIRECTIVES:
            _blame(made, f"Directive @{name} is not defined", "undefinedDirective", one.at)
    return _check_inner(made, owner, one, known)


def _check_inner(made: Plan, owner: str, one: Selection, known: Declared) -> int:
    named = known.type.named
    if named not in SCHEMA.objects:
        if one.inner:
            message = f"Selections can't be made on scalars (field '{one.name}' returns {named})"
            _blame(made, message, "selectionMismatch", one.at)
        return 0
    if not one.inner:
        message = f"Field must have selections (field '{one.name}' returns {named})"
        _blame(made, message, "selectionMismatch", one.at)
    inner = _check_fields(made, named, one.inner)
    if owner == "Mutation":
        return 10
    return _cost_of_page(made, one, inner) if named.endswith("Connection") else 1 + inner


def _cost_of_page(made: Plan, one: Selection, inner: int) -> int:
    """An approximation of Shopify's: a page costs its content times a logarithm of its size."""
    first = _given(made, one.arguments.get("first"))
    if not isinstance(first, int):
        _blame(made, "you must provide one of first or last", "BAD_REQUEST", one.at)
        return 2
    if not 0 < first <= MAX_PAGE:
        _blame(made, f"first must be between 1 and {MAX_PAGE}", "BAD_REQUEST", one.at)
        return 2
    return 2 + inner * math.ceil(math.log2(first + 1))


def _check_argument(made: Plan, one: Selection, name: str, known: Declared, value: Any) -> None:
    _note_used(made, value)
    if isinstance(value, Variable):
        declared = made.operation.variables.get(value.name)
        if declared is None:
            message = f"Variable ${value.name} is used but not declared"
            _blame(made, message, "variableNotDefined", one.at, variableName=value.name)
        elif not _fits(declared, known.type):
            message = (
                f"Type mismatch on variable ${value.name} and argument {name} "
                f"({declared.type} / {known.type})"
            )
            _blame(made, message, "variableMismatch", one.at, argumentName=name)
        return
    complaint = _misfit(known.type, _given(made, value))
    if complaint:
        message = f"Argument '{name}' on Field '{one.name}' has an invalid value {complaint}"
        _blame(made, message, "argumentLiteralsIncompatible", one.at, argumentName=name)


def _note_used(made: Plan, value: Any) -> None:
    if isinstance(value, Variable):
        made.used.add(value.name)
    for inner in value.values() if isinstance(value, dict) else ():
        _note_used(made, inner)
    for inner in value if isinstance(value, list) else ():
        _note_used(made, inner)


def _fits(declared: Declared, wanted: TypeRef) -> bool:
    if wanted.required and not declared.type.required and not declared.has_default:
        return False
    return str(declared.type).rstrip("!") == str(wanted).rstrip("!")


def _given(made: Plan, value: Any) -> Any:
    """The value with its variables filled in; an omitted variable leaves its key out."""
    if isinstance(value, Variable):
        return made.variables.get(value.name, MISSING)
    if isinstance(value, list):
        return [_given(made, inner) for inner in value]
    if isinstance(value, dict):
        filled = {name: _given(made, inner) for name, inner in value.items()}
        return {name: inner for name, inner in filled.items() if inner is not MISSING}
    return value


def _misfit(wanted: TypeRef, value: Any, path: str = "") -> str:
    """Why the value is not of the type, in Shopify's words; empty when it is."""
    if value is MISSING or value is None:
        return f"for {path or 'it'} (Expected value to not be null)" if wanted.required else ""
    if wanted.of:
        inner = wanted.of
        items = value if isinstance(value, list) else [value]
        found = (_misfit(inner, one, f"{path}.{n}".strip(".")) for n, one in enumerate(items))
        return next(filter(None, found), "")
    if wanted.name in SCHEMA.inputs:
        return _misfit_of_input(wanted.name, value, path)
    if wanted.name in SCHEMA.enums:
        good = value in SCHEMA.enums[wanted.name]
        return "" if good else f'for {path or "it"} (Expected "{value}" to be one of the words)'
    return "" if _is_scalar(wanted.name, value) else f"for {path or 'it'} (Could not coerce value)"


def _misfit_of_input(name: str, value: Any, path: str) -> str:
    known = SCHEMA.inputs[name]
    if not isinstance(value, dict):
        return f"for {path or 'it'} (Expected an input object)"
    for word in value:
        if word not in known:
            return f"for {path}.{word} (Field is not defined on {name})".replace(" .", " ")
    found = (
        _misfit(declared.type, value.get(word, declared.default), f"{path}.{word}".strip("."))
        for word, declared in known.items()
    )
    return next(filter(None, found), "")


def _is_scalar(name: str, value: Any) -> bool:
    if name not in SCALARS or isinstance(value, (Enum, dict, list)):
        return False
    if name == "Int":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "Boolean":
        return isinstance(value, bool)
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def run(made: Plan, resolvers: Mapping[str, Resolver]) -> dict[str, Any]:
    """Carry the plan out, root field by root field in order."""
    answer = {}
    for one in made.flat(made.operation.inner):
        if one.name == "__typename":
            answer[one.alias] = made.root
            continue
        known = SCHEMA.objects[made.root][one.name]
        directives = {name: _given(made, words) for name, words in one.directives.items()}
        value = resolvers[one.name](_arguments(made, one, known), directives)
        answer[one.alias] = _project(made, one, known, value)
    return answer


def spent(made: Plan, data: Mapping[str, Any]) -> int:
    """What the answer really cost: pages count by what is on them, not by what was asked."""
    return _spent(made, made.root, made.operation.inner, data)


def _spent(
    made: Plan, owner: str, selections: tuple[Selection, ...], data: Mapping[str, Any]
) -> int:
    cost = 0
    for one in made.flat(selections):
        value, known = data[one.alias], SCHEMA.objects[owner].get(one.name)
        if known is None or known.type.named not in SCHEMA.objects or not value:
            continue
        items = value if isinstance(value, list) else [value]
        inner = _spent(made, known.type.named, one.inner, items[0])
        size = 1 if owner.endswith("Connection") else len(items)
        if known.type.named.endswith("Connection"):
            size = max((len(x) for x in value.values() if isinstance(x, list)), default=0)
        cost += 10 if owner == "Mutation" else 1 + inner * math.ceil(math.log2(size + 1))
    return cost


def _arguments(made: Plan, one: Selection, known: Declared) -> dict[str, Any]:
    defaults = {name: x.default for name, x in known.arguments.items() if x.has_default}
    return {**defaults, **_given(made, one.arguments)}


def _project(made: Plan, one: Selection, known: Declared, value: Any) -> Any:
    """Only what was asked for, in the shape of the schema."""
    words, paged = _arguments(made, one, known), known.type.named.endswith("Connection")
    if callable(value):
        value = value(**{k: v for k, v in words.items() if not paged or k not in PAGE_WORDS})
    if paged and isinstance(value, list):
        value = _page(value, words["first"], words.get("after"))
    if isinstance(value, list):
        return [_object(made, one, known.type.named, item) for item in value]
    return _object(made, one, known.type.named, value)


def _object(made: Plan, one: Selection, type_name: str, value: Any) -> Any:
    if value is None or type_name not in SCHEMA.objects:
        return value
    answer = {}
    for inner in made.flat(one.inner):
        if inner.name == "__typename":
            answer[inner.alias] = type_name
        else:
            known = SCHEMA.objects[type_name][inner.name]
            answer[inner.alias] = _project(made, inner, known, value[inner.name])
    return answer


def _page(values: list[Any], first: int, after: str | None) -> dict[str, Any]:
    """A page of objects that are already in order; `sort` (or the id) is where a cursor points."""
    start = _start(values, after)
    part = values[start : start + first]
    edges = [{"cursor": cursor(_place(one)), "node": one} for one in part]
    return {
        "nodes": part,
        "edges": edges,
        "pageInfo": {
            "hasNextPage": start + first < len(values),
            "hasPreviousPage": start > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _start(values: list[Any], after: str | None) -> int:
    if after is None:
        return 0
    wanted = _opened(after)
    places = [_place(one) for one in values]
    if wanted in places:
        return places.index(wanted) + 1
    rising = places == sorted(places)
    return next((n for n, x in enumerate(places) if (x > wanted) == rising), len(places))


def _place(value: dict[str, Any]) -> list[Any]:
    return list(value.get("_sort", (value.get("id", value.get("index")),)))


def cursor(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _opened(text: str) -> list[Any]:
    try:
        return list(json.loads(base64.urlsafe_b64decode(text)))
    except (ValueError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from error


def _shown(value: Any) -> Any:
    return None if value is MISSING else value

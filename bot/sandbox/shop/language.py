"""The GraphQL language, as far as a client needs it: text in, documents and types out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""(?P<skip>[\s,﻿]+|\#[^\n]*)
    |(?P<block>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\")
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<name>[_A-Za-z]\w*)
    |(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])""",
    re.VERBOSE,
)


class GraphQLError(Exception):
    """A document that a Shopify server would refuse; `code` is its extension code."""

    def __init__(self, message: str, code: str, at: Token | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.code, self.at, self.extra = code, at, extra

    def shown(self) -> dict[str, Any]:
        where = {"locations": [{"line": self.at.line, "column": self.at.column}]} if self.at else {}
        return {"message": str(self), **where, "extensions": {"code": self.code, **self.extra}}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


class Enum(str):
    """A bare word used as a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TypeRef:
    """`[String!]!` is TypeRef("", True, of=TypeRef("String", True))."""

    name: str
    required: bool = False
    of: TypeRef | None = None

    def __str__(self) -> str:
        return (f"[{self.of}]" if self.of else self.name) + ("!" if self.required else "")

    @property
    def named(self) -> str:
        return self.of.named if self.of else self.name


@dataclass(frozen=True, slots=True)
class Selection:
    """A field, or (name "...") a fragment: spread by `target`, inline by `on` and `inner`."""

    at: Token
    name: str
    alias: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)
    inner: tuple[Selection, ...] = ()
    on: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared variable, argument or field: its type, default, and (fields) arguments."""

    type: TypeRef
    default: Any = None
    has_default: bool = False
    arguments: dict[str, Declared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    at: Token
    kind: str
    name: str
    variables: dict[str, Declared]
    inner: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class Document:
    operations: tuple[Operation, ...]
    fragments: dict[str, Selection]


def tokens(text: str) -> list[Token]:
    found, place, line, start = [], 0, 1, 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        here = Token("", text[place], line, place - start + 1)
        if match is None or match.lastgroup is None:
            raise GraphQLError(f"Parse error on {text[place]!r}", "parseError", here)
        if match.lastgroup != "skip":
            found.append(Token(match.lastgroup, match.group(), line, place - start + 1))
        line += match.group().count("\n")
        if "\n" in match.group():
            start = place + match.group().rindex("\n") + 1
        place = match.end()
    return [*found, Token("end", "end of document", line, place - start + 1)]


class Parser:
    def __init__(self, text: str) -> None:
        self._tokens, self._place = tokens(text), 0

    @property
    def now(self) -> Token:
        return self._tokens[self._place]

    def take(self, expected: str = "") -> Token:
        token = self.now
        if expected and token.text != expected:
            raise self.wrong(f"expected {expected!r}")
        self._place += 1
        return token

    def name(self) -> str:
        if self.now.kind != "name":
            raise self.wrong("expected a name")
        return self.take().text

    def accept(self, text: str) -> bool:
        if self.now.text == text and self.now.kind in ("mark", "name"):
            self._place += 1
            return True
        return False

    def wrong(self, why: str) -> GraphQLError:
        return GraphQLError(f"Parse error on {self.now.text!r}: {why}", "parseError", self.now)

    def document(self) -> Document:
        operations, fragments = [], {}
        while self.now.kind != "end":
            if self.now.text == "fragment":
                fragment = self._fragment()
                fragments[fragment.target] = fragment
            else:
                operations.append(self._operation())
        return Document(tuple(operations), fragments)

    def _fragment(self) -> Selection:
        at, name = self.take("fragment"), self.name()
        self.take("on")
        return Selection(at, "...", on=self.name(), target=name, inner=self.selections())

    def _operation(self) -> Operation:
        at = self.now
        if at.text == "{":
            return Operation(at, "query", "", {}, self.selections())
        if at.text not in ("query", "mutation"):
            raise self.wrong("expected query or mutation")
        kind = self.take().text
        name = self.name() if self.now.kind == "name" else ""
        variables = self.declarations("$") if self.now.text == "(" else {}
        return Operation(at, kind, name, variables, self.selections())

    def declarations(self, mark: str = "") -> dict[str, Declared]:
        self.take("(")
        found = {}
        while not self.accept(")"):
            if mark:
                self.take(mark)
            name = self.name()
            found[name] = self.declared()
        return found

    def declared(self) -> Declared:
        self.take(":")
        type_ref = self.type()
        has_default = self.accept("=")
        return Declared(type_ref, self.value() if has_default else None, has_default)

    def type(self) -> TypeRef:
        if self.accept("["):
            inner = self.type()
            self.take("]")
            return TypeRef("", self.accept("!"), inner)
        return TypeRef(self.name(), self.accept("!"))

    def selections(self) -> tuple[Selection, ...]:
        self.take("{")
        found = []
        while not self.accept("}"):
            found.append(self._spread() if self.now.text == "..." else self._field())
        if not found:
            raise self.wrong("expected a field")
        return tuple(found)

    def _spread(self) -> Selection:
        at = self.take("...")
        if self.now.kind == "name" and self.now.text != "on":
            return Selection(at, "...", target=self.name())
        on = self.name() if self.accept("on") else ""
        return Selection(at, "...", on=on, inner=self.selections())

    def _field(self) -> Selection:
        at, name, alias = self.now, self.name(), ""
        if self.accept(":"):
            name, alias = self.name(), name
        arguments = self.arguments() if self.now.text == "(" else {}
        directives = {}
        while self.accept("@"):
            word = self.name()
            directives[word] = self.arguments() if self.now.text == "(" else {}
        inner = self.selections() if self.now.text == "{" else ()
        return Selection(at, name, alias or name, arguments, directives, inner)

    def arguments(self) -> dict[str, Any]:
        self.take("(")
        found = {}
        while not self.accept(")"):
            name = self.name()
            self.take(":")
            found[name] = self.value()
        return found

    def value(self) -> Any:
        if self.accept("$"):
            return Variable(self.name())
        if self.accept("["):
            return self._list()
        if self.accept("{"):
            return self._object()
        return self._scalar()

    def _list(self) -> list[Any]:
        found = []
        while not self.accept("]"):
            found.append(self.value())
        return found

    def _object(self) -> dict[str, Any]:
        found = {}
        while not self.accept("}"):
            name = self.name()
            self.take(":")
            found[name] = self.value()
        return found

    def _scalar(self) -> Any:
        token = self.take()
        if token.kind == "number":
            return float(token.text) if re.search("[.eE]", token.text) else int(token.text)
        if token.kind == "text":
            return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescape, token.text[1:-1])
        if token.kind == "block":
            return token.text[3:-3].strip()
        if token.kind == "name":
            return {"true": True, "false": False, "null": None}.get(token.text, Enum(token.text))
        self._place -= 1
        raise self.wrong("expected a value")


def _unescape(match: re.Match[str]) -> str:
    word = match.group(1)
    if word.startswith("u") and len(word) == 5:
        return chr(int(word[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(word, word)

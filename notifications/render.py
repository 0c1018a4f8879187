"""The one renderer: facts in, finished words out, for messages, pages and a shop's own text.

A message is a folder in `templates/`, a surface is a file in it (`email.mjml`, `email.txt`,
`telegram.html`), a language is the suffix of its sentences (`words.en.txt`, `words.de.txt`).
`docs/messages.md` lists the facts that each kind needs. A name that a template asks for and the
facts do not hold is an error, never an empty space.
"""

from __future__ import annotations

import html as html_entities
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    nodes,
    pass_context,
    select_autoescape,
)
from jinja2.exceptions import TemplateError, TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from core.domain.refusals import Invalid
from core.domain.values import dataclass
from notifications import formats
from notifications.facts import CannotRender, ready_for_templates

__all__ = [
    "KINDS",
    "Button",
    "CannotRender",
    "Words",
    "render",
    "render_page",
    "render_shop_text",
]

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

# Where a kind's one button leads. A kind that is not listed here does not exist.
BUTTONS: dict[str, tuple[str, ...]] = {
    "order_confirmation": ("track_url",),
    "shipped": ("track_url",),
    "delivered": ("track_url",),
    "delayed": ("track_url",),
    "order_changed": ("track_url",),
    "question": ("track_url",),
    "ready_for_pickup": ("track_url",),
    "return_status": ("track_url",),
    "claim_status": ("track_url",),
    "refund_status": ("track_url",),
    "code": (),
    "case_alert": ("case", "url"),
}
KINDS = tuple(BUTTONS)

# Facts that choose what a message claims: a value we have no sentence for must not be guessed.
CLAIMS: dict[str, tuple[str, str, frozenset[str]]] = {
    "question": (
        "question",
        "about",
        frozenset({"address", "contact", "payment", "twice", "order"}),
    ),
    "ready_for_pickup": ("pickup", "told", frozenset({"ready", "reminder", "new_code"})),
    "shipped": ("parcel", "evidence", frozenset({"handed_over", "scanned"})),
    "claim_status": (
        "claim",
        "status",
        frozenset({"requested", "replacement", "refund", "rejected"}),
    ),
    "return_status": (
        "return",
        "status",
        frozenset(
            {"approved", "kept", "reminder", "rejected", "received", "refunded", "canceled"}
            | {"expired", "label"}
        ),
    ),
}

# Nobody can unsubscribe from what was asked for, or from their work.
NOT_OPTIONAL = frozenset({"code", "case_alert"})


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """One finished message. `text` always stands by itself; `html` is its richer twin."""

    subject: str
    text: str
    html: str | None = None
    button: Button | None = None
    unsubscribe_url: str | None = None


def render(kind: str, surface: str, language: str, facts: Mapping[str, Any]) -> Words:
    """The words of one message for `surface` ("email" or "telegram")."""
    if kind not in BUTTONS:
        raise CannotRender(f"There is no message kind {kind!r}.")
    with _explained(f"{kind}/{surface}.{language}"):
        ready = ready_for_templates(facts, language)
        _check_claim(kind, ready)
        if kind in NOT_OPTIONAL:
            ready["preferences_url"] = None
        context = _with_sentences(f"{kind}/words", ready)
        context["button"] = button = _button(kind, context)
        text, html = SURFACES[surface](kind, context)
        subject = context["say"]["subject"]
        return Words(subject, text, html, button, ready["preferences_url"])


def render_page(name: str, language: str, facts: Mapping[str, Any], nonce: str) -> str:
    """A page of `templates/pages`; inline styles and scripts carry `nonce` for the CSP."""
    with _explained(f"pages/{name}.{language}"):
        ready = ready_for_templates(facts, language) | {"nonce": nonce}
        return _template(f"pages/{name}.html").render(_with_sentences(f"pages/{name}", ready))


def render_shop_text(source: str, facts: Mapping[str, Any], language: str = "en") -> str:
    """What a shop wrote itself, in a guarded sandbox; the values in it come out HTML-escaped."""
    if len(source) > SHOP_TEXT_SOURCE_MAX:
        raise _bad_text(f"it is longer than {SHOP_TEXT_SOURCE_MAX} characters")
    shop = _ShopText()
    known = _shorten(ready_for_templates(facts, language))
    try:
        tree = shop.parse(source)
        _guard(tree)
        template = Template.from_code(shop, shop.compile(tree), {})
        return _limited(template.generate(known))
    except _TEXT_FAULTS as problem:
        raise _bad_text(str(problem) or "it is nested too deeply") from problem


# ---------------------------------------------------------------- the surfaces


def _email(kind: str, context: dict[str, Any]) -> tuple[str, str | None]:
    text = _tidy(_template(f"{kind}/email.txt").render(context))
    if not (TEMPLATES / kind / "email.mjml").exists():
        return text, None
    return text, _html_of(_template(f"{kind}/email.mjml").render(context))


def _html_of(source: str) -> str:
    import mrml  # its binary is for mails only

    try:
        return mrml.to_html(source, render_options=mrml.RenderOptions(fonts={})).content
    except OSError as problem:
        raise CannotRender(f"The mail is not valid MJML: {problem}") from problem


def _telegram(kind: str, context: dict[str, Any]) -> tuple[str, str | None]:
    """Telegram's HTML without links, and the same without its tags."""
    html = _tidy(_template(f"{kind}/telegram.html").render(context))
    html = html.replace("&#39;", "'").replace("&#34;", '"')
    return html_entities.unescape(re.sub(r"<[^>]+>", "", html)), html


SURFACES: dict[str, Callable[[str, dict[str, Any]], tuple[str, str | None]]] = {
    "email": _email,
    "telegram": _telegram,
}


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines)


# ---------------------------------------------------------------- sentences


class _Sentences:
    """The blocks of a words file: a template says `say.opening` and gets that block rendered."""

    def __init__(self, template: Template, facts: Mapping[str, Any]) -> None:
        self._blocks = template.blocks
        self._context = template.new_context(dict(facts))

    def __getitem__(self, name: str) -> str:
        block = self._blocks[name]
        try:
            return _flow("".join(block(self._context)))
        except LookupError as problem:
            raise TemplateRuntimeError(f"{name} misses {problem}") from problem


def _flow(text: str) -> str:
    """Lines of a words file are wrapped for its reader; only a ¶ parts paragraphs."""
    paragraphs = (re.sub(r"[ \t\n]+", " ", part).strip(" ") for part in text.split("¶"))
    return "\n\n".join(part for part in paragraphs if part)


def _with_sentences(path: str, ready: Mapping[str, Any]) -> dict[str, Any]:
    language = ready["words_language"]
    labels = _Sentences(_words_file(f"layout/words.{language}.txt"), ready)
    context = dict(ready, label=labels)
    name = f"{path}.{language}.txt"
    if (TEMPLATES / name).exists():
        context["say"] = _Sentences(_words_file(name), context)
    return context


def _button(kind: str, context: Mapping[str, Any]) -> Button | None:
    url: Any = context
    for step in BUTTONS[kind]:
        url = url[step]
    return Button(context["say"]["button"], url) if url and url is not context else None


def _check_claim(kind: str, facts: Mapping[str, Any]) -> None:
    if kind in CLAIMS:
        part, name, known = CLAIMS[kind]
        if facts[part][name] not in known:
            raise CannotRender(f"{kind} has no words for {part}.{name} = {facts[part][name]!r}.")


# ---------------------------------------------------------------- the trusted environment


@pass_context
def _money(context: Context, value: Mapping[str, Any]) -> str:
    return formats.money(value, context["language"])


@pass_context
def _day(context: Context, value: str) -> str:
    return formats.day(value, context["language"], context["shop"]["time_zone"])


@pass_context
def _moment(context: Context, value: str) -> str:
    return formats.moment(value, context["language"], context["shop"]["time_zone"])


@pass_context
def _page(context: Context, value: str) -> str:
    return formats.page(value, context["language"])


def _breaks(value: str) -> Markup:
    """Line breaks become visible ones; everything else in the value is escaped."""
    return escape(value).replace("\n", Markup("<br />"))


FORMATS: dict[str, Callable[..., str]] = {"money": _money, "day": _day, "moment": _moment}


@lru_cache(maxsize=2)
def _environment(trim: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html", "mjml"), default=False),
        trim_blocks=trim,
        lstrip_blocks=trim,
        auto_reload=False,
    )
    environment.filters |= FORMATS | {"breaks": _breaks, "page": _page}
    return environment


def _template(name: str) -> Template:
    return _environment(trim=True).get_template(name)


def _words_file(name: str) -> Template:
    """Sentences keep the line break after a tag: it is the space between two words."""
    return _environment(trim=False).get_template(name)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (TemplateError, LookupError, TypeError, ValueError) as problem:
        raise CannotRender(f"{what}: {type(problem).__name__}: {problem}") from problem


# ---------------------------------------------------------------- the sandbox

SHOP_TEXT_SOURCE_MAX = 10_000
SHOP_TEXT_OUTPUT_MAX = 200_000
SHOP_TEXT_TURNS_MAX = 5_000
SHOP_TEXT_FACT_MAX = 2_000
SHOP_TEXT_FILTERS = (
    *("upper", "lower", "capitalize", "title", "trim", "default"),
    *("length", "first", "last", "truncate", "escape"),
)
SHOP_TEXT_TESTS = ("defined", "undefined", "none", "even", "odd", "equalto")
SHOP_TEXT_NODES = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr),
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.List, nodes.Tuple),
    *(nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.Concat),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div),
    *(nodes.FloorDiv, nodes.Mod, nodes.Pow),
)
_TEXT_FAULTS = (
    *(TemplateError, ArithmeticError, AttributeError, TypeError, ValueError, LookupError),
    *(RecursionError, SyntaxError, MemoryError),
)


class _ShopText(ImmutableSandboxedEnvironment):
    """One rendering of a shop's text. Jinja's own sandbox does not limit what it costs.

    It would call methods, and multiply strings or pad them to gigabytes. So here: no calls, an
    allow-list of nodes and filters, small numbers, and a counted number of loop turns.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=True)
        self.globals = {}
        self.filters = {name: self.filters[name] for name in SHOP_TEXT_FILTERS}
        self.filters |= FORMATS | {"join": _join, " counted": self._counted}
        self.tests = {name: self.tests[name] for name in SHOP_TEXT_TESTS}
        self._turns_left = SHOP_TEXT_TURNS_MAX

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        limit = 8 if operator == "**" else 1_000_000
        for number, most in ((left, 1_000_000), (right, limit)):
            if not isinstance(number, int | float) or abs(number) > most:
                raise _bad_text(f"{operator} takes small numbers only")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            return obj[argument]
        except (LookupError, TypeError, AttributeError):
            return self.undefined(obj=obj, name=argument)

    @pass_context  # Without it Jinja would count a constant list once, when it compiles.
    def _counted(self, _context: Context, items: Any) -> Any:
        if not isinstance(items, list):
            raise _bad_text("a loop goes over a list only")
        self._turns_left -= len(items)
        if self._turns_left < 0:
            raise _bad_text("its loops turn too often")
        return items


def _guard(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, SHOP_TEXT_NODES):
            raise _bad_text(f"line {node.lineno} uses {type(node).__name__.lower()}")
        if isinstance(node, nodes.Name) and node.name in {"self", "super", "caller"}:
            raise _bad_text(f"line {node.lineno} uses {node.name}")
    _guard_loops(tree, 0)


def _guard_loops(node: nodes.Node, depth: int) -> None:
    if isinstance(node, nodes.For):
        depth += 1
        if depth > 2 or node.recursive:
            raise _bad_text("its loops are nested deeper than two")
        node.iter = nodes.Filter(node.iter, " counted", [], [], None, None, lineno=node.lineno)
    for child in node.iter_child_nodes():
        _guard_loops(child, depth)


def _join(items: Any, separator: str = ", ") -> str:
    if not isinstance(items, list) or len(separator) > 20:
        raise _bad_text("join takes a list and a short separator")
    return separator.join(str(item) for item in items)


def _shorten(value: Any) -> Any:
    """Copies of the facts without callables, every text cut: what is small cannot be made huge."""
    if isinstance(value, dict):
        return {name: _shorten(item) for name, item in value.items() if not callable(item)}
    if isinstance(value, list):
        return [_shorten(item) for item in value]
    return value[:SHOP_TEXT_FACT_MAX] if isinstance(value, str) else value


def _limited(pieces: Iterator[str]) -> str:
    kept: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > SHOP_TEXT_OUTPUT_MAX:
            raise _bad_text(f"it grows beyond {SHOP_TEXT_OUTPUT_MAX} characters")
        kept.append(piece)
    return "".join(kept)


def _bad_text(why: str) -> Invalid:
    return Invalid(
        f"This text cannot be used: {why}.",
        "Use placeholders such as {{ order.number }}, {% if %} and {% for %} over a list.",
        code="bad_template",
    )

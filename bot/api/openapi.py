"""The description of the API, made from the registry: what is not there cannot be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, get_type_hints

import msgspec

from bot.api.rest import ASKED, BASE, SERVER_FIELDS, Resource, offered, resources
from core import registry
from core.commands.capture import CaptureOrder
from core.engine import Receipt
from core.registry import Spec

Document = dict[str, Any]

ABOUT = """Orders, stock, returns and cases of one shop, for programs.

Every request carries `Authorization: Bearer <key>`; a key belongs to one shop and one role.
Money is whole minor units of the order's currency; moments are ISO 8601 with their zone; a field
that is not in the description is refused. A repeated `Idempotency-Key` gets the first answer.
`If-Match` with the ETag of an order refuses the command if the order has changed since."""

_PROBLEM: Document = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "For machines; stable across releases."},
        "next": {"type": "string", "description": "What to do about it."},
        "reference": {"type": "string"},
    },
}
_WORDS = {
    401: "No valid key",
    403: "The key's role does not reach that far",
    404: "Not there, or not for this key",
    409: "The state forbids it, or it has changed",
    413: "Too many bytes",
    422: "It makes no sense",
    500: "A bug",
    503: "Try again in a moment",
}


def describe(version: str) -> Document:
    commands = offered()
    shapes = [spec.shape for spec in commands.values()] + [CaptureOrder]
    asked = [registry.QUESTIONS[one.question] for one in ASKED]
    shapes += [spec.shape for spec in asked]
    questions = {one.question: registry.QUESTIONS[one.question] for one in resources()}
    questions |= {spec.name: spec for spec in asked}
    views = {name: _view(spec) for name, spec in questions.items()}
    schemas, components = msgspec.json.schema_components(
        [*shapes, *views.values(), Receipt, *(spec.shape for spec in questions.values())],
        ref_template="#/components/schemas/{name}",
    )
    given = [*commands, "capture_order", *(spec.name for spec in asked)]
    inputs = dict(zip(given, schemas, strict=False))
    outputs = dict(zip(views, schemas[len(shapes) :], strict=False))
    receipt = schemas[len(shapes) + len(views)]
    _close(components, shapes)
    paths: Document = {}
    for one in resources():
        operation = _read(one, questions[one.question], outputs[one.question])
        paths[_plain(BASE + one.path)] = {"get": operation}
    paths[f"{BASE}/documents/{{number}}.pdf"] = {"get": _PDF}
    paths[f"{BASE}/photos/{{name}}.jpg"] = {"get": _JPEG}
    paths[f"{BASE}/orders/{{order}}/photos"]["post"] = _photo(receipt)
    orders = paths.setdefault(f"{BASE}/orders", {})
    orders["post"] = _write("capture_order", CaptureOrder, _without(components), receipt, True)
    for one, spec in zip(ASKED, asked, strict=True):
        operation = _ask(one, spec, inputs[spec.name], outputs[spec.name])
        paths[BASE + one.path] = {"post": operation}
    for name, spec in commands.items():
        written = _write(name, spec.shape, inputs[name], receipt)
        paths[f"{BASE}/commands/{name}"] = {"post": written}
    return {
        "openapi": "3.1.0",
        "info": {"title": "wismo", "version": version, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": {**_modern(components), "Problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _view(spec: Spec) -> Any:
    return get_type_hints(spec.handler)["return"]


def _close(components: Document, shapes: Iterable[type]) -> None:
    """What is sent to us has no other fields than these."""
    sent = {shape.__name__ for shape in shapes} | {"CaptureLine", "BasketLine", "Address"}
    for name in sent & set(components):
        components[name]["additionalProperties"] = False


def _modern(schema: Any) -> Any:
    """Tuples as lists of either kind: lists of schemas mean different things to different tools."""
    if isinstance(schema, list):
        return [_modern(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _modern(inner) for name, inner in schema.items()}
    kinds = found.pop("prefixItems", None) or found.get("items")
    if isinstance(kinds, list):
        found["items"] = {"anyOf": kinds}
    return found


def _without(components: Document) -> Document:
    """The order as a program sends it: without what the house decides."""
    whole = components["CaptureOrder"]
    kept = {name: x for name, x in whole["properties"].items() if name not in SERVER_FIELDS}
    components["NewOrder"] = {**whole, "title": "NewOrder", "properties": kept}
    del components["CaptureOrder"]
    return {"$ref": "#/components/schemas/NewOrder"}


def _plain(path: str) -> str:
    return re.sub(r":\w+}", "}", path)


def _read(resource: Resource, spec: Spec, schema: Document) -> Document:
    return {
        "operationId": spec.name,
        "summary": spec.summary,
        "tags": [resource.path.split("/")[1]],
        "parameters": [_parameter(resource, one) for one in _asked(resource, spec)],
        "responses": {**_json("200", "What was asked for", schema), **_problems(401, 403, 404)},
    }


def _ask(resource: Resource, spec: Spec, given: Document, schema: Document) -> Document:
    return {
        "operationId": spec.name,
        "summary": spec.summary,
        "tags": [resource.path.split("/")[1]],
        "requestBody": {"required": True, "content": {"application/json": {"schema": given}}},
        "responses": {**_json("200", "The answer; nothing is written", schema)}
        | _problems(401, 403, 413),
    }


def _asked(resource: Resource, spec: Spec) -> list[tuple[str, Document, bool]]:
    """(name, schema, required) of every argument that the address does not imply."""
    whole = msgspec.json.schema_components([spec.shape])[1][spec.shape.__name__]
    required = whole.get("required", [])
    return [
        (name, schema, name in required)
        for name, schema in whole["properties"].items()
        if name not in resource.fixed
    ]


def _parameter(resource: Resource, asked: tuple[str, Document, bool]) -> Document:
    name, schema, required = asked
    in_path = re.search(rf"{{{name}(:\w+)?}}", resource.path) is not None
    place = "path" if in_path else "query"
    return {"name": name, "in": place, "required": in_path or required, "schema": schema}


def _write(
    name: str, shape: type, schema: Document, receipt: Document, creates: bool = False
) -> Document:
    words = (shape.__doc__ or "").strip()
    made = _json("201", "A new order", receipt) if creates else {}
    return {
        "operationId": f"{name}_command",
        "summary": words.splitlines()[0],
        "description": re.sub(r"\n +", "\n", words),
        "tags": ["orders" if creates else "commands"],
        "parameters": [
            _header("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}),
            _header("If-Match", {"type": "string", "pattern": '^"[0-9]{1,15}"$'}),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            **_json("200", "Done, or done before under this key", receipt),
            **made,
            **_problems(401, 403, 404, 409, 413),
        },
    }


def _header(name: str, schema: Document) -> Document:
    return {"name": name, "in": "header", "required": False, "schema": schema}


def _json(status: str, words: str, schema: Document) -> Document:
    return {status: {"description": words, "content": {"application/json": {"schema": schema}}}}


def _problems(*statuses: int) -> Document:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": _WORDS[status], "content": content}
        for status in (*statuses, 422, 500, 503)
    }


_PDF: Document = {
    "operationId": "document_pdf",
    "summary": "Show an invoice or a credit note as PDF.",
    "tags": ["documents"],
    "parameters": [
        {"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}
    ],
    "responses": {
        "200": {
            "description": "The paper as it was made",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        },
        **_problems(401, 403, 404),
    },
}

# --- a page for people ---------------------------------------------------------------------------

_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#f2f2f0;padding:.1rem .3rem}h2{margin-top:2rem;font-size:1.1rem}"
)


def page(document: Mapping[str, Any]) -> str:
    """The description to read in a browser, without a script and without another server."""
    entries = "".join(
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description') or operation['summary'])}</p>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    about = "".join(f"<p>{escape(part)}</p>" for part in ABOUT.split("\n\n"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>wismo API</title><style>{_STYLE}</style><h1>wismo API</h1>{about}"
        f'<p>For machines: <a href="{BASE}/openapi.json">openapi.json</a></p>{entries}</html>'
    )


_BYTES: Document = {"schema": {"type": "string", "format": "binary"}}
_JPEG: Document = {
    "operationId": "photo_jpeg",
    "summary": "Show a photo as it is kept.",
    "tags": ["photos"],
    "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
    "responses": {
        "200": {"description": "The photo", "content": {"image/jpeg": _BYTES}},
        **_problems(401, 403, 404),
    },
}


def _photo(receipt: Document) -> Document:
    return {
        "operationId": "keep_photo",
        "summary": "Keep a photo for an order: JPEG, PNG or WebP, at most 8 MB.",
        "tags": ["orders"],
        "parameters": [
            {"name": "order", "in": "path", "required": True, "schema": {"type": "string"}},
            _header("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}),
        ],
        "requestBody": {
            "required": True,
            "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _BYTES),
        },
        "responses": {
            **_json("200", "Kept before under this key", receipt),
            **_json("201", "Kept", receipt),
            **_problems(401, 403, 404, 409, 413),
        },
    }

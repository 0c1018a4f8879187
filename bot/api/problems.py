"""Refusals as problem details (RFC 9457): one shape for every no that a program may get."""

from __future__ import annotations

import logging
import secrets
from typing import Any, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.domain.refusals import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotPossible,
    Refusal,
    Unavailable,
)
from core.domain.stock import Short
from core.engine import Receipt

log = logging.getLogger("wismo.api")

RETRY_SECONDS = 2
_BY_KIND: dict[type[Refusal], int] = {
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    Unavailable: 503,
    NotPossible: 409,
    Conflict: 409,
    Short: 409,
}
# Receipts carry only the code of a refusal.
_BY_CODE = {
    "invalid": 422,
    "key_reused": 422,
    "not_found": 404,
    "unknown_command": 404,
    "not_yet": 404,
    "not_allowed": 403,
    "unavailable": 503,
    "secrets_lost": 503,
}
_INVALID_MARKS = ("bad_", "unknown_", "mixed_", "naive_")
_TITLES = {
    400: "The request cannot be read",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Not this way",
    409: "Not possible now",
    413: "Too large",
    415: "Not JSON",
    422: "It makes no sense",
    500: "Our mistake",
    503: "Not now",
}


class TooLarge(Refusal):
    """More bytes than this door takes."""

    code = "too_large"


class Unknown(Refusal):
    """No valid key: nothing is said about what exists."""

    code = "unauthorized"


_BY_KIND |= {TooLarge: 413, Unknown: 401}


def status_of(code: str) -> int:
    """The HTTP status of a refusal by its code."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    return 422 if code.startswith(_INVALID_MARKS) else 409


def problem(status: int, detail: str, *, code: str, next_step: str = "", **more: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
        "code": code,
        **({"next": next_step} if next_step else {}),
        **more,
    }
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(body), status, headers, media_type="application/problem+json"
    )


def of_refusal(refusal: Refusal) -> Response:
    kinds = (kind for kind in type(refusal).__mro__ if kind in _BY_KIND)
    status = next((_BY_KIND[kind] for kind in kinds), status_of(refusal.code))
    if refusal.code in _BY_CODE:
        status = _BY_CODE[refusal.code]
    return problem(
        status, refusal.sentence, code=refusal.code, next_step=refusal.next, **refusal.facts
    )


def of_receipt(receipt: Receipt) -> Response:
    """A command that was refused or failed; `reference` finds it in the audit."""
    status = 500 if receipt.outcome == "failed" else status_of(receipt.code)
    return problem(
        status,
        receipt.sentence,
        code=receipt.code,
        next_step=receipt.next,
        reference=str(receipt.command_id),
        **receipt.facts,
    )


# --- what FastAPI is told to do with what is raised ----------------------------------------------


async def on_refusal(_request: Request, raised: Exception) -> Response:
    return of_refusal(cast("Refusal", raised))


async def on_http(_request: Request, raised: Exception) -> Response:
    http = cast("HTTPException", raised)
    answer = problem(http.status_code, str(http.detail), code=f"http_{http.status_code}")
    answer.headers.update(http.headers or {})
    return answer


async def on_hang_up(_request: Request, _raised: Exception) -> Response:
    """Nobody is there any more to read it; it is no mistake of ours."""
    return problem(400, "The request ended too early.", code="http_400")


async def on_bug(request: Request, raised: Exception) -> Response:
    """A bug: the log has it all, the caller only a reference."""
    reference = secrets.token_hex(6)
    log.error("%s failed (reference %s)", request.url.path, reference, exc_info=raised)
    sentence = "Something went wrong inside wismo."
    step = f"Tell the person who runs it: reference {reference}."
    return problem(500, sentence, code="bug", next_step=step, reference=reference)

"""The door for Slack: size, signature over the raw bytes, strict reading; only then dispatch."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.bridge import House, number_in
from bot.slack.account import Account, OpenSecrets, chore, log
from bot.slack.incoming import Incoming, Malformed, read_http
from bot.slack.surface import Slack
from core.integrations.secrets import open_secrets

if TYPE_CHECKING:
    from slack_bolt.response import BoltResponse

BODY_MAX = 1_000_000
SKEW_SECONDS_MAX = 300


def create_slack_router(
    house: House, *, secrets: OpenSecrets = open_secrets, slack: Slack | None = None
) -> APIRouter:
    """`POST /hooks/slack/{connection}`; without a number it is the only Slack connection."""
    surface = slack or Slack(house, secrets)
    router = APIRouter()

    async def hook(request: Request) -> Response:
        account = await surface.accounts.at_door(_named(request))
        if account is None:
            return PlainTextResponse("no such connection", 404)
        raw = await _capped(request)
        if raw is None:
            return PlainTextResponse("too large", 413)
        if not is_genuine(account.signing_secret, request, raw, house.clock()):
            await _count_refused(house, account)
            return PlainTextResponse("wrong signature", 401)
        try:
            incoming = read_http(request.headers.get("content-type", ""), raw)
        except Malformed as problem:
            return PlainTextResponse(str(problem), 400)
        return await _answer(surface, account, incoming)

    router.add_route("/hooks/slack", hook, methods=["POST"])
    router.add_route("/hooks/slack/{connection}", hook, methods=["POST"])
    return router


def _named(request: Request) -> int | None:
    name = request.path_params.get("connection")
    return None if name is None else number_in(name)


async def _answer(surface: Slack, account: Account, incoming: Incoming) -> Response:
    payload = incoming.payload
    if payload.get("type") == "url_verification":
        return JSONResponse({"challenge": payload.get("challenge")})
    if payload.get("ssl_check"):
        return Response()
    if payload.get("type") == "app_rate_limited":
        log.warning("Slack holds events of connection %s back", account.id)
        return Response()
    return as_http(await surface.dispatch(account, incoming))


def as_http(answer: BoltResponse) -> Response:
    kind = answer.first_headers().get("content-type", "text/plain")
    return Response(answer.body, answer.status, media_type=kind if answer.body else None)


async def _capped(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is too large."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > BODY_MAX:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def is_genuine(secret: str, request: Request, raw: bytes, now: datetime) -> bool:
    """Slack's v0 signature, made no more than five minutes from now. No secret: never."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    if abs(now.timestamp() - int(stamp)) > SKEW_SECONDS_MAX:
        return False
    signed = f"v0:{stamp}:".encode() + raw
    wanted = f"v0={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(wanted.encode(), given.encode())


async def _count_refused(house: House, account: Account) -> None:
    await chore(house, account.shop_id, lambda uow: uow.people.count("refused.slack"))

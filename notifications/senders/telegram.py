"""The Telegram sender: one Bot API call per message, over plain HTTP, without a bot framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from core.domain.effects import Effect, Outcome, dead, done, later, unknown

if TYPE_CHECKING:
    from notifications.render import Words

TEXT_LENGTH_MAX = 4096
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class TelegramSender:
    """Sends to a chat id. The token stands only in the address of the call, never in a reason."""

    def __init__(
        self, client: httpx2.AsyncClient, token: str, api_base: str = "https://api.telegram.org"
    ) -> None:
        self._client = client
        self._url = f"{api_base.rstrip('/')}/bot{token}/sendMessage"

    async def send(self, effect: Effect, words: Words, address: str) -> Outcome:
        """Rich text first; what Telegram refuses to parse goes out once more as plain text."""
        try:
            answer = await self._call(_rich(words), address)
            moved_to = _parameters(answer).get("migrate_to_chat_id")
            if moved_to is not None:
                address = str(moved_to)
                answer = await self._call(_rich(words), address)
            if _is_unreadable(answer):
                answer = await self._call(_plain(words), address)
        except _NOT_SENT as problem:
            return later(f"Telegram could not be reached ({type(problem).__name__}).")
        except httpx2.HTTPError as problem:
            return unknown(f"Telegram did not answer ({type(problem).__name__}).")
        return _outcome(answer, address, effect)

    async def _call(self, message: dict[str, Any], address: str) -> httpx2.Response:
        body = {"chat_id": address, "link_preview_options": {"is_disabled": True}} | message
        return await self._client.post(self._url, json=body)


def _rich(words: Words) -> dict[str, Any]:
    """HTML with an inline button; a text that is too long to keep its tags is sent plain."""
    if words.html is None or utf16_length(words.text) > TEXT_LENGTH_MAX:
        message: dict[str, Any] = {"text": shorten(words.text)}
    else:
        message = {"text": words.html, "parse_mode": "HTML"}
    if words.button:
        keys = [[{"text": words.button.label, "url": words.button.url}]]
        message["reply_markup"] = {"inline_keyboard": keys}
    return message


def _plain(words: Words) -> dict[str, Any]:
    link = f"\n\n{words.button.label}: {words.button.url}" if words.button else ""
    return {"text": shorten(words.text, TEXT_LENGTH_MAX - utf16_length(link)) + link}


def utf16_length(text: str) -> int:
    """Telegram counts in UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def shorten(text: str, most: int = TEXT_LENGTH_MAX) -> str:
    if utf16_length(text) <= most:
        return text
    kept = text.encode("utf-16-le")[: (most - 1) * 2]
    return kept.decode("utf-16-le", errors="ignore") + "…"


def _outcome(answer: httpx2.Response, address: str, effect: Effect) -> Outcome:
    body, code = _body(answer), answer.status_code
    if code == 200 and body.get("ok") is True:
        number = str(body.get("result", {}).get("message_id", ""))
        return done(message_id=number, chat_id=address, sent_again=effect.unknown_before)
    if code == 429:
        return later("Telegram asks for a pause.", _parameters(answer).get("retry_after", 30))
    if code == 403:
        return Outcome("dead", "blocked", result={"suppress": True})
    if code in (401, 404):
        return later("Telegram does not know this bot token.")
    if 400 <= code < 500:
        return dead(f"Telegram refused it: {str(body.get('description', code))[:200]}")
    return unknown(f"Telegram answered {code}.")


def _is_unreadable(answer: httpx2.Response) -> bool:
    said = str(_body(answer).get("description", "")).lower()
    return answer.status_code == 400 and any(
        word in said for word in ("parse entities", "button", "too long")
    )


def _parameters(answer: httpx2.Response) -> dict[str, Any]:
    found = _body(answer).get("parameters")
    return found if isinstance(found, dict) else {}


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

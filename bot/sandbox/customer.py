"""A visitor of the web chat, with a browser's cookies: for the demo page and for the story."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2

from core.integrations.calling import new_http


class WebCustomer:
    """One browser session; a new one is a new visitor."""

    def __init__(self, base: str, language: str = "en") -> None:
        self.language = language
        self._client = new_http(10, base_url=base, headers={"Accept-Language": language})

    @property
    def is_open(self) -> bool:
        """Whether the shop has given this browser a session."""
        return any(name.endswith("wismo-chat") for name in self._client.cookies)

    async def open(self) -> int:
        """Load the page, as a browser does first; gives the HTTP status."""
        return (await self._client.get("/chat", params={"lang": self.language})).status_code

    async def say(self, text: str) -> httpx2.Response:
        return await self._post(text=text)

    async def press(self, key: str) -> httpx2.Response:
        return await self._post(pressed=key)

    async def start(self, token: str) -> httpx2.Response:
        return await self._post("/chat/start", start=token)

    async def seen(self, after: int = 0) -> dict[str, Any]:
        """The conversation as the page shows it: lines, and the buttons below the last one."""
        answer = await self._client.get("/chat/messages", params={"after": after})
        shown: dict[str, Any] = answer.json() if answer.is_success else {"lines": [], "buttons": []}
        return shown

    async def _post(self, path: str = "/chat/messages", **words: str) -> httpx2.Response:
        body = {"id": str(uuid4()), **words}
        params = {"lang": self.language}
        return await self._client.post(path, json=body, params=params)

    async def close(self) -> None:
        await self._client.aclose()


def words_of(lines: list[dict[str, Any]], side: str = "") -> str:
    """What stands in the bubbles, as plain text."""
    return "\n".join(
        " ".join(piece["words"] for piece in row)
        for line in lines
        if side in ("", line["side"])
        for row in line["rows"]
    )

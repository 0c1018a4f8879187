"""Files that people send: known by an id, named by getFile, and handed out by another address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.telegram.limits import bad_request

LOADED_MOST = 20 * 1024 * 1024  # what a bot may load
SIZES = ((90, 67), (320, 240), (1280, 960))


@dataclass
class Files:
    """The bytes behind ids; each size of a photo has an id of its own."""

    content: dict[str, bytes] = field(default_factory=dict)
    gone: bool = False  # as if the file server had forgotten them

    def add(self, raw: bytes) -> dict[str, Any]:
        number = len(self.content) + 1
        file_id = f"AgACAgIAAxkB-{number:06d}"
        self.content[file_id] = raw
        return {"file_id": file_id, "file_unique_id": f"AQAD{number:06d}", "file_size": len(raw)}

    def photo(self, raw: bytes) -> list[dict[str, Any]]:
        """Telegram makes smaller ones; only the last is what was sent."""
        small = [self.add(b"a thumbnail") | {"width": w, "height": h} for w, h in SIZES[:-1]]
        width, height = SIZES[-1]
        return [*small, self.add(raw) | {"width": width, "height": height}]

    async def get_file(self, words: dict[str, Any]) -> dict[str, Any]:
        file_id = str(words.get("file_id", ""))
        raw = self.content.get(file_id)
        if raw is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(raw) > LOADED_MOST:
            raise bad_request("file is too big")
        unique = f"AQAD{file_id[-6:]}"
        path = f"photos/file_{file_id[-6:]}.jpg"
        known = {"file_id": file_id, "file_unique_id": unique, "file_size": len(raw)}
        return {**known, "file_path": path}

    def at(self, path: str) -> bytes | None:
        """What the file server answers under a path; None: not found."""
        found = (raw for i, raw in self.content.items() if path == f"photos/file_{i[-6:]}.jpg")
        return None if self.gone else next(found, None)

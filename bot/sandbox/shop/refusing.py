"""How the shop says no: business refusals as user errors."""

from __future__ import annotations

from bot.sandbox.shop.goods import Object


class No(Exception):
    """A business refusal: which input field, in which words, with which code."""

    def __init__(self, message: str, *path: str, code: str = "INVALID") -> None:
        super().__init__(message)
        self.path, self.code = list(path), code

    def shown(self, coded: bool) -> Object:
        plain = {"field": self.path or None, "message": str(self)}
        return {**plain, "code": self.code} if coded else plain

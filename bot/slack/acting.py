"""The house during one act in Slack: every change carries the act's own name and is done once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.bridge import House
from core.db.inbox import Delivery
from core.engine import Caller, Receipt

BUG = "Something went wrong inside wismo; nothing was changed."


class Acting(House):
    """Numbers the commands of one act: the second of `hold 1001 1004` is the delivery `…#2`."""

    def __init__(self, house: House, delivery: Delivery) -> None:
        super().__init__(house.engine, house.settings, house.clock, house.pool)
        self.receipts: list[Receipt] = []
        self._delivery = delivery
        self._count = 0

    async def execute(self, command: Any, caller: Caller) -> Receipt:
        self._count += 1
        name = self._delivery.delivery_id
        if self._count > 1:
            name = f"{name}#{self._count}"
        named = replace(caller, key=None, delivery=replace(self._delivery, delivery_id=name))
        receipt = honest(await super().execute(command, named))
        self.receipts.append(receipt)
        return receipt

    @property
    def refused(self) -> Receipt | None:
        """The first command that was not done."""
        return next((each for each in self.receipts if not each.ok), None)


def honest(receipt: Receipt) -> Receipt:
    """What is kept for another try by machines is, for a person, a failure with a reference."""
    if receipt.outcome != "deferred":
        return receipt
    ask = f"Tell the person who runs it: reference {receipt.command_id}."
    return replace(receipt, outcome="failed", sentence=BUG, code="bug", next=ask)

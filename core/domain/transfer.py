"""Transfers: goods on their way from one of our locations to another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum

from core.domain.refusals import NotPossible
from core.domain.values import dataclass


class TransferState(StrEnum):
    PLANNED = "planned"  # reserved where they are
    SENT = "sent"  # gone there, incoming here
    RECEIVED = "received"  # everything arrived or is known to be missing
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Transfer:
    id: int
    number: str
    from_id: int
    to_id: int
    state: TransferState
    reason: str = ""
    due_on: date | None = None
    created_by: str = ""
    created_at: datetime | None = None
    sent_at: datetime | None = None
    closed_at: datetime | None = None

    def send(self, at: datetime) -> Transfer:
        self._require(TransferState.PLANNED, "sent")
        return replace(self, state=TransferState.SENT, sent_at=at)

    def cancel(self, at: datetime) -> Transfer:
        self._require(TransferState.PLANNED, "canceled")
        return replace(self, state=TransferState.CANCELED, closed_at=at)

    def close(self, at: datetime) -> Transfer:
        self._require(TransferState.SENT, "received")
        return replace(self, state=TransferState.RECEIVED, closed_at=at)

    def _require(self, state: TransferState, what: str) -> None:
        if self.state is not state:
            raise NotPossible(
                f"Transfer {self.number} is {self.state.value}; it cannot be {what} now.",
                f"Look at `transfers {self.number}`.",
            )

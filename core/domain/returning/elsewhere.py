"""What a return in the shop lacks so that it says what ours says: one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from core.domain.returns import Rma, RmaLine, RmaStatus
from core.domain.values import dataclass

Units = Mapping[int, int]  # line id -> units


class Step(StrEnum):
    """What the shop is asked to do next."""

    CREATE = "create"
    APPROVE = "approve"
    DECLINE = "decline"
    DISPOSE = "dispose"
    CANCEL = "cancel"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class There:
    """The return as the shop has it: its status in lower case (empty: it has none), and the units
    that it has counted in or knows to be missing."""

    status: str = ""
    received: Units = field(default_factory=dict)
    missing: Units = field(default_factory=dict)


_GOES_ON = (RmaStatus.APPROVED, RmaStatus.RECEIVED, RmaStatus.REFUNDED)


def travelling(line: RmaLine) -> int:
    """Units that the customer sends, has sent or has lost: the shop need not know of others."""
    return line.quantity - line.declined - line.kept


def next_step(rma: Rma, there: There) -> Step | None:
    """What to ask of the shop now; None when it agrees, or can no longer be made to.

    A return that waits for our decision is not told. One that the shop has declined, and we have
    approved after all, is a new one there; what is closed or canceled there stays so.
    """
    if rma.status is RmaStatus.REQUESTED:
        return None
    if rma.status not in _GOES_ON:
        return {"requested": Step.DECLINE, "open": Step.CANCEL}.get(there.status)
    if there.status in ("", "declined"):
        return Step.CREATE if any(travelling(line) for line in rma.lines) else None
    if there.status == "requested":
        return Step.APPROVE
    if there.status != "open":
        return None
    if any(to_dispose(line, there) != (0, 0) for line in rma.lines):
        return Step.DISPOSE
    return Step.CLOSE if rma.closed_at is not None else None


def to_dispose(line: RmaLine, there: There) -> tuple[int, int]:
    """Units that came, and that are missing, of which the shop does not know yet."""
    came = line.received - there.received.get(line.line_id, 0)
    gone = line.missing - there.missing.get(line.line_id, 0)
    return max(0, came), max(0, gone)

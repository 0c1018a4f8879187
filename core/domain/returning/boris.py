"""Bought online, returned in store: the code that a customer shows at the counter."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.proofs import is_proof, proof_code
from core.domain.returns import Rma, RmaStatus

_PURPOSE = b"wismo.return"


def return_code(keys: Sequence[str], shop_id: int, rma_id: int) -> str:
    """The code of a return; it lives as long as its goods are expected."""
    return proof_code(_PURPOSE, keys, shop_id, rma_id)


def is_return_code(typed: str, keys: Sequence[str], shop_id: int, rma_id: int) -> bool:
    return is_proof(typed, _PURPOSE, keys, shop_id, rma_id)


def has_code(rma: Rma) -> bool:
    """Approved, and nobody has seen the goods yet."""
    return rma.status is RmaStatus.APPROVED and rma.arrived_at is None and rma.expected > 0


def as_scanned(number: str, code: str) -> str:
    """What the QR code says: the very words that a colleague would type."""
    return f"boris {number} {code}"

"""What can be asked: each module enters its questions in the registry."""

from core.queries import (
    carts,
    cases,
    conversations,
    counts,
    edits,
    feed,
    holds,
    metrics,
    orders,
    picks,
    returns,
    routing,
    screening,
    setup,
    stock,
    tracking,
)

__all__ = [
    "carts",
    "cases",
    "conversations",
    "counts",
    "edits",
    "feed",
    "holds",
    "metrics",
    "orders",
    "picks",
    "returns",
    "routing",
    "screening",
    "setup",
    "stock",
    "tracking",
]

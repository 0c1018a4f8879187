"""What can be asked: each module enters its questions in the registry."""

from core.queries import (
    cases,
    conversations,
    counts,
    feed,
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
    "cases",
    "conversations",
    "counts",
    "feed",
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

"""Until when store credit that is given now can be spent."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.db.unit_of_work import UnitOfWork


def end_of_credit(uow: UnitOfWork) -> datetime | None:
    """UTC; None where the shop lets no credit expire."""
    days = int(uow.shop.policy["credit_days"])
    return uow.now + timedelta(days=days) if days else None

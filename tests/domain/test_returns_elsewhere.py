"""A return told to the shop: each step brings it nearer, and then there is nothing left to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.returning.elsewhere import Step, There, next_step, to_dispose, travelling
from core.domain.returns import Rma, RmaLine, RmaStatus

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
S = RmaStatus


def rma(status: RmaStatus, *, closed: bool = False, **line: Any) -> Rma:
    lines = (RmaLine(7, "mug-red", **{"quantity": 3, **line}),)
    return Rma(1, 2, "R1-1", status, lines, "style", NOW, closed_at=NOW if closed else None)


@pytest.mark.parametrize(
    ("ours", "there", "step"),
    [
        (rma(S.REQUESTED), There(), None),
        (rma(S.REQUESTED), There("requested"), None),
        (rma(S.APPROVED), There(), Step.CREATE),
        (rma(S.APPROVED), There("declined"), Step.CREATE),
        (rma(S.APPROVED), There("requested"), Step.APPROVE),
        (rma(S.APPROVED), There("open"), None),
        (rma(S.APPROVED, kept=3, closed=True), There(), None),
        (rma(S.REJECTED, declined=3, closed=True), There("requested"), Step.DECLINE),
        (rma(S.REJECTED, declined=3, closed=True), There(), None),
        (rma(S.CANCELED, closed=True), There("open"), Step.CANCEL),
        (rma(S.EXPIRED, closed=True), There("requested"), Step.DECLINE),
        (rma(S.RECEIVED, received=2), There("open"), Step.DISPOSE),
        (rma(S.RECEIVED, received=2), There("open", {7: 2}), None),
        (rma(S.RECEIVED, received=2, missing=1), There("open", {7: 2}), Step.DISPOSE),
        (rma(S.RECEIVED, received=3, closed=True), There("open", {7: 3}), Step.CLOSE),
        (rma(S.REFUNDED, received=3, closed=True), There("closed", {7: 3}), None),
        (rma(S.RECEIVED, received=3), There("canceled"), None),
    ],
)
def test_what_the_shop_lacks(ours: Rma, there: There, step: Step | None):
    assert next_step(ours, there) is step


def done(ours: Rma, there: There, step: Step) -> There:
    """What the shop makes of a step."""
    if step is Step.DISPOSE:
        return replace(
            there,
            received={x.line_id: x.received for x in ours.lines},
            missing={x.line_id: x.missing for x in ours.lines},
        )
    after = {Step.DECLINE: "declined", Step.CANCEL: "canceled", Step.CLOSE: "closed"}
    return replace(there, status=after.get(step, "open"))


@given(
    st.sampled_from(S),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.booleans(),
    st.sampled_from(["", "requested", "open", "declined", "canceled", "closed"]),
)
def test_a_few_steps_and_it_is_said(status, units, closed, begun):
    received, missing, kept, declined = units
    quantity = sum(units) + 1
    told: dict[str, Any] = {
        "received": received,
        "missing": missing,
        "kept": kept,
        "declined": declined,
    }
    ours = rma(status, closed=closed, quantity=quantity, **told)
    there, taken = There(begun), []
    while (step := next_step(ours, there)) is not None:
        taken.append(step)
        there = done(ours, there, step)
        assert len(taken) <= 3
    assert len(set(taken)) == len(taken)
    if Step.DISPOSE in taken:
        assert all(to_dispose(line, there) == (0, 0) for line in ours.lines)
    assert travelling(ours.lines[0]) == quantity - kept - declined

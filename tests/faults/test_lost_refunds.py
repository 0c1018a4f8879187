"""A gateway accepts refunds and the connection is cut: none is lost, none is paid twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.refunds import lose_answers


@pytest.mark.anyio
async def test_refunds_whose_answer_is_lost_are_found_and_not_repeated(tmp_path: Path):
    figures = await lose_answers(tmp_path, 50)
    assert figures["answers_lost"] == figures["settled_by_reconcile"] == 50
    assert figures["refunds_at_gateway"] == figures["calls_to_refund"] == 50
    assert figures["doubles_at_gateway"] == figures["broken_sentences"] == 0
    assert figures["money_at_gateway"] == figures["money_in_our_books"] != 0

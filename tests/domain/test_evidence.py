"""What would weaken the answer to a bank is said, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.evidence import Evidence, gaps

WHOLE = Evidence(True, 2, 2, 2, 5, 3, 1, one_address=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"words": 0}, []),
        ({"paid": False}, ["No payment is on the books."]),
        ({"delivered": 1}, ["A parcel is not known to be delivered."]),
        ({"tracked": 1}, ["A parcel has no tracking number."]),
        ({"scans": 0}, ["No carrier scan was kept: ask the carrier for its proof of delivery."]),
        ({"messages": 0}, ["No message to the customer is on record."]),
        ({"one_address": False}, ["It was billed to one address and sent to another."]),
        (
            {"parcels": 0, "tracked": 0, "delivered": 0, "scans": 0},
            ["Nothing has left the house."],
        ),
    ],
)
def test_what_is_missing(changes, said):
    assert list(gaps(replace(WHOLE, **changes))) == said

"""Paper shows what is to be done and nothing that a customer's words could turn it into."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain.order import Address
from core.integrations.papers import TEMPLATES, packing_slips_pdf, pick_list_pdf
from core.queries.picks import Pick, PickItem, PickQueue

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MUG = PickItem(1, "mug-red", "Mug red", 2)
PICK = Pick(
    id=7,
    number="1001-1",
    order="1001",
    order_id=1,
    version=1,
    stage="ready",
    priority=0,
    placed_at=NOON,
    ready_at=NOON,
    promise=None,
    customer_name="Anna Schmidt",
    language="de",
    ship_to=Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE"),
    note="",
    items=(MUG, PickItem(2, "tee-black-m", "T-Shirt schwarz M", 1)),
)
QUEUE = PickQueue(
    location="BER",
    location_name="Berlin warehouse",
    shop_name="Nordlicht",
    shop_email="hello@nordlicht.example",
    at=NOON,
    picks=(PICK,),
    held=(replace(PICK, id=8, number="1002-1", held=("fraud (Ann)",)),),
)
HOSTILE = '#panic("no") #read("/etc/hostname") *bold* $x$ @ref <label> \\ `raw` \x00\u202e // ]'


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type */Page\b", pdf))


@pytest.mark.parametrize("paper", [pick_list_pdf, packing_slips_pdf])
def test_the_same_queue_gives_the_same_bytes(paper):
    assert paper(QUEUE).startswith(b"%PDF-")
    assert paper(QUEUE) == paper(QUEUE)


def test_every_order_that_may_leave_has_a_slip_of_its_own_and_a_held_one_has_none():
    three = replace(QUEUE, picks=tuple(replace(PICK, id=n, number=f"{n}-1") for n in range(3)))
    assert pages(packing_slips_pdf(three)) == 3


def test_a_slip_speaks_its_customers_language():
    german, english, other = (
        packing_slips_pdf(replace(QUEUE, picks=(replace(PICK, language=language),)))
        for language in ("de-AT", "en", "fi")
    )
    assert german != english == other


def test_held_work_changes_the_list_but_not_the_slips():
    free = replace(QUEUE, held=())
    assert pick_list_pdf(free) != pick_list_pdf(QUEUE)
    assert packing_slips_pdf(free) == packing_slips_pdf(QUEUE)


def test_words_of_customers_stay_words():
    item = replace(MUG, sku=HOSTILE, title=HOSTILE)
    pick = replace(
        PICK,
        customer_name=HOSTILE,
        note=HOSTILE,
        ship_to=Address(name=HOSTILE, street=HOSTILE, city=HOSTILE),
        items=(item,),
    )
    hostile = replace(QUEUE, picks=(pick,), held=(replace(pick, held=(HOSTILE,)),))
    assert pages(pick_list_pdf(hostile)) >= 1
    assert pages(packing_slips_pdf(hostile)) == 1


def test_a_long_queue_runs_over_pages():
    many = replace(QUEUE, picks=tuple(replace(PICK, id=n, number=f"{n}-1") for n in range(60)))
    assert pages(pick_list_pdf(many)) > 1


def test_an_empty_queue_is_an_empty_list():
    empty = replace(QUEUE, picks=(), held=())
    assert pages(pick_list_pdf(empty)) == 1
    assert packing_slips_pdf(empty).startswith(b"%PDF-")


def test_our_templates_open_no_file_and_fetch_no_package():
    sources = [path.read_text("utf-8") for path in TEMPLATES.glob("*.typ")]
    assert len(sources) == 4
    for source in sources:
        assert not re.search(r"#(import|include|read|image|plugin)\b|@preview", source)

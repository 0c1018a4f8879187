"""`wismo route --jsonl`: whatever a line holds, its answer is a plan or one clear error."""

from __future__ import annotations

import json
import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.routing.lines import answer

SEED = 20261121
MUG = {"sku": "mug", "quantity": 2}
BER = {"id": "BER", "parcel_cost": 500, "unit_cost": 10, "stock": {"mug": 5}}
QUESTION: dict[str, Any] = {"objective": "cheapest", "lines": [MUG], "locations": [BER]}


def told(question: Any) -> dict[str, Any]:
    line = question if isinstance(question, bytes) else json.dumps(question).encode()
    found = answer(line, None, 7)
    assert "\n" not in found.text
    plain: dict[str, Any] = json.loads(found.text)
    assert found.ok == ("error" not in plain)
    return plain


def changed(**values: Any) -> dict[str, Any]:
    return {**QUESTION, **values}


def test_a_plan_has_exactly_these_parts() -> None:
    assert told(QUESTION) == {
        "picks": [{"location": "BER", "sku": "mug", "quantity": 2}],
        "parcels": 1,
        "cost": 520,
        "proven": True,
        "short": {},
    }


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (b"nonsense", "This is no JSON"),
        (b"\xff\xfe{}", "This is no JSON"),
        (b'{"objective": "cheapest",\r\n', "This is no JSON: Expecting property name"),
        (b'{"objective": NaN}', "question.objective is NaN, not a text."),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"objective": 1' + b"0" * 5000 + b"}", "This is no JSON"),
        (b"[]", "question is [], which is no object."),
        (b"null", "question is null, which is no object."),
        (b"{}", "question has no objective."),
        (changed(objective="fun"), 'There is no objective "fun".'),
        (changed(objective=["cheapest"]), "question.objective is"),
        (changed(lines={"mug": 1}), "question.lines is"),
        (changed(lines=[3]), "lines[0] is 3, which is no object."),
        (changed(lines=[{"sku": "mug"}]), "lines[0] has no quantity."),
        (changed(lines=[{**MUG, "quantity": 0}]), "lines[0].quantity is 0."),
        (changed(lines=[{**MUG, "quantity": -1}]), "lines[0].quantity is -1."),
        (changed(lines=[MUG, {**MUG, "quantity": 1.5}]), "lines[1].quantity is 1.5, not a whole"),
        (changed(lines=[{**MUG, "quantity": 2.0}]), "lines[0].quantity is 2.0, not a whole"),
        (changed(lines=[{**MUG, "quantity": True}]), "lines[0].quantity is true, not a whole"),
        (changed(lines=[{**MUG, "quantity": "2"}]), 'lines[0].quantity is "2", not a whole'),
        (changed(lines=[{**MUG, "quantity": 10**16}]), "lines[0].quantity is too large."),
        (changed(lines=[{**MUG, "sku": None}]), "lines[0].sku is null, not a text."),
        (changed(locations=[{**BER, "parcel_cost": -1}]), "locations[0].parcel_cost is -1."),
        (changed(locations=[{**BER, "unit_cost": 0.1}]), "locations[0].unit_cost is 0.1, not"),
        (changed(locations=[{**BER, "id": 7}]), "locations[0].id is 7, not a text."),
        (changed(locations=[{**BER, "stock": [1]}]), "locations[0].stock is [1], not an object."),
        (changed(locations=[{**BER, "stock": {"mug": 0.5}}]), "locations[0].stock.mug is 0.5"),
        (changed(locations=[BER, BER]), "Location BER is given twice"),
        (b'{"objective": "cheapest", "objective": "cheapest"}', '"objective" stands twice'),
    ],
)
def test_what_is_no_question_is_told_in_one_sentence(question: Any, sentence: str) -> None:
    error = told(question)["error"]
    assert error["line"] == 7
    assert sentence in error["sentence"]
    assert len(error["sentence"]) < 200
    assert error["next"]
    assert error["code"] in ("invalid", "bad_candidate")


@pytest.mark.parametrize(
    ("name", "shown"), [("x" * 38, f'"{"x" * 38}"'), ("x" * 39, f'"{"x" * 38}…')]
)
def test_a_value_is_told_as_far_as_a_person_reads(name: str, shown: str) -> None:
    """Forty characters with their quotes."""
    assert told(changed(objective=name))["error"]["sentence"] == f"There is no objective {shown}."


@pytest.mark.parametrize("cost", ["parcel_cost", "unit_cost"])
def test_a_cost_may_be_nothing_and_never_less(cost: str) -> None:
    assert "error" not in told(changed(locations=[{**BER, cost: 0}]))
    error = told(changed(locations=[{**BER, cost: -1}]))["error"]
    assert error["next"] == "A cost is zero or more minor units."


@pytest.mark.parametrize("around", [b"%b\r\n", b"\xef\xbb\xbf%b", b" \t%b ", b"\xef\xbb\xbf%b\r"])
def test_how_an_editor_ends_or_begins_its_lines_does_not_matter(around: bytes) -> None:
    assert told(around % json.dumps(QUESTION).encode()) == told(QUESTION)


def test_a_sku_that_stands_twice_is_wanted_twice() -> None:
    assert told(changed(lines=[MUG, MUG])) == told(changed(lines=[{**MUG, "quantity": 4}]))


def test_names_that_nobody_asked_for_are_left_alone() -> None:
    assert told(changed(comment="for Anna", lines=[{**MUG, "color": "red"}])) == told(QUESTION)


def test_names_of_any_letters_come_back_as_they_were() -> None:
    odd = "Größe 🍵 \ud800"
    site = {**BER, "id": odd, "stock": {odd: 1}}
    found = told(changed(lines=[{"sku": odd, "quantity": 2}], locations=[site]))
    assert found["picks"] == [{"location": odd, "sku": odd, "quantity": 1}]
    assert found["short"] == {odd: 1}


def test_nothing_wanted_nobody_there_and_oversold_shelves_are_plans_too() -> None:
    empty = {"picks": [], "parcels": 0, "cost": 0, "proven": True, "short": {}}
    assert told(changed(lines=[])) == empty
    assert told(changed(locations=[])) == {**empty, "short": {"mug": 2}}
    assert told(changed(locations=[{**BER, "stock": {"mug": -3}}])) == {
        **empty,
        "short": {"mug": 2},
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.data())
def test_a_question_with_anything_in_one_place_is_answered(data: st.DataObject) -> None:
    question = json.loads(json.dumps(QUESTION))
    line, site = question["lines"][0], question["locations"][0]
    places = [(x, name) for x in (question, line, site, site["stock"]) for name in x]
    where, name = data.draw(st.sampled_from(places))
    where[name] = data.draw(JSON)
    told(question)


@given(st.binary(max_size=60))
def test_any_bytes_are_answered(line: bytes) -> None:
    told(line)


# --- beside brute force --------------------------------------------------------------------------


def small(rng: random.Random) -> dict[str, Any]:
    lines = [{"sku": f"s{n}", "quantity": rng.randint(1, 4)} for n in range(rng.randint(1, 4))]
    locations = [
        {
            "id": f"L{n}",
            "parcel_cost": rng.choice([0, 100, 300, rng.randint(0, 900)]),
            "unit_cost": rng.choice([0, 10, rng.randint(0, 300)]),
            "stock": {one["sku"]: rng.choice([0, 0, 1, 2, 4]) for one in lines},
        }
        for n in range(rng.randint(0, 6))
    ]
    rng.shuffle(locations)
    return {"objective": rng.choice(["cheapest", "fewest_parcels"]), "lines": lines} | {
        "locations": locations
    }


def tried(question: dict[str, Any]) -> tuple[int, int, int]:
    """(units short, then cost and parcels or parcels and cost) of the best set of locations."""
    sites = question["locations"]
    sets = [chosen for size in range(len(sites) + 1) for chosen in combinations(sites, size)]
    outcomes = [outcome(question["lines"], chosen) for chosen in sets]
    if question["objective"] == "fewest_parcels":
        return min(outcomes)
    short, cost, parcels = min((short, cost, parcels) for short, parcels, cost in outcomes)
    return short, parcels, cost


def outcome(
    lines: list[dict[str, Any]], chosen: tuple[dict[str, Any], ...]
) -> tuple[int, int, int]:
    """A set of locations that all ship: each unit from the cheapest of them that has it."""
    opened: set[str] = set()
    short = cost = 0
    for line in lines:
        left = line["quantity"]
        for site in sorted(chosen, key=lambda each: each["unit_cost"]):
            taken = min(left, site["stock"].get(line["sku"], 0))
            if taken:
                opened.add(site["id"])
            left, cost = left - taken, cost + taken * site["unit_cost"]
        short += left
    parcels = [site["parcel_cost"] for site in chosen if site["id"] in opened]
    return short, len(parcels), cost + sum(parcels)


def test_thousands_of_small_questions_are_answered_exactly() -> None:
    rng = random.Random(SEED)
    for number in range(3_000):
        question = small(rng)
        found = told(question)
        short, parcels, cost = tried(question)
        case = (SEED, number, question)
        assert (found["parcels"], found["cost"]) == (parcels, cost), case
        assert sum(found["short"].values()) == short, case
        assert found["proven"], case


@settings(max_examples=3)
@given(st.integers(0, 1_000))
def test_twenty_lines_and_a_thousand_locations_are_answered(seed: int) -> None:
    rng = random.Random(f"{SEED} {seed}")
    skus = [f"s{n}" for n in range(20)]
    locations = [
        {
            "id": f"L{n}",
            "parcel_cost": rng.randint(0, 900),
            "unit_cost": rng.randint(0, 90),
            "stock": {sku: rng.randint(0, 3) for sku in skus if rng.random() < 0.1},
        }
        for n in range(1_000)
    ]
    lines = [{"sku": sku, "quantity": rng.randint(1, 3)} for sku in skus]
    found = told({"objective": "cheapest", "lines": lines, "locations": locations})
    picked: dict[str, int] = {}
    for pick in found["picks"]:
        picked[pick["sku"]] = picked.get(pick["sku"], 0) + pick["quantity"]
    assert picked == {line["sku"]: line["quantity"] for line in lines}

"""Plans are found in few steps: limits count steps, so what is proven is a rule like others."""

from __future__ import annotations

import random

import pytest

from core.domain.routing.planner import Limits, Objective, plan
from tests.domain.test_routing_planner import SEED, random_case, want

QUESTIONS = 120


@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize(("most", "steps"), [(None, 40), (2, 60), (3, 60)])
def test_nine_places_and_six_lines_are_proven_in_a_few_dozen_steps(
    objective: Objective, most: int | None, steps: int
) -> None:
    rng = random.Random(f"{SEED} steps {objective}")
    limits = Limits(node_limit=steps, max_parcels=most)
    for number in range(QUESTIONS):
        demands, sites = random_case(rng, 9, 6, 4)
        assert plan(want(**demands), sites, objective, limits).proven, (SEED, number)


@pytest.mark.parametrize("objective", Objective)
def test_before_any_step_most_plans_are_the_best_already(objective: Objective) -> None:
    rng = random.Random(f"{SEED} steps {objective}")
    best = proven = 0
    for _ in range(QUESTIONS):
        demands, sites = random_case(rng, 9, 6, 4)
        first = plan(want(**demands), sites, objective, Limits(node_limit=1))
        best += first.picks == plan(want(**demands), sites, objective).picks
        proven += first.proven
    assert best >= 0.95 * QUESTIONS
    assert proven >= 0.65 * QUESTIONS

"""Plans beside the proven optimum: how far off, how often proven, how quick, at 10 to 1,000 places.

`ms` is processor time of one thread, which a busy machine changes little; `wall_ms` is what the
clock on the wall says of the same plans. `extra` is the same with HiGHS asked where our own
search did not end. The optimum of `cheapest` is HiGHS on the whole question; that of
`fewest_parcels` is HiGHS on what our exact reductions leave of it.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks import machine
from benchmarks.machine import Figures, Run, percentile
from benchmarks.routing_cases import FAMILIES, USUAL, Question, questions
from core.domain.routing.planner import Limits, Objective, Plan, plan
from core.domain.routing.problem import make_problem
from core.integrations import solver

LOCATIONS = (10, 100, 1_000)
EXACT = Limits(node_limit=100_000)  # where HiGHS is not installed
NO_END = 10_000_000  # nodes


@dataclass
class Seen:
    """One planner's answers: percent above the optimum, milliseconds, how many were proven."""

    gaps: list[float] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    parcels_more: int = 0
    proven: int = 0
    wrongly_proven: int = 0

    def add(self, found: Plan, taken_ms: float, wall_ms: float, best: Plan | None) -> None:
        self.taken_ms.append(taken_ms)
        self.wall_ms.append(wall_ms)
        self.proven += found.proven
        if best is None:
            return
        more = found.parcels - best.parcels
        self.parcels_more += more
        if more == 0 or best.gap_unit == "cost":
            self.gaps.append(100 * (found.cost - best.cost) / max(1, best.cost))
        self.wrongly_proven += found.proven and found.cost > best.cost

    def told(self, name: str) -> Figures:
        figures: Figures = {
            f"{name}_mean_gap_percent": round(fmean(self.gaps or [0.0]), 4),
            f"{name}_p99_gap_percent": round(percentile(self.gaps or [0.0], 0.99), 2),
            f"{name}_share_proven": round(self.proven / len(self.taken_ms), 3),
            f"{name}_p50_ms": round(percentile(self.taken_ms, 0.5), 2),
            f"{name}_p99_ms": round(percentile(self.taken_ms, 0.99), 2),
            f"{name}_p50_wall_ms": round(percentile(self.wall_ms, 0.5), 2),
            f"{name}_p99_wall_ms": round(percentile(self.wall_ms, 0.99), 2),
        }
        if "fewest" in name:
            figures[f"{name}_parcels_above_optimum"] = self.parcels_more
        if self.wrongly_proven:
            raise RuntimeError(f"{name}: {self.wrongly_proven} plans were proven and not the best")
        return figures


def main() -> None:
    machine.run(__doc__, measure)


def measure(run: Run) -> Figures:
    usual, others = (36, 12) if run.quick else (216, 36)
    figures: Figures = {"seed": run.seed, **_versions(), "routing_orders": usual}
    for objective in Objective:
        for places in LOCATIONS:
            asked = list(questions(USUAL, places, usual, run.seed))
            figures |= _compared(f"routing_{objective}_{places}", objective, asked)
    for family in FAMILIES[1:]:
        asked = list(questions(family, LOCATIONS[-1], others, run.seed))
        figures |= _compared(f"routing_cheapest_1000_{family.name}", Objective.CHEAPEST, asked)
    return figures


def _versions() -> Figures:
    if solver.find() is None:
        return {"highs": "not installed: our own exact search stands in for the optimum"}
    return {"highs": importlib.metadata.version("highspy")}


def _compared(name: str, objective: Objective, asked: Sequence[Question]) -> Figures:
    """Our own search, then the same with the extra, both beside the optimum."""
    extra = solver.find()
    own, helped, unknown = Seen(), Seen(), 0
    for question in asked:
        best = _optimum(question, objective)
        unknown += best is None
        own.add(*_timed(question, objective, Limits()), best)
        if extra is not None:
            helped.add(*_timed(question, objective, Limits(solver=extra)), best)
    figures = own.told(name)
    if extra is not None:
        figures |= helped.told(f"{name}_extra")
    if unknown:
        figures[f"{name}_optimum_unknown"] = unknown
    if objective is Objective.CHEAPEST:
        figures |= _beside_a_list(name, asked)
    return figures


def _timed(question: Question, objective: Objective, limits: Limits) -> tuple[Plan, float, float]:
    """The plan, and the milliseconds that it took: of this thread, and on the wall."""
    thread, wall = time.thread_time(), time.perf_counter()
    found = plan(question.demands, question.sites, objective, limits)
    taken = time.thread_time() - thread, time.perf_counter() - wall
    return found, taken[0] * 1000, taken[1] * 1000


def _optimum(question: Question, objective: Objective) -> Plan | None:
    """The proven best plan, or None where nothing proves one."""
    proves = solver.find(None)
    if proves is None:
        found = plan(question.demands, question.sites, objective, EXACT)
    elif objective is Objective.CHEAPEST:
        return _by_highs_alone(question)
    else:
        found = plan(question.demands, question.sites, objective, Limits(solver=proves))
    return found if found.proven else None


def _by_highs_alone(question: Question) -> Plan | None:
    """The plan of the sites that HiGHS opens when nobody has narrowed the question before."""
    proves = solver.find(None)
    problem = make_problem(question.demands, question.sites)
    if proves is None or not problem.units:
        return plan(question.demands, question.sites, Objective.CHEAPEST)
    proposal = proves(problem, None)
    names = {problem.sites[site].location for site in problem.used(proposal.sites)}
    only = [site for site in question.sites if site.location in names]
    found = plan(question.demands, only, Objective.CHEAPEST, Limits(node_limit=NO_END))
    return found if found.cost <= proposal.bound else None


def _beside_a_list(name: str, asked: Iterable[Question]) -> Figures:
    """Our cost over that of walking a fixed list of locations, which is what others do."""
    ours = sum(plan(q.demands, q.sites, Objective.CHEAPEST).cost for q in asked)
    walked = sum(_walked(q) for q in asked)
    return {f"{name}_over_priority_list": round(ours / walked, 3)} if walked else {}


def _walked(question: Question) -> int:
    left = {demand.sku: demand.quantity for demand in question.demands}
    cost = 0
    for site in question.sites:
        taken = {sku: min(want, site.available.get(sku, 0)) for sku, want in left.items()}
        units = sum(taken.values())
        if units:
            cost += site.parcel_cost + units * site.unit_cost
            left = {sku: want - taken[sku] for sku, want in left.items()}
    return cost


if __name__ == "__main__":
    main()

"""HiGHS, when the extra `routing` is installed: it proposes plans, our own whole numbers judge."""

from __future__ import annotations

import importlib
import importlib.util
from math import ceil, inf
from typing import Any

from core.domain.routing.planner import Proposal, Solver
from core.domain.routing.problem import Problem

WORK = 3_000_000
_EXACT = 10**12
_TOLERANCE = 0.01  # of a minor unit: far above HiGHS's rounding, far below one


def find(work: int | None = WORK) -> Solver | None:
    """A solver that stops after so much work, or None where HiGHS is not installed.

    Work is HiGHS's own steps, each of which looks at every cell: one thread, one seed and no
    clock, so that the same question has the same answer. Without a limit it goes to the end.
    """
    if importlib.util.find_spec("highspy") is None:
        return None
    return lambda problem, most: _propose(problem, most, work)


def _propose(problem: Problem, most: int | None, work: int | None) -> Proposal:
    if _too_large(problem):
        return Proposal((), 0)
    highspy: Any = importlib.import_module("highspy")
    model = Model(problem, most)
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.9),  # all plans cost whole minor units
    ):
        solver.setOptionValue(name, value)
    solver.passModel(model.for_highs(highspy))
    if work is not None:
        _stop_after(solver, 1 + work // model.cells)
    solver.run()
    values = solver.getSolution().col_value
    opened = [site for site in range(len(problem.sites)) if values and values[site] > 0.5]
    return Proposal(tuple(opened), _whole(solver.getInfo().mip_dual_bound + model.least))


def _stop_after(solver: Any, steps: int) -> None:
    """HiGHS asks before each of its steps whether to go on. Its own limits count nodes only, and
    the first node alone may take minutes."""
    left = iter(range(steps))

    def ask(event: Any) -> None:
        if next(left, None) is None:
            event.interrupt()

    solver.cbMipInterrupt.subscribe(ask)


def _too_large(problem: Problem) -> bool:
    """HiGHS counts in floating point: sums this large would no longer be exact."""
    dearest = max((unit for shelf in problem.shelves for _, _, unit in shelf), default=0)
    money = sum(problem.fixed) + problem.units * dearest
    return money // problem.tie_scale > _EXACT or problem.units > _EXACT


def _whole(bound: float) -> int:
    """Plans cost whole minor units: so does the least of them."""
    return ceil(bound - _TOLERANCE) if -inf < bound < inf else 0


class Model:
    """Columns: is a site opened, then the units of a line that it ships. Rows: every line gets
    what it needs, only opened sites ship, and there are not too many of them.

    A line that costs the same everywhere needs no columns: the opened sites have enough of it.
    Of every other line a unit costs what it costs above the cheapest; `least` is paid anyhow.
    """

    def __init__(self, problem: Problem, most: int | None) -> None:
        scale, sites = problem.tie_scale, len(problem.sites)
        self.costs = [float(each // scale) for each in problem.fixed]
        self.upper = [1.0] * sites
        self.rows: list[tuple[float, float, list[tuple[int, float]]]] = []
        self.sites, self.least = sites, problem.cheapest_units()
        for need, holders in zip(problem.need, problem.holders(), strict=True):
            self._add_line(need, holders, scale)
        if most is not None:
            self.rows.append((0.0, float(most), [(site, 1.0) for site in range(sites)]))

    def _add_line(self, need: int, holders: list[tuple[int, int, int]], scale: int) -> None:
        if not holders:
            return
        self.rows.append((float(need), inf, [(site, float(have)) for _, have, site in holders]))
        least, first = holders[0][0], len(self.costs)
        if holders[-1][0] == least:
            return
        for column, (unit, have, site) in enumerate(holders, first):
            self.costs.append(float((unit - least) // scale))
            self.upper.append(float(have))
            self.rows.append((-inf, 0.0, [(column, 1.0), (site, -float(have))]))
        shipped = [(column, 1.0) for column in range(first, len(self.costs))]
        self.rows.append((float(need), float(need), shipped))

    @property
    def cells(self) -> int:
        return sum([len(row) for _, _, row in self.rows])

    def for_highs(self, highspy: Any) -> Any:
        lp, count = highspy.HighsLp(), len(self.costs)
        lp.num_col_, lp.num_row_ = count, len(self.rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.costs, [0.0] * count, self.upper
        lp.row_lower_ = [lower for lower, _, _ in self.rows]
        lp.row_upper_ = [upper for _, upper, _ in self.rows]
        kinds = highspy.HighsVarType
        units = count - self.sites
        lp.integrality_ = [kinds.kInteger] * self.sites + [kinds.kContinuous] * units
        starts, cells = [0], [cell for _, _, row in self.rows for cell in row]
        for _, _, row in self.rows:
            starts.append(starts[-1] + len(row))
        lp.a_matrix_.format_, lp.a_matrix_.start_ = highspy.MatrixFormat.kRowwise, starts
        lp.a_matrix_.index_ = [column for column, _ in cells]
        lp.a_matrix_.value_ = [value for _, value in cells]
        return lp

"""HiGHS, when the extra `routing` is installed: it proposes plans, our own whole numbers judge."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from math import ceil, inf
from typing import Any

from core.domain.routing.planner import Proposal, Solver
from core.domain.routing.problem import Problem

NODES = 2_000
_EXACT = 10**12
_TOLERANCE = 0.01  # of a minor unit: far above HiGHS's rounding, far below one


def find(nodes: int = NODES) -> Solver | None:
    """A solver that stops after so many nodes, or None where HiGHS is not installed.

    One thread, one seed and no clock: the same question has the same answer.
    """
    if importlib.util.find_spec("highspy") is None:
        return None
    return lambda problem: _propose(problem, nodes)


def _propose(problem: Problem, nodes: int) -> Proposal:
    if _too_large(problem):
        return Proposal((), 0)
    highspy: Any = importlib.import_module("highspy")
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.5),
        ("mip_max_nodes", nodes),
    ):
        solver.setOptionValue(name, value)
    solver.passModel(_model(highspy, problem))
    solver.run()
    values = solver.getSolution().col_value
    opened = [site for site in range(len(problem.sites)) if values and values[site] > 0.5]
    return Proposal(tuple(opened), _whole(solver.getInfo().mip_dual_bound))


def _too_large(problem: Problem) -> bool:
    """HiGHS counts in floating point: sums this large would no longer be exact."""
    dearest = max((unit for shelf in problem.shelves for _, _, unit in shelf), default=0)
    money = sum(problem.fixed) + problem.units * dearest
    return money // problem.tie_scale > _EXACT or problem.units > _EXACT


def _whole(bound: float) -> int:
    """Plans cost whole minor units: so does the least of them."""
    return ceil(bound - _TOLERANCE) if -inf < bound < inf else 0


def _model(highspy: Any, problem: Problem) -> Any:
    """Columns: is a site opened, then the units of a line that it ships. Rows: every line gets
    what it needs, and only opened sites ship."""
    scale, sites = problem.tie_scale, len(problem.sites)
    offers = [
        (site, line, have, unit // scale)
        for site, shelf in enumerate(problem.shelves)
        for line, have, unit in shelf
    ]
    count = sites + len(offers)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, len(problem.need) + len(offers)
    lp.col_cost_ = [float(each // scale) for each in problem.fixed] + [
        float(unit) for *_, unit in offers
    ]
    lp.col_lower_ = [0.0] * count
    lp.col_upper_ = [1.0] * sites + [float(have) for _, _, have, _ in offers]
    needs = [float(need) for need in problem.need]
    lp.row_lower_ = needs + [-inf] * len(offers)
    lp.row_upper_ = needs + [0.0] * len(offers)
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger] * sites + [kinds.kContinuous] * len(offers)
    rows: list[list[tuple[int, float]]] = [[] for _ in problem.need]
    for place, (site, line, have, _) in enumerate(offers, sites):
        rows[line].append((place, 1.0))
        rows.append([(place, 1.0), (site, -float(have))])
    _fill_rows(highspy, lp, rows)
    return lp


def _fill_rows(highspy: Any, lp: Any, rows: Iterable[list[tuple[int, float]]]) -> None:
    starts, columns, values = [0], [], []
    for row in rows:
        columns += [column for column, _ in row]
        values += [value for _, value in row]
        starts.append(len(columns))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, columns, values

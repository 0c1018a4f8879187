"""Every command by which goods can get further asks the gate, or says why it need not."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.house.code import Module, dotted, functions, modules, parse

GATE = "core.commands.gatehouse.let_go"
# What moves work on, makes a parcel, or tells a shop that goods have left.
DOORS = {"advance", "put_on_paper", "add_parcel"}
TOLD = ("fulfillment", "partner", "capture")

# Facts from outside: the goods are where they are, whatever we had said. They are believed, and
# handover.leave opens a case when a hold was in force.
BELIEVED = {
    "core.commands.shipping.record_fulfillment": "the connected shop says that it has left",
    "core.commands.tracking.record_tracking": "the carrier has scanned it",
    "core.commands.tracking.deliver": "a person says that it has arrived, so it has left",
}

Graph = dict[str, set[str]]


def test_every_way_out_passes_the_gate() -> None:
    graph, handlers, doors = _read(modules("core/commands"))
    ways = {name for name in handlers if _reached(graph, name) & doors}
    assert {name for name in ways if GATE not in _reached(graph, name)} == set(BELIEVED)
    assert {"fulfillment.ship", "fulfillment.pick", "labels.label"} <= {
        name.removeprefix("core.commands.") for name in ways
    }


def test_only_one_place_writes_how_far_work_is() -> None:
    writers = [
        module.path
        for module in modules("core", "bot", "notifications")
        for _, name in module.uses
        if name.endswith("tables.fulfillment_order.update")
    ]
    assert set(writers) == {"core/db/fulfillment.py"}


def test_a_new_way_out_is_noticed() -> None:
    source = (
        "from core.commands import gatehouse\n"
        "@command('x', X, Right.FULFILL)\n"
        "def handler(ask, uow):\n    helper(uow)\n"
        "def helper(uow):\n    uow.work.add_parcel(1)\n"
    )
    graph, handlers, doors = _read([parse("core/commands/new.py", source)])
    assert _reached(graph, "core.commands.new.handler") & doors
    assert GATE not in _reached(graph, "core.commands.new.handler")
    assert handlers == {"core.commands.new.handler"}


# --- who calls whom ------------------------------------------------------------------------------


def _read(found: tuple[Module, ...] | list[Module]) -> tuple[Graph, set[str], set[str]]:
    """Who calls whom, which functions are commands, and which open a door themselves."""
    graph: Graph = defaultdict(set)
    handlers, doors = set(), set()
    for module in found:
        home = module.path.removesuffix(".py").replace("/", ".")
        imported = {id(node): name for node, name in module.uses}
        for function in functions(module):
            name = f"{home}.{function.name}"
            if any(_makes_a_command(each) for each in function.decorator_list):
                handlers.add(name)
            for node in ast.walk(function):
                if isinstance(node, ast.Name | ast.Attribute):  # handed on counts like called
                    graph[name].add(imported.get(id(node)) or f"{home}.{dotted(node)}")
                elif isinstance(node, ast.Call) and _opens_a_door(node):
                    doors.add(name)
    return graph, handlers, doors


def _makes_a_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and dotted(decorator.func).endswith("command")


def _opens_a_door(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in DOORS:
        return True
    told = {a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return dotted(call.func).endswith("write_back") and bool(told & set(TOLD))


def _reached(graph: Graph, start: str) -> set[str]:
    seen, fresh = set[str](), [start]
    while fresh:
        name = fresh.pop()
        if name not in seen:
            seen.add(name)
            fresh += graph.get(name, ())
    return seen

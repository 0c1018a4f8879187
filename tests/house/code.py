"""Reading our own source for the house checks: modules, their trees and what they name."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "bot", "notifications")

NOT_OURS = {"__pycache__", "node_modules", "build", "dist", "htmlcov", "var"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    path: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node once: to walk a tree costs more than anything that a rule asks of it."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def uses(self) -> tuple[tuple[ast.expr, str], ...]:
        """Every name and attribute by its full name, as `datetime.datetime.now`."""
        return tuple(_uses(self))

    def within(self, *places: str) -> bool:
        return any(self.path == place or self.path.startswith(f"{place}/") for place in places)

    def at(self, node: ast.stmt | ast.expr) -> str:
        return f"{self.path}:{node.lineno}"


def modules(*folders: str) -> tuple[Module, ...]:
    return tuple(module for folder in folders for module in _modules(folder))


@cache
def _modules(folder: str) -> tuple[Module, ...]:
    gc.disable()  # it would look at millions of nodes, again and again: they stay until the end
    found = tuple(
        parse(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / folder).rglob("*.py"))
    )
    assert all(module.nodes for module in found)
    gc.freeze()
    gc.enable()
    return found


def parse(path: str, source: str) -> Module:
    return Module(path, ast.parse(source, path))


def files() -> Iterator[Path]:
    """Every file of the checkout that we wrote, found without git: a packed source has none."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".ci", ".env.example") for part in parts)
        if path.is_file() and not hidden and not NOT_OURS.intersection(parts):
            yield path


def imports(module: Module) -> dict[str, str]:
    """Local name -> full name, for every import in the module, wherever it stands."""
    found: dict[str, str] = {}
    for node in module.nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                local = name.asname or name.name.partition(".")[0]
                found[local] = name.name if name.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found


def imported_modules(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module


def functions(module: Module) -> Iterator[Function]:
    for node in module.nodes:
        if isinstance(node, Function):
            yield node


def calls(module: Module) -> Iterator[ast.Call]:
    for node in module.nodes:
        if isinstance(node, ast.Call):
            yield node


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; `?` where the chain begins with something else than a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _uses(module: Module) -> Iterator[tuple[ast.expr, str]]:
    known = imports(module)
    for node in module.nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            head, _, rest = dotted(node).partition(".")
            if head in known:
                yield node, f"{known[head]}.{rest}".rstrip(".")

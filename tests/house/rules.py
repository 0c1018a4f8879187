"""The rules of the house about one module: each takes it and names the places that break it."""

from __future__ import annotations

import ast
import sys

from tests.house.code import PACKAGES, Function, Module, calls, functions, imported_modules

LONGEST_FUNCTION = 60

WALL_CLOCK = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.gmtime",
    "time.localtime",
    "time.time",
    "time.time_ns",
}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"}
SLEEP = {"time.sleep", "asyncio.sleep", "anyio.sleep"}

# Standard library, but a clock, chance or the outer world all the same.
NOT_PURE = {
    "asyncio",
    "http",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}


def reads_environment(module: Module) -> list[str]:
    if module.within("bot/settings.py", "bot/settings"):
        return []
    return _named(module, ENVIRONMENT)


def reads_wall_clock(module: Module) -> list[str]:
    if module.within("bot/main.py", "bot/main", "bot/sandbox"):
        return []
    return _named(module, WALL_CLOCK)


def ends_transaction(module: Module) -> list[str]:
    if module.within("core/db"):
        return []
    ends = {"commit", "rollback"}
    return [
        module.at(call)
        for call in calls(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ends
    ]


def impure_import(module: Module) -> list[str]:
    """In core/domain: anything but our rules and the part of the standard library that is pure."""
    if not module.within("core/domain"):
        return []
    return [
        f"{module.at(node)} {name}"
        for node, name in imported_modules(module)
        if not name.startswith("core.domain") and not _is_pure(name.partition(".")[0])
    ]


def _is_pure(package: str) -> bool:
    return package in sys.stdlib_module_names and package not in NOT_PURE


def missing_docstring(module: Module) -> list[str]:
    if ast.get_docstring(module.tree) or not module.tree.body:
        return []
    return [module.path]


def long_function(module: Module) -> list[str]:
    return [
        f"{module.path}::{function.name} has {length(function)} lines"
        for function in functions(module)
        if length(function) > LONGEST_FUNCTION
    ]


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def early_sandbox(module: Module) -> list[str]:
    """The sandbox may be imported by itself, and by a command of bot/cli inside a function."""
    if module.within("bot/sandbox"):
        return []
    found = [node for node, name in imported_modules(module) if _is_below(name, "bot.sandbox")]
    if found and module.within("bot/cli.py", "bot/cli"):
        late = {id(inner) for function in functions(module) for inner in ast.walk(function)}
        found = [node for node in found if id(node) not in late]
    return [module.at(node) for node in found]


def patches_our_code(module: Module) -> list[str]:
    """In tests: unittest.mock at all, and monkeypatch on a name of ours. Fakes live at the wire."""
    mocks = [
        module.at(node)
        for node, name in imported_modules(module)
        if _is_below(name, "unittest.mock")
    ]
    ours = {id(node): name for node, name in module.uses}
    sets = [call for call in calls(module) if _sets_attribute(call)]
    return mocks + [module.at(call) for call in sets if _is_ours(_target(call, ours))]


def _sets_attribute(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in {"setattr", "delattr"}
        and isinstance(function.value, ast.Name)
        and bool(call.args)
    )


def _target(call: ast.Call, named: dict[int, str]) -> str:
    first = call.args[0]
    return str(first.value) if isinstance(first, ast.Constant) else named.get(id(first), "")


def _is_ours(name: str) -> bool:
    return any(_is_below(name, package) for package in PACKAGES)


def sleeps(module: Module) -> list[str]:
    """In tests: any sleep but `asyncio.sleep(0)`, which only lets others go first.

    Only the fault tests live in real time: they kill processes and wait for new ones.
    """
    if module.path.startswith("tests/faults/"):
        return []
    named = {id(node): name for node, name in module.uses}
    return [
        module.at(call)
        for call in calls(module)
        if named.get(id(call.func)) in SLEEP and not _is_zero(call)
    ]


def _is_zero(call: ast.Call) -> bool:
    return [ast.unparse(argument) for argument in call.args] == ["0"]


def _named(module: Module, names: set[str]) -> list[str]:
    return [f"{module.at(node)} {name}" for node, name in module.uses if name in names]


def _is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")

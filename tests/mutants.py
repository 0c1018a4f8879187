"""`make mutants`: how many small mistakes, planted one by one in the rules, do their tests notice?

mutmut works on a copy that holds nothing but the rules and their tests. Without ARGS=--all a
seeded sample of each room is tried. What survived is listed in var/mutants.txt.
"""

# ruff: noqa: T201 - it talks to the person at the terminal

from __future__ import annotations

import argparse
import ast
import json
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent.parent
SURVIVED = HERE / "var" / "mutants.txt"


@dataclass(frozen=True, slots=True)
class Room:
    """Rules, and the tests that must notice when they are wrong, as file patterns."""

    name: str
    rules: tuple[str, ...]
    tests: tuple[str, ...]


_STOCK = ("stock", "shorting", "carts", "counts", "kits", "awaiting")
ROOMS = (
    Room("stock", tuple(f"{name}.py" for name in _STOCK), tuple(f"test_{n}.py" for n in _STOCK)),
    Room("routing", ("routing/*.py",), ("test_routing_*.py",)),
    Room("edits", ("edits.py", "edit_*.py"), ("test_edits.py", "test_edit_*.py")),
)

_CONFTEST = """
from hypothesis import settings

settings.register_profile(
    "mutants", deadline=None, max_examples=25, derandomize=True, database=None
)
settings.load_profile("mutants")
"""
_PROJECT = """
[tool.mutmut]
source_paths = ["core/domain"]
only_mutate = {rules}
also_copy = ["core", "tests", "conftest.py"]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly"]
pytest_add_cli_args_test_selection = {tests}

[tool.pytest.ini_options]
pythonpath = ["."]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", help="stock, routing, edits; all when none is named")
    parser.add_argument("--all", action="store_true", help="every mistake: takes hours")
    parser.add_argument("--quick", action="store_true", help="a small sample")
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    most = None if asked.all else 30 if asked.quick else asked.sample
    print(f"seed: {asked.seed}, sample: {most or 'all'}", flush=True)
    survived = []
    for room in ROOMS:
        if not asked.rooms or room.name in asked.rooms:
            survived += _tried(room, most, asked.seed, asked.processes)
    SURVIVED.parent.mkdir(exist_ok=True)
    SURVIVED.write_text("\n".join(survived) + "\n")
    print(f"survived: {SURVIVED.relative_to(HERE)}")


def _tried(room: Room, most: int | None, seed: int, processes: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="wismo-mutants-") as name:
        copy = Path(name)
        _furnish(copy, room)
        _mutmut(copy, 1, "nothing of this name")  # it only writes the mutants, and then complains
        names = sorted(name for name in _outcomes(copy) if _is_a_mistake(copy, name))
        if most is not None and most < len(names):
            names = random.Random(seed).sample(names, most)
        _mutmut(copy, processes, *names)
        outcomes = _outcomes(copy)
        survived = [name for name in names if not _is_killed(outcomes[name])]
        killed = len(names) - len(survived)
        print(f"{room.name}: {100 * killed // len(names)} % ({killed}/{len(names)})", flush=True)
        return [_shown(copy, name) for name in survived]


def _furnish(copy: Path, room: Room) -> None:
    shutil.copytree(HERE / "core" / "domain", copy / "core" / "domain")
    shutil.copy(HERE / "core" / "__init__.py", copy / "core")
    shutil.copytree(HERE / "tests" / "domain", copy / "tests" / "domain")
    rules = _in(copy, "core/domain", room.rules)
    tests = _in(copy, "tests/domain", room.tests)
    (copy / "conftest.py").write_text(_CONFTEST)
    project = _PROJECT.format(rules=json.dumps(rules), tests=json.dumps(tests))
    (copy / "pyproject.toml").write_text(project)


def _in(copy: Path, folder: str, patterns: tuple[str, ...]) -> list[str]:
    paths = {path for pattern in patterns for path in (copy / folder).glob(pattern)}
    if not paths:
        raise SystemExit(f"{folder}: there is no file like {' or '.join(patterns)}.")
    return sorted(str(path.relative_to(copy)) for path in paths)


def _mutmut(copy: Path, processes: int, *names: str) -> None:
    program = Path(sys.executable).with_name("mutmut")
    done = subprocess.run(
        [program, "run", "--max-children", str(processes), *names],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    if "failed to collect stats" in done.stdout or not list(copy.glob("mutants/**/*.meta")):
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])


def _is_a_mistake(copy: Path, name: str) -> bool:
    """Whether a mutant does anything else than let `zip` no longer check what never happens."""
    module, _, function = name.rpartition(".")
    bodies = _functions((copy / "mutants" / module.replace(".", "/")).with_suffix(".py"))
    original = function.rpartition("__mutmut_")[0] + "__mutmut_orig"
    return bodies[function] != bodies[original]


@cache
def _functions(path: Path) -> dict[str, str]:
    """Every function of a file by its name, without the `strict` of its calls."""
    tree = ast.parse(path.read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        call.keywords = [each for each in call.keywords if each.arg != "strict"]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {
        each.name: ast.dump(each.args) + "".join(map(ast.dump, each.body)) for each in functions
    }


def _outcomes(copy: Path) -> dict[str, int | None]:
    """The exit code of pytest for each mutant; None where it was not run."""
    found: dict[str, int | None] = {}
    for meta in copy.glob("mutants/**/*.meta"):
        found |= json.loads(meta.read_text())["exit_code_by_key"]
    return found


def _is_killed(code: int | None) -> bool:
    """A test failed, or never came to its end; 0 and 33 are what nobody noticed or looked at."""
    if code is None:
        raise SystemExit("mutmut ended before it had tried every mutant.")
    return code not in (0, 5, 33, 34)


def _shown(copy: Path, name: str) -> str:
    program = Path(sys.executable).with_name("mutmut")
    shown = subprocess.run(
        [program, "show", name], cwd=copy, capture_output=True, text=True, check=False
    )
    return f"{name}\n{shown.stdout}"


if __name__ == "__main__":
    main()

"""What the repository holds besides code: nothing of one machine, and a workshop that fits."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

from tests.house.code import ROOT, files

# Written in two parts, so that this file keeps the rule as well.
REGISTRIES = [
    f"{name}.{top}"
    for name, top in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb.debian", "org"),
    )
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def texts() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8", errors="ignore") for path in files()}


def test_constraints_hold_versions_and_markers_only() -> None:
    lines = read("constraints.txt").splitlines()
    assert len(lines) > 100
    shape = re.compile(r"[a-z0-9-]+==[\w.]+( ; [a-z_]+ .+)?")
    assert [line for line in lines if not shape.fullmatch(line) or "://" in line] == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        (path.name, host) for path, text in texts().items() for host in REGISTRIES if host in text
    ]
    assert found == []


def test_no_file_names_the_folder_it_lies_in() -> None:
    assert [path.name for path, text in texts().items() if str(ROOT) in text] == []


def test_every_dependency_is_pinned_by_the_constraints() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    asked = [
        *project["project"]["dependencies"],
        *chain.from_iterable(project["project"]["optional-dependencies"].values()),
        *project["dependency-groups"]["dev"],
    ]
    pinned = {line.partition("==")[0] for line in read("constraints.txt").splitlines()}
    names = {re.split(r"[^\w-]", dependency, maxsplit=1)[0] for dependency in asked}
    assert names - pinned == set()


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert [each for each in numbers if numbers.count(each) > 1] == []

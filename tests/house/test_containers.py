"""The container files say what we mean; no engine is at hand, so they are read, not run."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.house.code import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
OUR_SERVICES = [name for name, service in SERVICES.items() if service["image"] == "wismo"]


def steps(word: str) -> list[str]:
    return re.findall(rf"^{word} +(.*)$", DOCKERFILE, re.MULTILINE)


def settings_by_example() -> set[str]:
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^(?:# )?(WISMO_\w+)=", text, re.MULTILINE))


def test_one_app_and_a_mailbox_start_by_default() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "app",
        "mailpit",
    }


def test_the_scale_profile_is_postgresql_two_apps_two_workers_and_a_clock() -> None:
    scaled = {name for name, service in SERVICES.items() if service.get("profiles") == ["scale"]}
    assert scaled == {
        "postgres",
        "migrate",
        "app-1",
        "app-2",
        "worker-1",
        "worker-2",
        "clock",
    }


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_gets_only_settings_that_the_example_explains(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert {"WISMO_SECRET_KEY", "WISMO_DATABASE_URL"} <= set(environment) <= settings_by_example()


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_only_the_single_app_is_on_sqlite(name: str) -> None:
    url = SERVICES[name]["environment"]["WISMO_DATABASE_URL"]
    assert url.startswith("sqlite:///") == (name == "app")


def test_nothing_is_reachable_from_outside_the_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_volumes_and_services_that_are_named_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    waits = [name for service in SERVICES.values() for name in service.get("depends_on", [])]
    assert {mount.partition(":")[0] for mount in mounts} == set(COMPOSE["volumes"])
    assert set(waits) <= set(SERVICES)


def test_the_image_runs_wismo_serve_on_slim_debian_as_nobody_special() -> None:
    assert {base.split()[0] for base in steps("FROM")} == {"python:3.11-slim-bookworm"}
    assert steps("USER") == ["wismo"]
    assert DOCKERFILE.index("\nUSER wismo") < DOCKERFILE.index("\nCMD ")
    assert steps("CMD") == ['["wismo", "serve"]']


def test_what_the_image_copies_exists_and_is_let_in() -> None:
    let_in = (ROOT / ".dockerignore").read_text().splitlines()
    sources = [name for step in steps("COPY") if "--from" not in step for name in step.split()[:-1]]
    assert sources
    assert [name for name in sources if not (ROOT / name).exists()] == []
    assert [name for name in sources if f"!{name}" not in let_in] == []


def test_the_image_holds_no_setting_that_is_a_secret() -> None:
    assert re.findall(r"WISMO_\w*(?:KEY|PASSWORD|TOKEN|SECRET)\w*", DOCKERFILE) == []

"""The API keeps its own description, whatever a machine thinks up to send."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings

from core.domain.access import Role
from tests.shopify import make_town

if TYPE_CHECKING:  # it takes a second to load: only where its test runs
    import schemathesis

EACH = 8  # requests per operation


def trial(operation: schemathesis.APIOperation, headers: dict[str, str]) -> Callable[[], None]:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @given(case=operation.as_strategy())
    @settings(max_examples=EACH, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])  # fmt: skip
    def run(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=wanted)

    return run


def test_no_request_breaks_the_api_or_leaves_its_description(tmp_path: Path):
    import schemathesis

    town = make_town(f"sqlite:///{tmp_path / 'wismo.db'}")
    headers = town.key(Role.OWNER)
    town.shop.place(1001, ("mug-red", 1))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", town.app)
    operations = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 30
    for operation in operations:
        trial(operation, headers)()
    town.house.close()

"""Browsers ask every site for a picture; the public pages have one."""

from __future__ import annotations

import pytest

from tests.surfaces.customers import street

pytestmark = pytest.mark.anyio


async def test_the_public_pages_have_a_picture(database: str):
    async with street(database) as here:
        answer = await here.visitor().client.get("/favicon.ico")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")

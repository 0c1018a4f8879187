"""Routing rules from the command line: a file becomes a version, is tried out and put in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.test_cli import SETUP, cli, folder, refused  # noqa: F401 (fixtures)

DOCUMENT: dict[str, Any] = {
    "name": "north",
    "rules": [
        {"name": "national first", "only": {"groups": ["national"]}, "otherwise": "next"},
        {"name": "anywhere", "only": {"handling": ["cold"]}},
    ],
}


@pytest.fixture
def shop(cli):  # noqa: F811
    cli(*SETUP, "--location", "LEJ | Leipzig | DE | mon-fri 08:00-18:00 | 14:00")
    cli("location", "add", "BER", "--group", "National", "--able", "cold")
    assert cli.code == 0, cli.err
    Path("rules.json").write_text(json.dumps(DOCUMENT))
    return cli


def test_a_file_becomes_a_version_that_is_shown_in_words(shop):
    assert "Version 1 of the rules is drafted." in shop("rules", "put", "rules.json")
    told = shop("rules", "show", "1")
    assert "1. national first — Every order: only from national;" in told
    assert "Look at this" not in told
    assert json.loads(shop("rules", "show", "1", "--json")) == {
        **DOCUMENT,
        "rules": [
            {**DOCUMENT["rules"][0], "otherwise": {"do": "next"}},
            DOCUMENT["rules"][1],
        ],
    }


def test_a_version_is_tried_out_and_put_in_force_and_taken_back(shop):
    shop("rules", "put", "-", "--reason", "winter", stdin=json.dumps(DOCUMENT))
    assert "0 of 0 orders would ship otherwise" in shop("rules", "simulate", "1")
    assert shop("rules", "activate", "1") == "Version 1 of the rules is in force.\n"
    assert "winter" in shop("rules", "show")
    shop("rules", "draft", "minimize-splits", "nearest")
    assert "-1. national first" in shop("rules", "diff", "2")
    assert "No routing rules are in force" in shop("rules", "rollback")


def test_what_is_no_document_is_refused_in_one_line(shop):
    Path("broken.json").write_text('{"name": "x", "rules": [')
    assert "broken.json is no JSON document" in refused(shop, "rules", "put", "broken.json")
    assert "nowhere.json cannot be read" in refused(shop, "rules", "put", "nowhere.json")
    Path("wrong.json").write_text('{"name": "x", "rules": [{"name": "a", "when": {"tag": []}}]}')
    assert "did you mean tags?" in refused(shop, "rules", "put", "wrong.json")


def test_the_ready_rules_are_listed(shop):
    assert "ship-from-store" in shop("rules", "presets")


def test_products_and_locations_say_what_they_need_and_can(shop):
    Path("p.csv").write_text("sku,title,category,flags\nice,Ice,frozen,Cold hazmat\n")
    assert "1 made" in shop("import", "products", "p.csv")
    Path("l.csv").write_text("code,groups,abilities\nHAM,national north,cold\n")
    assert "1 made" in shop("import", "locations", "l.csv")
    assert "single words" in refused(shop, "location", "set", "HAM", "--group", "two words")

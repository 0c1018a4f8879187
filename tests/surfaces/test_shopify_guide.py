"""The Shopify guide, followed word by word in watch mode: what it promises is what happens."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.sandbox.shop import acts
from bot.sandbox.shop.store import SECRET, TOKEN
from tests.storefront import storefront

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guide/shopify.md"
DOMAIN = "your-shop.myshopify.com"


def commands() -> list[str]:
    """What stands in the guide's boxes, line by line."""
    boxes = re.findall(r"^ *```\n(.*?)^ *```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line.strip() for box in boxes for line in box.splitlines()]


class Reader:
    """Somebody who reads the guide from the top and types every command in it."""

    def __init__(self, capsys, monkeypatch):
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self._left = commands()
        self.code = 0

    def follows(self, command, stdin=""):
        """The next command of the guide, which must be this one; what it printed."""
        line = self._left.pop(0)
        assert line.startswith(command), line
        return self.runs(line, stdin)

    def skips(self, command):
        """A command that runs beside: somebody else starts it."""
        assert self._left.pop(0) == command

    def refused(self, line):
        """What a command says that does nothing."""
        with pytest.raises(AssertionError) as failed:
            self.runs(line)
        assert self.code == 2
        return str(failed.value)

    def runs(self, line, stdin=""):
        self._monkeypatch.setattr(sys, "argv", shlex.split(line))
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self.code = 0
        try:
            main()
        except SystemExit as end:
            self.code = int(end.code or 0)
        out, err = self._capsys.readouterr()
        assert self.code < 2, err
        return out

    @property
    def is_through(self):
        return not self._left


@pytest.fixture
def front():
    with storefront(seed=5, domain=DOMAIN) as front:
        yield front


@pytest.fixture
def reader(tmp_path, monkeypatch, capsys, front):
    for name in [name for name in os.environ if name.startswith("WISMO_")]:
        if not name.startswith("WISMO_TEST"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WISMO_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("WISMO_DATABASE_URL", f"sqlite:///{tmp_path / 'w.db'}")
    monkeypatch.setenv("WISMO_SHOPIFY_API_URL", front.address)
    monkeypatch.setenv("WISMO_PORT", "0")
    # The clock ticks when the test says so, not when the machine does.
    monkeypatch.setenv("WISMO_ROLES", "app,worker")
    monkeypatch.chdir(tmp_path)
    return Reader(capsys, monkeypatch)


@contextlib.contextmanager
def serving():
    """`wismo serve` beside the reader; gives the address on which it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        yield re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_guide_leads_to_a_shop_that_agrees_with_its_store(reader, front, monkeypatch):
    assert "in watch mode" in reader.follows("wismo setup")
    added = reader.follows("wismo connection add", stdin=f"{TOKEN}\n{SECRET}\n")
    assert "/hooks/shopify/" in added

    assert "5 made, 0 changed, 0 the same, 0 problems" in reader.follows("wismo import locations")
    assert "40 made, 0 changed, 0 the same, 0 problems" in reader.follows("wismo import products")
    assert "0 problems" in reader.follows("wismo import stock")
    places = reader.follows("wismo location list")
    for line in ("BER\tBerlin warehouse", "HAM\tHamburg store", "EIN\tPackwerk 3PL"):
        assert line in places
    assert front.mutations == []

    # An order whose webhook never comes: nobody listens yet.
    front.do(acts.place_order, {"mug-red": 2})
    reader.skips("wismo serve")
    with serving() as address:
        monkeypatch.setenv("WISMO_BASE_URL", address)
        looked = reader.follows("wismo connection webhooks")
        assert looked.count("missing") >= 13
        assert (reader.code, front.mutations) == (1, [])
        assert reader.follows("wismo connection webhooks").count("\tmade") == 13
        assert "13 missing" not in reader.runs("wismo connection webhooks store")
        assert reader.code == 0

        told = front.do(acts.place_order, {"tee-black-m": 1, "mug-blue": 3})
        front.do(acts.place_order, {"teapot-iron": 1}, pos=True, location="MUC")
        front.do(acts.cancel, told.number)
        assert all(one.state == "delivered" for one in front.store.webhooks.deliveries)
        assert "pull missed orders" in reader.runs("wismo clock tick")
        assert "store: 0 differences" in reader.follows("wismo reconcile")
        assert reader.code == 0
        for number in (1001, 1002, 1003):
            assert str(number) in reader.runs(f"wismo say {number}")

        assert ", 0 problems" in reader.follows("wismo import stock --from store --dry-run")
        assert ", 0 problems" in reader.follows("wismo import stock --from store --overwrite")
        reader.follows("wismo connection set")
        reader.runs("wismo work --until-idle")
    assert reader.is_through
    assert front.mutations == ["webhookSubscriptionCreate"] * 13


def test_what_makes_no_sense_beside_a_store_is_refused(reader, front):
    reader.follows("wismo setup")
    for line in ("", "p.csv --from store", "p.csv --overwrite", "--from store --overwrite"):
        assert "wismo: " in reader.refused(f"wismo import products {line}")
    assert "There is no Shopify store" in reader.refused("wismo import products --from store")
    assert "There is no Shopify store" in reader.refused("wismo connection webhooks store --create")
    assert front.store.transcript.calls == []


def test_a_wrong_token_is_said_with_what_to_do(reader, front):
    reader.follows("wismo setup")
    reader.follows("wismo connection add", stdin=f"wrong\n{SECRET}\n")
    said = reader.refused("wismo import products --from store")
    assert "connection set store --secret access_token" in said
    assert "access token" in reader.refused("wismo reconcile")
    reader.runs("wismo connection set store --secret access_token", stdin=f"{TOKEN}\n")
    assert "0 problems" in reader.runs("wismo import products --from store")

"""The command line as a person uses it: words in, lines and exit codes out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from bot.cli import answers, main
from bot.importing import FIELDS

KEY = "k" * 40
SETUP = (
    *("setup", "--name", "Nordlicht", "--time-zone", "Europe/Berlin"),
    *("--owner", "Olga", "--owner-email", "olga@nordlicht.example"),
    *("--email", "hello@nordlicht.example"),
)


class Typed(io.StringIO):
    """What a person types at a terminal."""

    def isatty(self):
        return True


def _piped(text):
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")


class Cli:
    """Runs commands in this process; `out` and `code` are those of the last one."""

    def __init__(self, capsys, monkeypatch):
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self.out, self.err, self.code = "", "", 0

    def __call__(self, *words, stdin="", plain=True):
        self._monkeypatch.setattr(sys, "argv", ["wismo", *map(str, words)])
        self._monkeypatch.setattr(sys, "stdin", _piped(stdin) if plain else Typed(stdin))
        self.code = 0
        try:
            main()
        except SystemExit as end:
            self.code = int(end.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return self.out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("WISMO_")]:
        if not name.startswith("WISMO_TEST"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WISMO_SECRET_KEY", KEY)
    monkeypatch.setenv("WISMO_DATABASE_URL", f"sqlite:///{tmp_path / 'w.db'}")
    monkeypatch.setenv("WISMO_PORT", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder, capsys, monkeypatch):
    return Cli(capsys, monkeypatch)


@pytest.fixture
def shop(cli):
    cli(*SETUP, "--location", "BER | Berlin | DE | mon-fri 08:00-18:00 | 14:00")
    assert cli.code == 0, cli.err
    return cli


def refused(cli, *words, stdin=""):
    """A refusal: nothing on stdout, one line on stderr, exit code 2."""
    assert cli(*words, stdin=stdin) == ""
    assert cli.code == 2
    assert cli.err.count("\n") == 1
    assert "Traceback" not in cli.err
    return cli.err


# --- setting up --------------------------------------------------------------------------------


def test_help_names_every_group(cli):
    shown = cli("--help")
    for word in ("setup", "serve", "doctor", "import", "staff", "outbox", "clock"):
        assert word in shown
    assert cli.code == 0


def test_setup_makes_a_shop_an_owner_and_a_key_that_is_shown_once(cli):
    shown = cli(*SETUP, "--location", "BER|Berlin|DE|mon-fri 08:00-18:00|14:00")
    assert cli.code == 0, cli.err
    assert "in watch mode" in shown
    key = next(line for line in shown.splitlines() if "shown only now" in line).split()[-1]
    assert "mon-fri 08:00-18:00" in cli("location", "list")
    assert "olga@nordlicht.example" in cli("staff", "list")
    assert key not in cli("keys", "list")
    assert key.encode() not in Path("w.db").read_bytes()


def test_a_half_told_shop_is_not_founded(cli):
    assert "cannot be read as hours" in refused(cli, *SETUP, "--location", "BER|B|DE|whenever")
    assert "no such shop" in refused(cli, "shop", "show")
    assert "not a time zone" in refused(cli, "setup", "--name", "X", "--time-zone", "Moon")


def test_a_second_setup_is_refused_and_another_shop_is_asked_for(shop):
    assert "set up already" in refused(shop, *SETUP)
    shop("setup", "--another", "--name", "Zweiter", "--owner", "Bob")
    assert shop.code == 0, shop.err
    assert "1 (Nordlicht), 2 (Zweiter)" in refused(shop, "staff", "list")
    assert "Bob" in shop("--shop", "Zweiter", "staff", "list")
    assert "Olga" in shop("--shop", "1", "staff", "list")


def test_without_a_secret_key_setup_makes_one_and_nothing_else_runs(cli, monkeypatch):
    monkeypatch.delenv("WISMO_SECRET_KEY")
    assert "WISMO_SECRET_KEY" in refused(cli, "shop", "show")
    cli(*SETUP)
    assert cli.code == 0, cli.err
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert "Nordlicht" in cli("shop", "show")


def test_what_is_set_is_shown(shop):
    shop("policy", "set", "stuck_hours", "9")
    shop("policy", "switch", "delivered", "off")
    shown = shop("policy", "show")
    assert "stuck_hours\t9\t" in shown
    assert "message delivered\tno\t" in shown
    assert "1 to 720" in refused(shop, "policy", "set", "stuck_hours", "never")
    shop("shop", "mode", "live")
    assert "mode\tlive" in shop("shop", "show")
    assert "watch, staff or live" in refused(shop, "shop", "mode", "party")


def test_people_come_and_go(shop):
    shop("staff", "add", "Lea", "store", "--location", "BER")
    assert "Lea\tstore\t\t\tBER" in shop("staff", "list")
    assert "no role king" in refused(shop, "staff", "add", "Rex", "king")
    shop("staff", "remove", "Lea")
    assert "Lea" not in shop("staff", "list")
    assert "needs an owner" in refused(shop, "staff", "remove", "Olga")
    assert "see orders\tyes" in shop("staff", "matrix")


def test_secrets_are_read_from_stdin_and_never_shown(shop):
    words = ("connection", "add", "shopify", "store", "--set", "shop_domain=x.example")
    shown = shop(*words, stdin="token-1\nhook-2\n")
    assert shop.code == 0, shop.err
    assert "/hooks/shopify/" in shown
    listed = shop("connection", "list")
    assert "shop_domain=x.example" in listed
    assert "token-1" not in listed
    raw = Path("w.db").read_bytes()
    assert b"token-1" not in raw
    assert b"hook-2" not in raw
    assert "webhook_secret is missing" in refused(
        shop, *words[:3], "other", *words[4:], stdin="t\n"
    )


# --- words, work and the clock -------------------------------------------------------------------


def test_one_says_what_one_would_say_in_slack(shop):
    shop("import", "products", _file("p.csv", "sku,title\nmug-red,Becher\n"))
    shop("import", "stock", _file("s.csv", "sku,location,on_hand\nmug-red,BER,5\n"))
    shop(
        "import",
        "orders",
        _file(
            "o.csv", "number;placed_at;sku;quantity;unit_price\n1001;2026-11-20;mug-red;2;19,90\n"
        ),
    )
    assert "1001" in shop("say", "1001", "--as", "olga")
    assert "on hold for address" in shop("say", "hold 1001 address", "--as", "Olga")
    assert "Nobody here is called Eve" in refused(shop, "say", "1001", "--as", "Eve")
    shop("say", "hold 9999 address")
    assert shop.code == 2
    assert 'wismo say "cancel 1001 <reason>"' in shop("say", "cancel 1001")
    assert shop.code == 2
    shop("say", "cancel 1001 changed mind")
    assert shop.code == 0, shop.out


def test_the_clock_ticks_by_hand_but_a_real_shops_time_cannot_be_moved(shop):
    ticked = shop("clock", "tick")
    assert shop.code == 0, shop.err
    assert "scan stuck" in ticked
    assert "cannot be moved" in refused(shop, "clock", "tick", "--at", "2030-01-01T00:00Z")
    assert "is no moment" in refused(shop, "clock", "tick", "--at", "tomorrow")


def test_a_sandboxs_clock_moves_forward_only_and_stays_moved(cli, monkeypatch):
    monkeypatch.setenv("WISMO_SANDBOX", "1")
    cli(*SETUP)
    cli("clock", "tick", "--at", "2099-01-01T10:00+00:00")
    assert cli.code == 0, cli.err
    assert "2099-01-01T10:0" in cli("clock", "tick", "--at", "2099-01-01T10:01+00:00")
    assert "forward only" in refused(cli, "clock", "tick", "--at", "2098-01-01T10:00+00:00")
    assert "2099-02-01T08:" in cli("clock", "tick", "--at", "2099-02-01T09:01")


def test_sandbox_and_real_databases_are_told_apart_for_ever(shop, monkeypatch):
    monkeypatch.setenv("WISMO_SANDBOX", "1")
    assert "belongs to a real shop" in refused(shop, "shop", "show")
    monkeypatch.setenv("WISMO_DATABASE_URL", "sqlite:///sandbox.db")
    shop(*SETUP)
    assert shop.code == 0, shop.err
    monkeypatch.delenv("WISMO_SANDBOX")
    assert "is a sandbox database" in refused(shop, "serve")


def test_work_ends_when_nothing_is_due(shop):
    assert "nothing more is due" in shop("work", "--until-idle")


# --- routing -----------------------------------------------------------------------------------

QUESTION = {
    "objective": "fewest_parcels",
    "lines": [{"sku": "a", "quantity": 2}, {"sku": "b", "quantity": 1}],
    "locations": [
        {"id": "X", "parcel_cost": 100, "unit_cost": 10, "stock": {"a": 2}},
        {"id": "Y", "parcel_cost": 900, "unit_cost": 10, "stock": {"a": 2, "b": 1}},
    ],
}


def test_hypothetical_orders_are_planned_line_by_line_without_a_database(cli):
    cheap = {**QUESTION, "lines": [{"sku": "a", "quantity": 3}], "objective": "cheapest"}
    text = f"{json.dumps(QUESTION)}\n\n{json.dumps(cheap)}\n"
    plans = [json.loads(line) for line in cli("route", "--jsonl", stdin=text).splitlines()]
    assert plans[0] == {
        "picks": [
            {"location": "Y", "sku": "a", "quantity": 2},
            {"location": "Y", "sku": "b", "quantity": 1},
        ],
        "parcels": 1,
        "cost": 930,
        "proven": True,
        "short": {},
    }
    assert (plans[1]["parcels"], plans[1]["cost"]) == (2, 1030)
    assert not Path("w.db").exists()


def test_a_question_that_is_none_has_its_error_in_its_place(cli):
    good = json.dumps(QUESTION)
    bad = json.dumps({**QUESTION, "lines": [{"sku": "a", "quantity": 1.5}]})
    asked = f"\ufeff{good}\r\nnonsense\n\n{bad}\n{good}"
    told = [json.loads(line) for line in cli("route", "--jsonl", stdin=asked).splitlines()]
    assert [sorted(answer) == ["error"] for answer in told] == [False, True, True, False]
    assert told[2]["error"]["sentence"] == "lines[0].quantity is 1.5, not a whole number."
    assert told[0] == told[3]
    assert [told[1]["error"]["line"], told[2]["error"]["line"]] == [2, 4]
    assert cli.code == 2
    assert "2 lines make no sense: 2, 4." in cli.err
    cli("route", "--jsonl", stdin="nonsense\n" * 12)
    assert "12 lines make no sense: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others." in cli.err
    cli("route", "--jsonl", stdin=f"\n{bad}")
    assert "Line 2 makes no sense." in cli.err


# --- doctor, backup, restore ------------------------------------------------------------------


def test_the_doctors_exit_code_tells_warnings_from_violations(shop):
    told = json.loads(shop("doctor", "--json"))
    assert shop.code == 1
    assert {f["check"] for f in told["findings"] if f["state"] == "warn"} == {"backup"}
    shop("backup", "b.db")
    shop("doctor")
    assert shop.code == 0, shop.out
    shop("shop", "mode", "live")
    assert "no mail can be sent" in shop("doctor")
    assert shop.code == 2


def test_the_doctor_finds_what_was_done_behind_our_back(shop):
    opened = sqlite3.connect("w.db")
    opened.execute(
        "INSERT INTO stock_level (shop_id, sku, location_id, on_hand) "
        "SELECT shop_id, 'ghost', id, 5 FROM location"
    )
    opened.commit()
    opened.close()
    shown = shop("doctor")
    assert shop.code == 2
    assert "fail  Not true:" in shown


def test_a_backup_brings_the_shop_back_and_nothing_goes_out_again(shop):
    shop("backup", "b.db")
    assert stat.S_IMODE(Path("b.db").stat().st_mode) == 0o600
    shop("staff", "add", "Late", "lead")
    assert "exists already" in refused(shop, "backup", "b.db")
    shown = shop("restore", "b.db", "--yes")
    assert shop.code == 0, shop.err
    assert "kept as" in shown
    assert "Late" not in shop("staff", "list")
    assert "messages paused\t2" in shop("shop", "show")


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"SQLite format 3\x00" + b"\x00" * 500])
def test_what_is_no_backup_replaces_nothing(shop, content):
    Path("x.db").write_bytes(content)
    refused(shop, "restore", "x.db", "--yes")
    refused(shop, "restore", "missing.db", "--yes")
    assert "Olga" in shop("staff", "list")


def test_a_damaged_backup_is_refused(shop):
    shop("backup", "b.db")
    raw = bytearray(Path("b.db").read_bytes())
    for page in range(4096 * 3, len(raw), 4096 * 4):
        raw[page : page + 64] = b"\xff" * 64
    Path("b.db").write_bytes(raw)
    said = refused(shop, "restore", "b.db", "--yes")
    assert "damaged" in said or "malformed" in said
    assert "Olga" in shop("staff", "list")


# --- beside a running server ---------------------------------------------------------------------


@contextlib.contextmanager
def serving():
    """The real thing, as a process of its own; ends by SIGTERM."""
    words = [sys.executable, "-m", "bot", "serve"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert process.stdout is not None
    try:
        assert "wismo listens on http://127.0.0.1:" in process.stdout.readline()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_beside_a_running_server_commands_go_through_it_and_nobody_else_owns_the_database(shop):
    with serving():
        assert stat.S_IMODE(Path("w.db.sock").stat().st_mode) == 0o600
        assert "is added" in shop("location", "add", "HAM", "--city", "Hamburg")
        assert "HAM" in shop("location", "list")
        assert "there is a location ham already" in refused(shop, "location", "add", "HAM").lower()
        assert "No open" not in shop("say", "cases")
        assert "nothing more is due" in shop("work", "--until-idle")
        shop("clock", "tick")
        assert shop.code == 0, shop.err
        assert "Another wismo process" in refused(shop, "serve")
        shop("backup", "b.db")
        assert shop.code == 0, shop.err
        assert "Another wismo process" in refused(shop, "restore", "b.db", "--yes")
    assert not Path("w.db.sock").exists()
    assert not Path("w.db-wal").exists()
    assert "HAM" in shop("location", "list")


def test_a_place_too_deep_for_a_socket_still_works(shop, tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("WISMO_DATABASE_URL", f"sqlite:///{deep / 'w.db'}")
    shop(*SETUP)
    with serving():
        assert "is added" in shop("location", "add", "HAM")


def _file(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


# --- what a stranger stumbled over ---------------------------------------------------------------


def test_nobody_else_on_the_machine_can_read_the_database(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("WISMO_DATABASE_URL", f"sqlite:///{tmp_path / 'var' / 'w.db'}")
    before = os.umask(0o022)
    try:
        cli(*SETUP)
        with serving():
            modes = {path.name: _mode(path) for path in Path("var").glob("w.db*")}
        cli("backup", "b.db")
        cli("restore", "b.db", "--yes")
    finally:
        os.umask(before)
    assert cli.code == 0, cli.err
    assert {modes[f"w.db{end}"] for end in ("", "-wal", "-shm")} == {0o600}
    assert _mode(Path("var")) == 0o700
    assert _mode(Path("var/w.db")) == 0o600


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_port_that_is_taken_is_named_with_the_way_out(shop, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("WISMO_PORT", str(other.getsockname()[1]))
        said = refused(shop, "serve")
    assert "Another program listens on 127.0.0.1:" in said
    assert "WISMO_PORT=" in said


def test_a_missing_secret_key_is_told_from_one_that_is_too_short(cli, monkeypatch):
    monkeypatch.setenv("WISMO_SECRET_KEY", "short")
    assert "too short" in refused(cli, "shop", "show")
    monkeypatch.delenv("WISMO_SECRET_KEY")
    assert "no WISMO_SECRET_KEY yet: `wismo setup` makes one" in refused(cli, "serve")


def test_every_column_of_a_table_is_documented_and_a_strange_one_is_told(shop):
    guide = (Path(__file__).parents[2] / "docs/guide/import.md").read_text(encoding="utf-8")
    helped = shop("import", "--help")
    for kind, fields in FIELDS.items():
        section = guide.split(f"## {kind}")[1].split("\n## ")[0]
        for name in fields:
            assert f"| `{name}`" in section
            assert name in helped
    shown = shop("import", "products", _file("p.csv", "sku,colour\nmug-red,red\n"))
    assert "NOT READ, because no such column is known: colour" in shown


@pytest.mark.parametrize("kind", ["locations", "products", "stock", "orders"])
def test_the_examples_of_the_guide_can_be_brought_in(shop, kind):
    guide = (Path(__file__).parents[2] / "docs/guide/import.md").read_text(encoding="utf-8")
    for before in ("locations", "products", "stock", "orders"):
        example = guide.split(f"## {before}")[1].split("```")[1].lstrip("csv").lstrip()
        shop("import", before, _file(f"{before}.csv", example))
        assert shop.code == 0, shop.out + shop.err
        if before == kind:
            return


def test_a_person_whom_nothing_can_recognize_is_added_with_a_word_about_it(shop):
    assert "Slack cannot recognize Lea yet" in shop("staff", "add", "Lea", "lead")
    assert 'wismo staff set "Lea" --email' in shop.out
    assert "cannot recognize" not in shop("staff", "add", "Bo", "lead", "--email", "bo@x.example")


def test_connections_are_listed_in_peoples_words(shop):
    words = ("connection", "add", "shopify", "store", "--set", "shop_domain=x.example")
    shop(*words, "--ours", "shipped", stdin="token-1\nhook-2\n")
    listed = shop("connection", "list")
    assert "ours=shipped\n" in listed
    assert "{" not in listed


def test_policies_can_be_listed_under_either_word(shop):
    assert shop("policy", "list") == shop("policy", "show")


def test_the_doctor_says_when_mail_has_no_way_out_and_when_messages_wait(shop):
    told = shop("doctor")
    assert "checks of the books hold." in told
    assert "mail" not in told
    shop("shop", "mode", "staff")
    assert "warn  Nordlicht is at work for its staff, but no mail can be sent." in shop("doctor")
    shop("connection", "add", "smtp", "mail", stdin="smtp://127.0.0.1:2525\n")
    assert "no mail can be sent" not in shop("doctor")
    _let_a_message_wait_since("2026-01-02 03:04")
    assert "Messages or calls of Nordlicht wait since 2026-01-02 03:04 UTC (1)." in shop("doctor")
    shop("messages", "pause")
    assert "are paused since" in shop("doctor")
    assert "wait since" not in shop.out


def _let_a_message_wait_since(moment):
    at = int(datetime.fromisoformat(f"{moment}+00:00").timestamp() * 1_000_000)
    with contextlib.closing(sqlite3.connect("w.db")) as opened:
        opened.execute(
            "INSERT INTO outbox (shop_id, kind, key, payload, created_at, due_at, result, lane,"
            " reason, state, attempts, unknown, fence) SELECT id, 'message.email', 'k', '{}',"
            " ?, ?, '{}', '', '', 'waiting', 0, 0, 0 FROM shop",
            (at, at),
        )
        opened.commit()


ANSWERS = (
    *("Nordlicht", "Mars", "berlin", "Taler", "€", "Deutsch", "none", "hello@n.example"),
    *("B E R", "ber", "Berlin", "Niemandsland", "Deutschland", "whenever", "8-18", "late", "14"),
    *("", "Olga", "olga", "olga@n.example"),
)


def test_every_answer_of_the_setup_is_checked_where_it_is_asked(cli):
    shown = cli("setup", stdin="\n".join([*ANSWERS, ""]), plain=False)
    assert cli.code == 0, cli.err
    for no in ("“Mars” is not a time zone", "'TALER' is not a currency", "“B E R” is no code"):
        assert no in shown
    for no in ("“Niemandsland” is not a country", "“whenever” cannot be read", "“late” is not a"):
        assert no in shown
    assert "BER: Berlin, DE, mon-fri 08:00-18:00, cut-off 14:00" in shown
    assert "olga@n.example" in cli("staff", "list")
    told = cli("shop", "show")
    assert "Europe/Berlin" in told
    assert "language\tde, sie" in told


def test_nobody_is_asked_for_a_shop_that_is_there_already(shop):
    shop("setup", stdin="Zweiter\n", plain=False)
    assert shop.code == 2
    assert "What is the shop called?" not in shop.out


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("8-18", "mon-fri 08:00-18:00"),
        ("mo-sa 9 - 18:30", "mon-sat 09:00-18:30"),
        ("mon-fri 8-12, 13-17; sat 10-14", "mon-fri 08:00-12:00, 13:00-17:00; sat 10:00-14:00"),
        ("24/7", "always"),
    ],
)
def test_hours_are_understood_as_people_write_them(told, meant):
    assert answers.hours(told) == meant

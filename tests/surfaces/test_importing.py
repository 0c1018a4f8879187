"""Files as people have them: encodings, separators, quotes, spreadsheets' habits, and nonsense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.bridge import House
from bot.bringing import ORDER_SOURCE, bring
from bot.importing import Setting, checked, read_table
from bot.local import Local
from bot.settings import Settings
from core.db import tables as t
from core.domain.refusals import Invalid, Refusal
from tests.shop import SHOP, make_shop

BERLIN = Setting("EUR", "Europe/Berlin")


def table(tmp_path, content, name="t.csv"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(file)


def problems(tmp_path, kind, text):
    _, report = checked(kind, table(tmp_path, text), BERLIN)
    return [(one.line, one.field) for one in report.problems]


def rows(tmp_path, kind, text):
    found, report = checked(kind, table(tmp_path, text), BERLIN)
    assert not report.problems
    return found


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(tmp_path, encoding):
    found = table(tmp_path, "sku;title\na;Größe – 5 €\n".encode(encoding))
    assert found.rows == ((2, {"sku": "a", "title": "Größe – 5 €"}),)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_usual_separator_and_line_end_is_read(tmp_path, mark, end):
    text = end.join((f"SKU{mark}On-Hand{mark}location", f"a{mark}5{mark}BER", ""))
    assert table(tmp_path, text).rows == ((2, {"sku": "a", "on_hand": "5", "location": "BER"}),)


def test_quoted_text_may_hold_separators_and_line_breaks_and_lines_are_counted_as_editors_do(
    tmp_path,
):
    found = table(tmp_path, 'sku,title\na,"one, two\nthree ""x"""\n\nb,last\n')
    assert found.rows == ((2, {"sku": "a", "title": 'one, two\nthree "x"'}),
                          (5, {"sku": "b", "title": "last"}))  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"PK\x03\x04 a spreadsheet",
        b"sku,title\na,\x00\n",
        b"sku,title\na,\x81\x8d\n",
        b'sku,title\na,"never closed\n',
        b'sku,title\na,"closed"too late\n',
        b"sku,sku\na,b\n",
        b"sku,title\na,b,c\n",
    ],
)
def test_what_is_no_table_is_refused_and_says_why(tmp_path, content):
    with pytest.raises(Refusal) as refused:
        table(tmp_path, content)
    assert refused.value.sentence


def test_a_missing_file_and_a_missing_column_are_named(tmp_path):
    with pytest.raises(Refusal, match="no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(Invalid, match="on_hand is missing"):
        checked("stock", table(tmp_path, "sku,location\na,BER\n"), BERLIN)


def test_columns_that_mean_nothing_are_told_not_hidden(tmp_path):
    _, report = checked("products", table(tmp_path, "sku,prize\na,5\n"), BERLIN)
    assert report.ignored == ("prize",)


# --- fields ------------------------------------------------------------------------------------


def test_formulas_are_no_text_but_spreadsheets_text_marks_are(tmp_path):
    text = 'sku,title\n"=""00123""",plain\n\'0456,x\n=cmd|A1,y\n@SUM(1),z\n'
    found, report = checked("products", table(tmp_path, text), BERLIN)
    assert [row.key for row in found] == ["00123", "0456"]
    assert [(one.line, one.field) for one in report.problems] == [(4, "sku"), (5, "sku")]


@pytest.mark.parametrize(
    ("text", "cents"),
    [("19.90", 1990), ("19,90", 1990), ("1.234,50", 123450), ("1,234.50", 123450), ("5", 500)],
)
def test_prices_are_read_as_they_are_written(tmp_path, text, cents):
    assert rows(tmp_path, "products", f"sku;price\na;{text}\n")[0].values["price"] == cents


@pytest.mark.parametrize(
    "text", ["1,234", "1.234", "abc", "-5", "1.2.3", "12,345", "1e3", "19.999"]
)
def test_a_price_that_can_be_read_in_two_ways_or_none_is_refused(tmp_path, text):
    assert problems(tmp_path, "products", f"sku;price\na;{text}\n") == [(2, "price")]


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "٣", "9" * 12])
def test_counts_are_whole_numbers_from_zero(tmp_path, text):
    line = f"sku,location,on_hand\na,BER,{text}\n"
    assert problems(tmp_path, "stock", line) == [(2, "on_hand")]


def test_every_problem_of_a_row_is_told_at_once(tmp_path):
    text = "sku;title;price;weight\n;x;abc;-1\n"
    assert problems(tmp_path, "products", text) == [(2, "sku"), (2, "price"), (2, "weight")]


def test_the_same_row_twice_is_told_with_the_first_line(tmp_path):
    text = "sku,location,on_hand\na,BER,1\na,HAM,1\nA,ber,2\n"
    _, report = checked("stock", table(tmp_path, text), BERLIN)
    assert [(one.line, one.says) for one in report.problems] == [(4, "stands in line 2 already")]


def test_a_moment_without_zone_is_meant_where_the_shop_is(tmp_path):
    text = "number,placed_at,sku,quantity,unit_price\n1,2026-11-20 10:00,a,1,0\n"
    text += "2,2026-11-20T10:00Z,a,1,0\n"
    placed = [row.values["placed_at"] for row in rows(tmp_path, "orders", text)]
    assert [at.astimezone(UTC) for at in placed] == [
        datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    ]


# --- into the house ------------------------------------------------------------------------------


@pytest.fixture
def house(database):
    shop = make_shop(database)
    made = House(shop.engine, Settings(sandbox=True), shop.clock)
    yield Local(made, None, SHOP)
    made.close()


def brought(house, tmp_path, kind, text, **more):
    file = tmp_path / f"{kind}.csv"
    file.write_text(text, encoding="utf-8")
    shares: list[float] = []
    report = bring(house, kind, file, shares.append, **more)
    assert shares == sorted(shares)
    return report


def counts(report):
    return (report.made, report.changed, report.same, len(report.problems))


def shown(house, table):
    return house.read(lambda session: session.select(table.select()))


ORDERS = """number,placed_at,sku,quantity,unit_price,paid,email,customer,city,country
5001,2026-11-20 10:00,mug-red,2,19.90,59.70,a@x.org,Anna,Berlin,de
5001,2026-11-20 10:00,mug-blue,1,19.90,,,,,
5002,2026-11-21 10:00,mug-red,1,19.90,0,b@x.org,Bert,Wien,AT
"""


def test_orders_are_brought_in_with_all_their_lines_once_and_send_nothing(house, tmp_path):
    dry = brought(house, tmp_path, "orders", ORDERS, dry_run=True)
    assert (counts(dry), shown(house, t.orders)) == ((2, 0, 0, 0), [])
    assert counts(brought(house, tmp_path, "orders", ORDERS)) == (2, 0, 0, 0)
    assert counts(brought(house, tmp_path, "orders", ORDERS)) == (0, 0, 2, 0)
    found = {row.number: row for row in shown(house, t.orders)}
    assert (found["5001"].total, found["5001"].payment_status) == (5970, "paid")
    assert [row.sends_messages for row in found.values()] == [0, 0]
    assert len(shown(house, t.order_line)) == 3


def test_a_changed_order_file_changes_the_order(house, tmp_path):
    brought(house, tmp_path, "orders", ORDERS)
    later = ORDERS.replace("5002,2026-11-21 10:00,mug-red,1", "5002,2026-11-21 11:00,mug-red,2")
    assert counts(brought(house, tmp_path, "orders", later)) == (0, 1, 1, 0)


def test_half_an_order_is_none(house, tmp_path):
    broken = ORDERS.replace("mug-blue,1", "mug-blue,none")
    report = brought(house, tmp_path, "orders", broken)
    assert counts(report) == (1, 0, 0, 2)
    assert [row.number for row in shown(house, t.orders)] == ["5002"]


def test_an_order_that_came_from_elsewhere_is_not_brought_in_twice(house, tmp_path):
    text = ORDERS + "5001,2026-11-20 10:00,mug-red,1,9.90,,,,,\n"
    report = brought(house, tmp_path, "orders", text)
    assert [one.says for one in report.problems] == ["the lines of 5001 do not stand together"]


def test_an_order_known_from_the_shop_is_left_to_the_shop(database, tmp_path):
    shop = make_shop(database)
    shop.place("5001", ("mug-red", 1))
    made = House(shop.engine, Settings(sandbox=True), shop.clock)
    report = brought(Local(made, None, SHOP), tmp_path, "orders", ORDERS)
    assert counts(report) == (1, 0, 0, 1)
    assert "another source" in report.problems[0].says
    made.close()


def test_orders_without_their_prices_are_refused_and_the_strange_column_is_named(house, tmp_path):
    with pytest.raises(Invalid, match="unit_price is missing, and price cannot be understood"):
        brought(house, tmp_path, "orders", ORDERS.replace("unit_price", "price"))
    report = brought(house, tmp_path, "orders", ORDERS.replace("19.90,,,,,", ",,,,,"))
    assert (report.problems[0].line, report.problems[0].field) == (3, "unit_price")
    assert [row.number for row in shown(house, t.orders)] == ["5002"]


def test_an_order_of_which_nothing_is_said_to_be_paid_is_not(house, tmp_path):
    brought(house, tmp_path, "orders", ORDERS.replace("59.70", ""))
    assert {row.payment_status for row in shown(house, t.orders)} == {"unpaid"}


def test_orders_are_known_under_a_connection_of_their_own(house, tmp_path):
    brought(house, tmp_path, "orders", ORDERS)
    brought(house, tmp_path, "orders", ORDERS)
    names = [row.name for row in shown(house, t.connection)]
    assert names.count(ORDER_SOURCE) == 1


def test_a_large_table_goes_in_by_chunks_and_twice_changes_nothing(house, tmp_path):
    text = "sku;title;price\n" + "".join(f"sku-{n};Nr. {n};{n},50\n" for n in range(1200))
    assert counts(brought(house, tmp_path, "products", text)) == (1200, 0, 0, 0)
    assert counts(brought(house, tmp_path, "products", text)) == (0, 0, 1200, 0)


def test_what_the_house_refuses_is_told_by_line(house, tmp_path):
    text = "sku,location,on_hand\nmug-red,BER,3\nghost,BER,3\nmug-blue,MARS,3\n"
    report = brought(house, tmp_path, "stock", text)
    assert (report.changed, [one.line for one in report.problems]) == (1, [3, 4])


def test_an_unknown_kind_names_the_known_ones(house, tmp_path):
    with pytest.raises(Invalid, match="no import of cats"):
        brought(house, tmp_path, "cats", "a\n1\n")


def test_lanes_come_from_a_file_and_twice_changes_nothing(house, tmp_path):
    text = (
        "Origin;Country;Zip Prefix;Method;Days;Cost\n"
        "BER;DE;;standard;1;3,90\n"
        ";DE;25849;;4;\n"
        ";*;;express;3;14,90\n"
    )
    assert (brought(house, tmp_path, "lanes", text).made, len(lanes_of(house))) == (3, 3)
    again = brought(house, tmp_path, "lanes", text)
    assert (again.made, again.changed, again.same) == (0, 0, 3)
    assert lanes_of(house) == {
        ("", "", "", "express", 3, 1490),
        ("", "DE", "25849", "standard", 4, None),
        ("BER", "DE", "", "standard", 1, 390),
    }


def test_a_lane_is_named_by_its_ends_and_its_method(tmp_path):
    twice = "country,days\nDE,1\nDE,2\nAT,x\n"
    assert problems(tmp_path, "lanes", twice) == [(3, "origin"), (4, "days")]


def lanes_of(house):
    rows = house.read(lambda session: session.select(t.lane.select()))
    return {(r.origin, r.country, r.zip_prefix, r.method, r.days, r.cost) for r in rows}

"""Values of imported rows: read as what they are, or refused with the column's name."""

from __future__ import annotations

from typing import Any

import pytest

from core.commands.imports import LOCATION, PRODUCT, STOCK
from core.commands.lanes import LANE
from core.domain import cells
from core.domain.refusals import Invalid


@pytest.mark.parametrize(
    ("read", "value", "is_"),
    [
        (cells.whole, 0, 0),
        (cells.whole, 12, 12),
        (cells.text, "", ""),
        (cells.number, 52, 52.0),
        (cells.number, -0.5, -0.5),
        (cells.yes, True, True),
        (cells.yes, 0, False),
        (cells.words, ["cold"], ("cold",)),
        (cells.words, (), ()),
    ],
)
def test_a_value_of_its_kind_is_read(read: cells.Read, value: Any, is_: Any) -> None:
    assert read({"it": value}, "it") == is_


@pytest.mark.parametrize(
    ("read", "value", "kind"),
    [
        (cells.whole, -1, "whole number"),
        (cells.whole, 1.5, "whole number"),
        (cells.whole, "7", "whole number"),
        (cells.whole, True, "whole number"),
        (cells.whole, 10**12, "whole number"),
        (cells.text, 7, "text"),
        (cells.number, "52", "number"),
        (cells.number, True, "number"),
        (cells.yes, 2, "yes or no"),
        (cells.yes, "yes", "yes or no"),
        (cells.words, "cold", "list of words"),
        (cells.words, [1], "list of words"),
    ],
)
def test_any_other_is_refused_by_the_columns_name(read: cells.Read, value: Any, kind: str) -> None:
    with pytest.raises(Invalid, match=rf"^it is no {kind}: “{value}”".replace("[", r"\[")):
        read({"it": value}, "it")


@pytest.mark.parametrize("row", [{}, {"days": None}])
@pytest.mark.parametrize("read", [cells.whole, cells.text, cells.number, cells.yes, cells.words])
def test_what_is_not_there_is_said_to_lack(read: cells.Read, row: cells.Row) -> None:
    with pytest.raises(Invalid, match=r"^This row lacks days\.$"):
        read(row, "days")


@pytest.mark.parametrize("columns", [LOCATION, PRODUCT, STOCK, LANE])
def test_a_column_that_there_is_not_is_refused_and_the_known_are_named(
    columns: dict[str, cells.Read],
) -> None:
    with pytest.raises(Invalid, match="There is no column colour") as refused:
        cells.known({"colour": "red"}, columns)
    assert all(name in refused.value.next for name in columns)
    assert cells.known(dict.fromkeys(columns), columns) == {}

"""Columns, checks and tables as every room writes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def key() -> sa.Column[int]:
    return sa.Column("id", Whole, primary_key=True, autoincrement=False)


def of_shop() -> sa.Column[int]:
    return sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), nullable=False)


def ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Whole, sa.ForeignKey(target), nullable=nullable)


def text(name: str, default: str | None = "") -> sa.Column[str]:
    """A text column: required with a default, or nullable when the default is None."""
    if default is None:
        return sa.Column(name, sa.Text, nullable=True)
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def whole(name: str, default: int | None = 0) -> sa.Column[int]:
    if default is None:
        return sa.Column(name, Whole, nullable=True)
    return sa.Column(name, Whole, nullable=False, server_default=str(default))


def at(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Whole, nullable=nullable)


def json(name: str, default: str = "{}") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def table(name: str, *parts: Any) -> sa.Table:
    return sa.Table(name, metadata, *parts)


def check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=name)


def partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index of the rows that satisfy `where` only, on either database.

    Saying so to SQLAlchemy here would load both databases' dialects with every start.
    """
    return sa.Index(name, *columns, unique=unique, info={"where": where})


@sa.event.listens_for(metadata, "before_create")
def _say_where(_all: sa.MetaData, connection: sa.Connection, **_how: Any) -> None:
    for index in [index for table in metadata.tables.values() for index in table.indexes]:
        if "where" in index.info:
            told = index.dialect_options[connection.dialect.name]
            told["where"] = sa.text(index.info["where"])


def versions(name: str) -> sa.Table:
    """Documents of which every version is kept as it was written (core/db/versions.py)."""
    return table(
        name,
        key(),
        of_shop(),
        whole("number"),
        text("document"),
        whole("based_on", None),
        text("reason"),
        text("actor"),
        at("at"),
        check("number", "number > 0"),
        sa.UniqueConstraint("shop_id", "number"),
    )


def activations(name: str) -> sa.Table:
    """Which version was put in force, line after line; 0: none."""
    return table(
        name,
        key(),
        of_shop(),
        whole("number"),
        text("reason"),
        text("actor"),
        at("at"),
        check("number", "number >= 0"),
        sa.Index(None, "shop_id", "id"),
    )

"""Who and what is connected: staff, API keys, connections, and what waits in the machine room."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from core.commands.setup import given, require_name
from core.db import machinery, roster, setup
from core.db import tables as t
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain.access import STAFF_ROLES, Right, Role
from core.domain.partners import KIND as PARTNER
from core.domain.partners import partner_at
from core.domain.policy import require_kind
from core.domain.refusals import Conflict, Invalid, NotFound
from core.domain.values import dataclass
from core.domain.web_address import host_of
from core.registry import Arg, Done, Risk, command

CONNECTION_KINDS = (
    "shopify",
    "slack",
    "telegram",
    "carrier",
    "stripe",
    "smtp",
    "api",
    "files",
    "partner",
    "easypost",
)
# What a shop's own system may tell its customers too; codes and alerts are always ours.
SHARED_KINDS = (
    "order_confirmation",
    "shipped",
    "delivered",
    "delayed",
    "ready_for_pickup",
    "return_status",
    "claim_status",
    "refund_status",
)
KEY_ROLES = (*STAFF_ROLES, Role.MACHINE)


@dataclass(frozen=True, slots=True)
class AddStaff:
    """Let a person work here; the Slack user or the e-mail is how they are recognized."""

    name: str
    role: Role
    email: str = ""
    slack_user: str = ""
    locations: tuple[str, ...] = ()


@command("add staff", AddStaff, Right.MANAGE, in_chat=False)
def add_staff(ask: AddStaff, uow: UnitOfWork) -> Done:
    values = _staff_values(uow, given(ask, "role", "email", "slack_user", "locations"))
    if roster.staff_named(uow.session, uow.shop.id, ask.name.strip()) is not None:
        raise Conflict(f"There is a {ask.name} already.", "Use `wismo staff set`.")
    uow.people.put(t.staff, {"name": require_name(ask.name)}, {**values, "active": 1})
    return Done(f"{ask.name.strip()} is {ask.role.value} now.", {"staff": ask.name.strip()})


@dataclass(frozen=True, slots=True)
class ChangeStaff:
    """Change a person's role, addresses or locations; what is left out stays."""

    name: str
    role: Role | None = None
    email: str | None = None
    slack_user: str | None = None
    locations: tuple[str, ...] | None = None


@command("change staff", ChangeStaff, Right.MANAGE, in_chat=False)
def change_staff(ask: ChangeStaff, uow: UnitOfWork) -> Done:
    found = _person(uow, ask.name)
    values = _staff_values(uow, given(ask, "role", "email", "slack_user", "locations"))
    if not values:
        raise Invalid("Nothing to change was named.")
    if found["role"] == Role.OWNER and values.get("role", Role.OWNER) != Role.OWNER:
        _require_another_owner(uow, found["id"])
    uow.people.put(t.staff, {"id": found["id"]}, values)
    return Done(f"{found['name']}: {', '.join(values)} changed.", {"staff": found["name"]})


@dataclass(frozen=True, slots=True)
class RemoveStaff:
    """Take a person's access away at once; what they did stays in the books."""

    name: str


@command("remove staff", RemoveStaff, Right.MANAGE, in_chat=False)
def remove_staff(ask: RemoveStaff, uow: UnitOfWork) -> Done:
    found = _person(uow, ask.name)
    if found["role"] == Role.OWNER:
        _require_another_owner(uow, found["id"])
    uow.people.put(t.staff, {"id": found["id"]}, {"active": 0, "slack_user": None, "email": None})
    return Done(f"{found['name']} has no access any more.", {"staff": found["name"]})


def _person(uow: UnitOfWork, name: str) -> dict[str, Any]:
    found = roster.staff_named(uow.session, uow.shop.id, name.strip())
    if found is None:
        raise NotFound(f"Nobody here is called {name}.", "See `wismo staff list`.")
    return found


def _require_another_owner(uow: UnitOfWork, staff_id: int) -> None:
    if all(owner == staff_id for owner in roster.owners(uow.session, uow.shop.id)):
        raise Conflict("A shop needs an owner.", "Make somebody else owner first.")


def _staff_values(uow: UnitOfWork, told: dict[str, Any]) -> dict[str, Any]:
    values = dict(told)
    if "role" in values and values["role"] not in STAFF_ROLES:
        raise Invalid(f"{values['role'].value} is no role for staff.", _choose(STAFF_ROLES))
    if values.get("email") and not re.fullmatch(r"[^\s@]+@[^\s@]+", values["email"]):
        raise Invalid(f"“{values['email']}” is no e-mail address.")
    if "email" in values:
        values["email"] = values["email"].strip().casefold() or None
    if "slack_user" in values:
        values["slack_user"] = values["slack_user"].strip().strip("<@>") or None
    if "locations" in values:
        values["locations"] = [uow.shop.location(word).code for word in values["locations"]]
    if "role" in values:
        values["role"] = values["role"].value
    return values


# --- API keys ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddKey:
    """Let a program in under a role. Only the hash comes here; the key was shown once."""

    name: str
    role: Role
    prefix: str
    hash: str

    def audited(self) -> dict[str, str]:
        return {"name": self.name, "role": self.role.value, "prefix": self.prefix}


@command("add key", AddKey, Right.MANAGE, in_chat=False)
def add_key(ask: AddKey, uow: UnitOfWork) -> Done:
    if ask.role not in KEY_ROLES:
        raise Invalid(f"{ask.role.value} is no role for a key.", _choose(KEY_ROLES))
    if len(ask.prefix) < 6 or len(ask.hash) < 32:
        raise Invalid("A key needs a prefix and a hash.", "Make it with `wismo keys add`.")
    if any(key["name"] == ask.name.strip() for key in roster.keys(uow.session, uow.shop.id)):
        raise Conflict(f"There is a key called {ask.name} already.", "Choose another name.")
    if setup.key_by_prefix(uow.session, ask.prefix) is not None:
        raise Conflict("A key begins like this already.", "Make it again with `wismo keys add`.")
    values = {"name": require_name(ask.name), "role": ask.role.value, "hash": ask.hash}
    uow.people.put(t.api_key, {"prefix": ask.prefix}, values)
    return Done(f"Key {ask.name.strip()} may act as {ask.role.value}.", {"key": ask.prefix})


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Lock a key out at once, by its name or its first characters."""

    key: str


@command("revoke key", RevokeKey, Right.MANAGE, risk=Risk.IRREVERSIBLE, in_chat=False)
def revoke_key(ask: RevokeKey, uow: UnitOfWork) -> Done:
    known = roster.keys(uow.session, uow.shop.id)
    found = next((key for key in known if ask.key in (key["name"], key["prefix"])), None)
    if found is None:
        raise NotFound(f"There is no key {ask.key}.", "See `wismo keys list`.")
    uow.people.put(t.api_key, {"id": found["id"]}, {"revoked_at": micros(uow.now)})
    return Done(f"Key {found['name']} is revoked.", {"key": found["prefix"]})


# --- connections ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddConnection:
    """Connect an outside account; `secrets` come encrypted.

    `ours` names the messages about its orders that we send: the others are the channel's own.
    Left out, all are ours.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    secrets: str = ""
    ours: tuple[str, ...] | None = None

    def audited(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "config": self.config, "ours": self.ours}


@command("add connection", AddConnection, Right.MANAGE, in_chat=False)
def add_connection(ask: AddConnection, uow: UnitOfWork) -> Done:
    if ask.kind not in CONNECTION_KINDS:
        raise Invalid(f"There is no kind {ask.kind}.", f"Choose {', '.join(CONNECTION_KINDS)}.")
    name = require_name(ask.name)
    if any(known.name == name for known in uow.shop.connections.values()):
        raise Conflict(f"There is a connection {name} already.", "Use `wismo connection set`.")
    _require_partner(uow, ask.kind, name, ask.config)
    values = {"kind": ask.kind, "config": _config(ask.config, ask.ours), "secrets": ask.secrets}
    uow.people.put(t.connection, {"name": name}, values)
    made = roster.connection_id(uow.session, uow.shop.id, name)
    return Done(f"{name} is connected ({ask.kind}).", {"connection": made, "name": name})


@dataclass(frozen=True, slots=True)
class ChangeConnection:
    """Change a connection; config is merged, a null takes a setting away."""

    name: str
    config: Mapping[str, Any] | None = None
    secrets: str | None = None
    ours: tuple[str, ...] | None = None
    active: bool | None = None

    def audited(self) -> dict[str, Any]:
        secrets = "changed" if self.secrets is not None else "same"
        told = given(self, "name", "config", "ours", "active")
        return {**told, "secrets": secrets}


@command("change connection", ChangeConnection, Right.MANAGE, in_chat=False)
def change_connection(ask: ChangeConnection, uow: UnitOfWork) -> Done:
    known = next((c for c in uow.shop.connections.values() if c.name == ask.name), None)
    if known is None:
        names = ", ".join(c.name for c in uow.shop.connections.values()) or "none yet"
        raise NotFound(f"There is no connection {ask.name}.", f"Connections: {names}.")
    config = {**known.config, **(ask.config or {})}
    config = {name: value for name, value in config.items() if value is not None}
    _require_partner(uow, known.kind, known.name, config)
    active = known.active if ask.active is None else ask.active
    secrets = known.secrets if ask.secrets is None else ask.secrets
    values = {"config": _config(config, ask.ours), "secrets": secrets, "active": int(active)}
    outcome = uow.people.put(t.connection, {"name": ask.name}, values)
    return Done(f"Connection {ask.name}: {outcome}.", {"connection": known.id})


def _require_partner(uow: UnitOfWork, kind: str, name: str, config: Mapping[str, Any]) -> None:
    """A partner works at one location of its own, and is called at a public address."""
    if kind != PARTNER:
        return
    host_of(str(config.get("url") or ""))
    code = str(config.get("location") or "")
    place = next((p for p in uow.shop.locations.values() if p.code == code), None)
    if place is None:
        known = ", ".join(sorted(p.code for p in uow.shop.locations.values())) or "none yet"
        raise Invalid("At which location does this partner work?", f"Locations: {known}.")
    other = partner_at(uow.shop, place.id)
    if other is not None and other.name != name:
        raise Conflict(f"{other.name} works at {code} already.", "Each partner has its own.")


def _config(config: Mapping[str, Any], ours: tuple[str, ...] | None) -> dict[str, Any]:
    if ours is None:
        return dict(config)
    named = [require_kind(kind) for kind in ours]
    told = {kind: kind in named for kind in SHARED_KINDS}
    return {**config, "ours": {**told, "canceled": False}}  # we have no such message


def _choose(roles: tuple[Role, ...]) -> str:
    return f"Choose {', '.join(role.value for role in roles)}."


# --- the machine room ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RetryEffect:
    """Put a dead, suppressed or held call or message back in the queue, on your word."""

    effect: Annotated[int, Arg.NONE]


@command("retry effect", RetryEffect, Right.MANAGE, risk=Risk.IRREVERSIBLE, in_chat=False)
def retry_effect(ask: RetryEffect, uow: UnitOfWork) -> Done:
    if not uow.outbox.again(ask.effect):
        raise NotFound(
            f"Effect {ask.effect} is not here, or it is done or under way.",
            "See `wismo outbox list`.",
        )
    return Done(f"Effect {ask.effect} is tried again.", {"effect": ask.effect})


@dataclass(frozen=True, slots=True)
class ReplayDelivery:
    """Read a kept delivery again that was refused or given up."""

    delivery: Annotated[int, Arg.NONE]


@command("replay delivery", ReplayDelivery, Right.MANAGE, in_chat=False)
def replay_delivery(ask: ReplayDelivery, uow: UnitOfWork) -> Done:
    if not machinery.replay(uow.session, uow.shop.id, ask.delivery, uow.now):
        raise NotFound(
            f"Delivery {ask.delivery} is not here, or it was done already.",
            "See `wismo inbox list`.",
        )
    return Done(f"Delivery {ask.delivery} is read again.", {"delivery": ask.delivery})

"""A stand-in for 17TRACK with a parcel carrier behind it: scans in, signed pushes out.

Chosen from what is publicly known of its v2.2 API, never tried against the real one: a push is
`{"event": "TRACKING_UPDATED", "data": {number, carrier, param, tag, track_info}}`, its header
`sign` is the hex SHA-256 of the raw body, a slash and the account key. The pull is
`POST /track/v2.2/gettrackinfo` with the key in the header `17token`, at most 40 numbers.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any, Literal, get_args

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.shop.wire import (
    Clock,
    ControlError,
    Fault,
    Faults,
    Transcript,
    answer,
    control_routes,
)
from core.integrations.calling import new_http

SUB_STATUSES: dict[str, tuple[str, ...]] = {
    "NotFound": ("Other", "InvalidCode"),
    "InfoReceived": (),
    "InTransit": (
        "PickedUp", "Other", "Departure", "Arrival", "CustomsProcessing", "CustomsReleased",
        "CustomsRequiringInformation",
    ),
    "Expired": ("Other",),
    "AvailableForPickup": ("Other",),
    "OutForDelivery": ("Other",),
    "DeliveryFailure": ("Other", "NoBody", "Security", "Rejected", "InvalidAddress"),
    "Delivered": ("Other",),
    "Exception": (
        "Other", "Returning", "Returned", "NoBody", "Security", "Damage", "Rejected", "Delayed",
        "Lost", "Destroyed", "Cancel",
    ),
}  # fmt: skip
MILESTONES = (
    "InfoReceived", "PickedUp", "Departure", "Arrival", "AvailableForPickup", "OutForDelivery",
    "Delivered", "Returning", "Returned",
)  # fmt: skip
WORDS = {
    "InfoReceived": "Shipment data received",
    "InTransit": "On its way",
    "AvailableForPickup": "Ready for pickup",
    "OutForDelivery": "Out for delivery",
    "DeliveryFailure": "Delivery attempt failed",
    "Delivered": "Delivered",
    "Exception": "Held up",
}
PAGE = 40
STRIKE_REACH = 5

ScanPolicy = Literal["once", "repeated", "out_of_order", "dropped", "tampered"]


@dataclass(frozen=True, slots=True)
class Scan:
    status: str
    sub_status: str
    place: str
    at: datetime
    description: str

    @property
    def stage(self) -> str | None:
        """The milestone that this scan reaches, if any."""
        last = self.sub_status.rpartition("_")[2]
        return next((one for one in (last, self.status) if one in MILESTONES), None)


@dataclass(slots=True)
class Parcel:
    number: str
    carrier: int
    country: str
    scans: list[Scan] = field(default_factory=list)
    registered: bool = False

    @property
    def latest(self) -> Scan | None:
        return max(self.scans, key=lambda one: one.at, default=None)


@dataclass(slots=True)
class Push:
    body: bytes
    sign: str
    state: Literal["due", "delivered", "failed"] = "due"
    attempts: int = 0


class Carrier:
    """Parcels, a strike or none, and the pushes that nobody has taken yet."""

    def __init__(
        self, clock: Clock, *, key: str = "carrier-key", number: int = 7041, tries: int = 4
    ) -> None:
        self.clock, self.key, self.carrier, self.tries = clock, key, number, tries
        self.transcript, self.faults = Transcript(clock), Faults()
        self.parcels: dict[str, Parcel] = {}
        self.pushes: list[Push] = []
        self.on_strike = False
        self.uri = ""
        self._held: list[tuple[Parcel, Scan]] = []
        self._late: list[Push] = []
        self._busy = asyncio.Lock()

    def connect(self, base: str, connection: str) -> str:
        """Push to `{base}/hooks/carriers/{connection}` from now on."""
        self.uri = f"{base.rstrip('/')}/hooks/carriers/{connection}"
        return self.uri

    def parcel(self, tracking_number: str, country: str = "DE") -> Parcel:
        number = tracking_number.strip().upper()
        if not number:
            raise ControlError("A parcel needs a tracking number.")
        return self.parcels.setdefault(number, Parcel(number, self.carrier, country))

    def scan(
        self,
        tracking_number: str,
        status: str = "InTransit",
        place: str = "",
        at: datetime | str | None = None,
        description: str = "",
        delivery: ScanPolicy = "once",
    ) -> Scan:
        """A parcel is seen. `status` is "InTransit" or, with its reason, "Exception_Delayed".

        out_of_order keeps the push back until the next one has gone. On strike nothing moves:
        the scan waits, and is pushed when the strike ends.
        """
        if delivery not in get_args(ScanPolicy):
            raise ControlError(f"No delivery is called {delivery!r}.")
        main, sub = checked_status(status)
        seen = _moment(at, self.clock)
        words = description or WORDS.get(main, main)
        made = Scan(main, sub, place, seen, words)
        parcel = self.parcel(tracking_number)
        if self.on_strike:
            self._held.append((parcel, made))
        else:
            self._happen(parcel, made, delivery)
        return made

    def strike(self, on: bool = True) -> int:
        """The parcels seen last are reported delayed; the end releases what was held back."""
        if on == self.on_strike:
            return 0
        self.on_strike = on
        return self._begin_strike() if on else self._end_strike()

    def _begin_strike(self) -> int:
        moving = [one for one in self.parcels.values() if one.latest and _is_moving(one.latest)]
        moving.sort(key=lambda one: one.scans[-1].at)
        for parcel in moving[-STRIKE_REACH:]:
            place = parcel.latest.place if parcel.latest else ""
            now = _moment(None, self.clock)
            words = "Delayed: the carrier is on strike"
            self._happen(parcel, Scan("Exception", "Exception_Delayed", place, now, words))
        return len(moving[-STRIKE_REACH:])

    def _end_strike(self) -> int:
        held, self._held = self._held, []
        for parcel, made in held:
            self._happen(parcel, made)
        return len(held)

    def _happen(self, parcel: Parcel, made: Scan, delivery: ScanPolicy = "once") -> None:
        parcel.scans.append(made)
        push = self._push(parcel, tampered=delivery == "tampered")
        if delivery == "out_of_order":
            self._late.append(push)
        elif delivery != "dropped":
            copies = [push, Push(push.body, push.sign)] if delivery == "repeated" else [push]
            self.pushes += [*copies, *self._late]
            self._late = []

    def _push(self, parcel: Parcel, tampered: bool) -> Push:
        news = {"event": "TRACKING_UPDATED", "data": track_data(parcel)}
        body = json.dumps(news, ensure_ascii=False, separators=(",", ":")).encode()
        return Push(body, sign(body, "another key" if tampered else self.key))

    async def deliver(self, everything: bool = False) -> list[Push]:
        """Send every push that waits; `everything` also the ones kept back to arrive late."""
        if everything:
            self.pushes, self._late = self.pushes + self._late, []
        async with self._busy:
            due = [one for one in self.pushes if one.state == "due"]
            if due and not self.uri:
                raise ControlError("Nobody listens yet: connect the carrier first.")
            if due:
                await self._send(due)
        return due

    async def _send(self, due: list[Push]) -> None:
        async with new_http(5) as client:
            for one in due:
                await self._attempt(client, one)

    async def _attempt(self, client: httpx2.AsyncClient, one: Push) -> None:
        one.attempts += 1
        headers = {"Content-Type": "application/json", "sign": one.sign}
        try:
            status = (await client.post(self.uri, content=one.body, headers=headers)).status_code
        except httpx2.HTTPError:
            status = 0
        self.transcript.record("out", "push", one.body, status or None)
        if 200 <= status < 300:
            one.state = "delivered"
        elif one.attempts >= self.tries:
            one.state = "failed"


def sign(body: bytes, key: str) -> str:
    return hashlib.sha256(body + b"/" + key.encode()).hexdigest()


def checked_status(text: str) -> tuple[str, str]:
    """ "Exception_Delayed" → ("Exception", "Exception_Delayed"); alone it means Other."""
    main, _, sub = text.partition("_")
    if main not in SUB_STATUSES:
        raise ControlError(f"No status is called {main!r}; choose one of {list(SUB_STATUSES)}.")
    known = SUB_STATUSES[main]
    if sub and sub not in known:
        raise ControlError(f"{main} has no reason {sub!r}; choose one of {list(known)}.")
    sub = sub or ("Other" if known else "")
    return main, f"{main}_{sub}" if sub else main


def _is_moving(scan: Scan) -> bool:
    return scan.status in ("InTransit", "OutForDelivery", "AvailableForPickup", "DeliveryFailure")


def _moment(at: datetime | str | None, clock: Clock) -> datetime:
    try:
        found = datetime.fromisoformat(at) if isinstance(at, str) else at or clock()
    except ValueError as error:
        raise ControlError(f"{at!r} is not a time; write it like 2026-11-21T14:05Z.") from error
    if found.tzinfo is None:
        raise ControlError(f"{at} needs a time zone.")
    return found.astimezone(UTC).replace(microsecond=0)


def track_data(parcel: Parcel) -> dict[str, Any]:
    """One parcel as pushes and the pull show it; the newest event stands first."""
    events = sorted(parcel.scans, key=lambda one: one.at, reverse=True)
    shown = [_event(one, parcel.country) for one in events]
    latest = events[0] if events else None
    return {
        "number": parcel.number,
        "carrier": parcel.carrier,
        "param": None,
        "tag": "",
        "track_info": {
            "shipping_info": {
                "shipper_address": _address("DE"),
                "recipient_address": _address(parcel.country),
            },
            "latest_status": {
                "status": latest.status if latest else "NotFound",
                "sub_status": latest.sub_status if latest else "NotFound_Other",
                "sub_status_descr": None,
            },
            "latest_event": shown[0] if shown else None,
            "time_metrics": {"days_of_transit": 0, "estimated_delivery_date": None},
            "milestone": [_milestone(stage, parcel.scans) for stage in MILESTONES],
            "misc_info": {"service_type": None, "weight_kg": None, "pieces": None},
            "tracking": {"providers": [_provider(parcel, shown)]},
        },
    }


def _provider(parcel: Parcel, events: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "provider": {"key": parcel.carrier, "name": "DHL Paket", "alias": "DHL", "country": "DE"},
        "service_type": None,
        "latest_sync_status": "Success",
        "events": events,
    }


def _event(scan: Scan, country: str) -> dict[str, Any]:
    return {
        **_times(scan.at),
        "description": scan.description,
        "location": scan.place,
        "stage": scan.stage,
        "sub_status": scan.sub_status,
        "address": _address(country, scan.place),
    }


def _milestone(stage: str, scans: list[Scan]) -> dict[str, Any]:
    reached = [one.at for one in scans if one.stage == stage]
    return {"key_stage": stage, **_times(min(reached) if reached else None)}


def _times(at: datetime | None) -> dict[str, Any]:
    if at is None:
        return {"time_iso": None, "time_utc": None, "time_raw": None}
    raw = {"date": at.strftime("%Y-%m-%d"), "time": at.strftime("%H:%M:%S"), "timezone": "+00:00"}
    utc = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"time_iso": at.isoformat(), "time_utc": utc, "time_raw": raw}


def _address(country: str, city: str = "") -> dict[str, Any]:
    return {"country": country, "state": None, "city": city or None, "postal_code": None}


def carrier_app(carrier: Carrier) -> Starlette:
    """17TRACK's `register` and `gettrackinfo`, and the control API."""
    paths = {"register": _register, "gettrackinfo": _track_info}
    routes = [
        Route(f"/track/v2.2/{name}", partial(_endpoint, carrier, name, act), methods=["POST"])
        for name, act in paths.items()
    ]
    control = control_routes(
        _acts(carrier), carrier.faults, carrier.transcript, partial(_state, carrier)
    )
    return Starlette(routes=[*routes, *control])


Pull = Callable[[Carrier, dict[str, Any]], tuple[bool, dict[str, Any]]]


async def _endpoint(carrier: Carrier, name: str, act: Pull, request: Request) -> Response:
    async def serve() -> Response:
        if request.headers.get("17token") != carrier.key:
            return _refused(401, -18010002, "Invalid security key.")
        try:
            asked = json.loads(await request.body())
            numbers = [{**one, "number": one["number"].upper()} for one in asked]
        except (ValueError, TypeError, KeyError, AttributeError):
            return _refused(400, -18010013, "Submitted data is not valid.")
        if not 0 < len(numbers) <= PAGE:
            return _refused(400, -18010012, f"Between 1 and {PAGE} numbers, please.")
        return _sorted([act(carrier, one) for one in numbers])

    def refuse(fault: Fault) -> Response:
        headers = {"Retry-After": str(fault.retry_after)} if fault.kind == "rate" else None
        status = 429 if fault.kind == "rate" else fault.status
        return JSONResponse({"code": status, "data": {}}, status, headers)

    response = await answer(carrier.faults, name, serve, refuse)
    carrier.transcript.record("in", name, await request.body(), response.status_code)
    return response


def _sorted(results: list[tuple[bool, dict[str, Any]]]) -> Response:
    accepted = [one for good, one in results if good]
    rejected = [one for good, one in results if not good]
    return JSONResponse({"code": 0, "data": {"accepted": accepted, "rejected": rejected}})


def _refused(status: int, code: int, message: str) -> Response:
    errors = {"errors": [{"code": code, "message": message}]}
    return JSONResponse({"code": code, "data": errors}, status)


def _register(carrier: Carrier, asked: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    parcel = carrier.parcel(asked["number"])
    if parcel.registered:
        return False, _rejection(parcel.number, -18019901, "has been registered already")
    parcel.registered = True
    return True, {"number": parcel.number, "carrier": parcel.carrier, "origin": 1}


def _track_info(carrier: Carrier, asked: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    parcel = carrier.parcels.get(asked["number"])
    if parcel is None or not (parcel.registered or parcel.scans):
        return False, _rejection(asked["number"], -18019902, "is not registered; register it first")
    return True, track_data(parcel)


def _rejection(number: str, code: int, why: str) -> dict[str, Any]:
    message = f"The tracking number '{number}' {why}."
    return {"number": number, "error": {"code": code, "message": message}}


def _acts(carrier: Carrier) -> dict[str, Callable[..., Any]]:
    @wraps(carrier.scan)
    async def scan(*words: Any, **named: Any) -> Scan:
        made = carrier.scan(*words, **named)
        await carrier.deliver()
        return made

    async def strike(on: bool = True) -> int:
        count = carrier.strike(on)
        await carrier.deliver()
        return count

    async def deliver(everything: bool = False) -> list[str]:
        return [one.state for one in await carrier.deliver(everything)]

    return {"connect": carrier.connect, "scan": scan, "strike": strike, "deliver": deliver}


def _state(carrier: Carrier) -> dict[str, Any]:
    waiting = sum(one.state == "due" for one in carrier.pushes)
    parcels = carrier.parcels
    return {"on_strike": carrier.on_strike, "parcels": parcels, "pushes_waiting": waiting}

"""Whose words these are: the person, their clock, the shop's places and the order under talk."""

from __future__ import annotations

from datetime import datetime

from core.domain.access import Actor
from core.domain.shop import Shop
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str = ""
    city: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word.casefold() for word in (self.code, self.name, self.city) if word)


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to understand and answer a person. `order` is what the thread is about."""

    actor: Actor
    now: datetime
    zone: str = "UTC"
    language: str = "en"
    places: tuple[Place, ...] = ()
    currency: str = "EUR"
    order: str = ""

    @classmethod
    def at(
        cls, shop: Shop, actor: Actor, now: datetime, *, zone: str = "", order: str = ""
    ) -> Desk:
        places = tuple(Place(p.code, p.name, p.city) for p in shop.locations.values() if p.active)
        return cls(
            actor=actor,
            now=now,
            zone=zone or shop.time_zone,
            places=places,
            currency=shop.currency,
            order=order,
        )

    def place(self, word: str) -> Place | None:
        """The one that a code, name or city means; none where two could be meant."""
        meant = self.places_called(word)
        return meant[0] if len(meant) == 1 else None

    def places_called(self, word: str) -> list[Place]:
        """A code is one location's; a name or city may be that of several."""
        wanted, coded = word.strip().casefold(), self.place_coded(word)
        return [coded] if coded else [place for place in self.places if wanted in place.words]

    def place_coded(self, word: str) -> Place | None:
        wanted = word.strip().casefold()
        return next((place for place in self.places if place.code.casefold() == wanted), None)

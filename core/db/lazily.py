"""An attribute that is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Lazily(Generic[T]):
    """As `functools.cached_property`, for what one thread owns: until Python 3.12 that one makes
    all threads wait at one lock, also while a row is waited for."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, holder: Any, owner: type) -> T:
        made = self._make(holder)
        holder.__dict__[self._name] = made
        return made

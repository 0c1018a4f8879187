"""Facts: what happened, in the past tense, with the words needed to tell it again; by room."""

# ruff: noqa: F403 -- a fact is named once, in its room

from core.domain.events.base import Event as Event
from core.domain.events.money import *
from core.domain.events.orders import *
from core.domain.events.parcels import *
from core.domain.events.returns import *
from core.domain.events.work import *

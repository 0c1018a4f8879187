"""The whole story in order; what a step leaves behind, later ones use."""

from __future__ import annotations

from bot.sandbox.story import (
    asking,
    capturing,
    closing,
    complaining,
    deciding,
    enduring,
    paying_back,
    returning,
    working,
)

STORY = (
    *capturing.CHAPTER,
    *working.CHAPTER,
    *asking.CHAPTER,
    *returning.CHAPTER,
    *enduring.CHAPTER,
    *deciding.CHAPTER,
    *paying_back.CHAPTER,
    *complaining.CHAPTER,
    *closing.CHAPTER,
)

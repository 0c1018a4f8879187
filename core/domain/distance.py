"""Distance as the crow flies."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0


def distance_km(
    lat: float | None, lon: float | None, to_lat: float | None, to_lon: float | None
) -> float | None:
    """Kilometers between two places in degrees (haversine); None when either is unknown."""
    if lat is None or lon is None or to_lat is None or to_lon is None:
        return None
    north, east = radians(to_lat - lat), radians(to_lon - lon)
    half = sin(north / 2) ** 2 + cos(radians(lat)) * cos(radians(to_lat)) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))

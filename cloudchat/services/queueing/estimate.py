"""How long somebody will wait: an honest guess, or none."""

from math import ceil

SAMPLES_NEEDED = 20  # below that the configured minutes are better than a mean of a few


def wait_minutes(ahead: int, handling_minutes: float, agents_online: int) -> int | None:
    """Minutes until the turn comes, at least 1; None (unknown) while nobody is there to serve."""
    if agents_online < 1:
        return None
    return max(1, ceil(ahead * handling_minutes / agents_online))


def handling_minutes(configured: int, samples: int, mean_seconds: float | None) -> float:
    """The measured mean once there are enough samples, else what the division is set to."""
    if samples < SAMPLES_NEEDED or mean_seconds is None:
        return configured
    return max(mean_seconds / 60, 1 / 60)

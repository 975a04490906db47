"""How a server is asked: how often, by whom, how long to wait after a failure, when to give up."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

from ...checks import number, shown, whole


@dataclass(frozen=True)
class Manners:
    """Politeness towards a tile server.

    Attributes:
        rate: Requests a second at most, retries and redirects included.
        at_once: Requests under way at a time at most.
        attempts: Of a tile in one run.
        wait: Seconds before the first retry; each further one waits about twice as long.
        longest: Seconds: where the server asks for a longer wait (`Retry-After`), the run ends and says so.
        timeout: Seconds for one request.
        failures: After so many tiles in a row that could not be had the run ends.
        contact: An address of yours for the server's keeper, for the user agent.

    Raises:
        ValueError: For numbers that make no sense.
    """

    rate: float = 2.0
    at_once: int = 2
    attempts: int = 5
    wait: float = 1.0
    longest: float = 300.0
    timeout: float = 30.0
    failures: int = 5
    contact: str = ""

    def __post_init__(self) -> None:
        for name in ("at_once", "attempts", "failures"):
            whole(name, getattr(self, name))
        for name in ("rate", "timeout", "longest", "wait"):
            if number(name, getattr(self, name), 0) == 0 and name in ("rate", "timeout"):
                raise ValueError(f"{name}={shown(getattr(self, name))} must be above 0")
        if not isinstance(self.contact, str) or not self.contact.isprintable() or not self.contact.isascii():
            raise ValueError(f"contact={shown(self.contact)} must be one line of plain text")

    @property
    def agent(self) -> str:
        """The user agent."""
        return f"pppkit/{version('pppkit')} (tile collector{'; ' if self.contact else ''}{self.contact})"

    def pause(self, attempt: int) -> float:
        """Seconds after a failed attempt, the first of which is 0: doubled each time, a little at random."""
        return self.wait * 2**attempt * random.uniform(0.75, 1.25)


class Pace:
    """Lets requests pass one by one, none sooner than allowed.

    Args:
        rate: Requests a second.
    """

    def __init__(self, rate: float):
        self._interval = 1 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Waits for the next request's time."""
        while True:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + self._interval
                return
            await asyncio.sleep(self._next - now)

    def hold(self, seconds: float) -> None:
        """Nobody passes for so long."""
        self._next = max(self._next, time.monotonic() + seconds)


def retry_after(text: str | None) -> float | None:
    """Seconds that a server asks us to wait: a number, or a date; None where nothing can be read.

    Example:
        >>> retry_after("120"), retry_after("soon"), retry_after(None)
        (120.0, None, None)
    """
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())

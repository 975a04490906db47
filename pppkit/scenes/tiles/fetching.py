"""Asking for one tile: what each answer means, when to ask again."""

from __future__ import annotations

import asyncio

import httpx

from .folder import OtherSize, Place, TileError, decoded
from .manners import Manners, Pace, retry_after
from .server import Refused, TileServer

NONE_THERE = {204, 404, 410}
FORBIDDEN = {401, 402, 403, 407, 451}
PASSING = {408, 425, 429}  # and everything from 500
REDIRECTS = 3
LARGEST = 8 * 2**20  # bytes of a tile


class Failed(Exception):
    """A tile could not be had this time."""


class Again(Failed):
    """It may be had if it is asked for once more.

    Args:
        reason: What was wrong.
        wait: Seconds that the server asks us to wait.
    """

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


class Fetcher:
    """Asks a server for tiles, politely.

    Args:
        server: Whom.
        manners: How.
        tile: Side of its tiles in pixels.
        client: With which to ask; it must not follow redirects by itself.
    """

    def __init__(self, server: TileServer, manners: Manners, tile: int, client: httpx.AsyncClient):
        self.server, self.manners, self.tile, self.client = server, manners, tile, client
        self.pace = Pace(manners.rate)
        self.requests = 0
        self._failures = 0

    async def fetch(self, place: Place) -> bytes | None:
        """A tile that has been seen to decode, as the server sent it; None where the server has none.

        Raises:
            Failed: If it cannot be had in this run.
            Refused: If nothing more should be asked in this run.
        """
        try:
            data = await self._patiently(place)
        except Failed as error:
            self._failures += 1
            if self._failures >= self.manners.failures:
                raise Refused(
                    f"{self.server.host}: {self._failures} tiles in a row could not be had, the last because "
                    f"{error}; the same call goes on where it stopped"
                ) from error
            raise
        self._failures = 0
        return data

    async def _patiently(self, place: Place) -> bytes | None:
        for attempt in range(self.manners.attempts):
            try:
                async with asyncio.timeout(self.manners.timeout * (1 + REDIRECTS)):
                    return await self._once(place)
            except Again as error:
                last: Exception = error
                wait = self.manners.pause(attempt) if error.wait is None else error.wait
                if wait > self.manners.longest and error.wait is not None:
                    raise Refused(
                        f"{self.server.host} asks to wait for {wait:.0f} seconds: come back then"
                    ) from error
                if error.wait is not None:
                    self.pace.hold(wait)
            except (httpx.TransportError, TimeoutError) as error:
                last, wait = error, self.manners.pause(attempt)
            if attempt + 1 < self.manners.attempts:
                await asyncio.sleep(wait)
        raise Failed(str(last) or type(last).__name__) from last

    async def _once(self, place: Place) -> bytes | None:
        address = self.server.address(*place)
        for _ in range(1 + REDIRECTS):
            await self.pace.turn()
            self.requests += 1
            async with asyncio.timeout(self.manners.timeout), self.client.stream("GET", address) as answer:
                location = answer.headers.get("location") if 300 <= answer.status_code < 400 else None
                if location is None:
                    return await self._read(answer)
            address = self.server.follow(address, location)
        raise Failed(f"it is redirected more than {REDIRECTS} times")

    async def _read(self, answer: httpx.Response) -> bytes | None:
        code = answer.status_code
        if code in NONE_THERE:
            return None
        if code in FORBIDDEN:
            raise Refused(
                f"{self.server.host} answers {code} {answer.reason_phrase}: look at its terms, and the key"
            )
        if code in PASSING or code >= 500:
            raise Again(f"the server answers {code}", retry_after(answer.headers.get("retry-after")))
        if code != 200:
            raise Failed(f"the server answers {code}")
        data = bytearray()
        async for part in answer.aiter_bytes():
            data += part
            if len(data) > LARGEST:
                raise Failed(f"it has more than {LARGEST} bytes")
        try:
            decoded(bytes(data), self.tile)
        except OtherSize as error:
            raise Refused(
                f"{self.server.host}: a tile is not as expected, {error}; give tile= as it is"
            ) from error
        except TileError as error:
            raise Again(str(error)) from error
        return bytes(data)

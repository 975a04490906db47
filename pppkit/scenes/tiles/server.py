"""The server: an address template with its attribution and terms, and what may never be asked of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ...checks import shown

FIELD = re.compile(r"\{([^{}]*)\}")
FIELDS = ("z", "x", "y", "-y", "key")
PORTS = {"http": 80, "https": 443}


class Refused(RuntimeError):
    """The server does not want to be asked, or would send us elsewhere: nothing more is asked of it."""


@dataclass(frozen=True)
class TileServer:
    """A server of XYZ tiles, one that its user may collect from.

    Attributes:
        template: Address of a tile, `https://HOST/{z}/{x}/{y}.jpg`; `{-y}` counts rows from the south,
            `{key}` stands for the user's key, which no file and no message of ours has.
        attribution: Whom a picture must name, as the server's terms ask for.
        terms: Under which the pictures may be collected and used: the text of a licence, or its address.
        key: What `{key}` stands for.

    Raises:
        ValueError: For a template that is no address of tiles, or missing attribution or terms.
    """

    template: str
    attribution: str
    terms: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("attribution", "terms"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"{name}={shown(value)} must be what the tile server asks for; ask it first")
        _check_template(self.template)
        if ("{key}" in self.template) != bool(self.key):
            raise ValueError("key must be given where the template has {key}, and only there")
        if self.key and not re.fullmatch(r"[\w.~-]+", self.key):
            raise ValueError("key must have letters, digits, '.', '_', '~' and '-' only")

    @property
    def host(self) -> str:
        """The host's name, with its port where that is not the usual one."""
        return urlsplit(self.template).netloc

    def address(self, zoom: int, x: int, y: int) -> str:
        """Where a tile is."""
        values = {"z": zoom, "x": x, "y": y, "-y": 2**zoom - 1 - y, "key": self.key}
        return FIELD.sub(lambda found: str(values[found[1]]), self.template)

    def follow(self, address: str, location: str) -> str:
        """Where a redirect leads, if it stays on the host.

        Raises:
            Refused: If it leaves the host, the port, or https.
        """
        target = urljoin(address, location)
        if _origin(target) not in (_origin(self.template), self._upgraded()):
            elsewhere = urlsplit(target)
            raise Refused(
                f"{self.host} sends us to {elsewhere.scheme}://{elsewhere.hostname}: not followed. If you "
                "trust it, and its terms are the same, give its address as the template"
            )
        return target

    def _upgraded(self) -> tuple[str, str | None, int | None]:
        scheme, host, port = _origin(self.template)
        return ("https", host, 443) if (scheme, port) == ("http", 80) else (scheme, host, port)


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    if parts.username or parts.password:
        return "", None, None
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _check_template(template: str) -> None:
    example = "an address such as https://HOST/{z}/{x}/{y}.jpg"
    if not isinstance(template, str) or not template.isascii() or re.search(r"[\s\\]", template):
        raise ValueError(f"template={shown(template)} must be {example}")
    unknown = [name for name in FIELD.findall(template) if name not in FIELDS]
    if unknown:
        raise ValueError(f"template: {{{unknown[0]}}} is not one of {', '.join(f'{{{n}}}' for n in FIELDS)}")
    if re.search(r"[{}]", FIELD.sub("", template)):
        raise ValueError(f"template={shown(template)} has a brace too many; it must be {example}")
    lack = [n for n in ("z", "x") if f"{{{n}}}" not in template]
    if lack or ("{y}" in template) == ("{-y}" in template):
        raise ValueError(
            f"template={shown(template)} needs {{z}}, {{x}} and one of {{y}} and {{-y}}: {example}"
        )
    try:
        scheme, host, port = _origin(template)
    except ValueError as error:
        raise ValueError(f"template={shown(template)} must be {example}: {error}") from error
    if scheme not in PORTS or not host or not port or "{" in urlsplit(template).netloc:
        raise ValueError(
            f"template={shown(template)} must be http or https, on one host that is spelled out, without a "
            f"user's name: {example}"
        )
    if urlsplit(template).fragment or re.search(r"(^|/)(\.|%2e){1,2}(/|$)", urlsplit(template).path, re.I):
        raise ValueError(f"template={shown(template)} must have no '..' and no '#'; it must be {example}")

"""Strict reading of URLs that users supply. Pure: judges text only; addresses are judged after resolution.

Every component downstream (urllib3, Scrapy, Chromium) parses URLs slightly differently, and server-side
request forgery lives in those differences. So a URL is accepted only when it is unambiguous, and what
leaves here is a canonical ASCII form in which no parser can see another host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import idna

from plugzero_api.kernel.http.addresses import STANDARD_PORTS, AllowList, parse_address
from plugzero_api.kernel.http.errors import UrlNotAllowed

MAX_URL_LENGTH = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}

_SHAPE = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# C0, space, DEL, C1, and the Unicode line separators that some parsers treat as newlines.
_FORBIDDEN = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\\\\]")
_KEEP = "!#$%&'()*+,/:;=?@[]~-._"


@dataclass(frozen=True, slots=True)
class VettedUrl:
    """A URL in canonical form. ``host`` is lower-case ASCII without brackets or trailing dot."""

    url: str
    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def vet_url(url: str, allow: AllowList = AllowList()) -> VettedUrl:  # noqa: B008  (frozen, shared on purpose)
    """Return the canonical form of ``url`` or raise :class:`UrlNotAllowed` with a sentence for the user.

    Non-ASCII characters are accepted in host (IDNA, UTS 46), path and query; the fragment is dropped.
    """
    if not isinstance(url, str) or not url:
        raise UrlNotAllowed("The URL is empty.")
    if len(url) > MAX_URL_LENGTH:
        raise UrlNotAllowed(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    if _FORBIDDEN.search(url):
        raise UrlNotAllowed("The URL contains spaces, control characters or backslashes.")
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise UrlNotAllowed("The URL must have the form https://host/path.")
    scheme = shape["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise UrlNotAllowed("Only http and https URLs are fetched.")
    authority = shape["authority"]
    if "@" in authority:
        raise UrlNotAllowed("The URL must not contain a user name or password.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or not parts["host"]:
        raise UrlNotAllowed("The URL has no valid host.")
    host = canonical_host(parts["host"])
    port = _vet_port(parts["port"], scheme, host, allow)
    path = _encode(shape["path"] or "/")
    query = _encode(shape["query"] or "")
    shown = f"[{host}]" if ":" in host else host
    if port != DEFAULT_PORTS[scheme]:
        shown = f"{shown}:{port}"
    return VettedUrl(f"{scheme}://{shown}{path}{query}", scheme, host, port, path + query)


def join_url(base: VettedUrl, reference: str, allow: AllowList = AllowList()) -> VettedUrl:  # noqa: B008
    """Vet a ``Location`` header relative to ``base``. Servers send raw spaces there; they become ``%20``."""
    reference = reference.strip(" \t").replace(" ", "%20")
    if _FORBIDDEN.search(reference):  # urljoin would drop newlines silently
        raise UrlNotAllowed("The redirect target contains control characters or backslashes.")
    try:
        joined = urljoin(base.url, reference)
    except ValueError:
        raise UrlNotAllowed("The redirect target is not a valid URL.") from None
    return vet_url(joined, allow)


def canonical_host(text: str) -> str:
    """Canonical ASCII host: an address in standard notation or an IDNA name. Raises
    :class:`UrlNotAllowed`."""
    if text.startswith("["):
        address = parse_address(text)
        if address is None or address.version != 6:
            raise UrlNotAllowed("The URL has no valid host.")
        return str(address)
    host = text.lower()
    if not host.isascii():
        try:
            # UTS 46 maps ideographic full stops, full-width and circled characters to what browsers see.
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except idna.IDNAError:
            raise UrlNotAllowed("The host name is not valid.") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlNotAllowed("The host name is not valid.")
    if _is_numeric(labels[-1]):
        return _numeric_host(labels)
    return host


def _is_numeric(label: str) -> bool:
    return label.isdigit() or re.fullmatch(r"0x[0-9a-f]*", label) is not None


def _numeric_host(labels: list[str]) -> str:
    """The address that inet_aton, and with it getaddrinfo and browsers, read from e.g. ``0x7f.1`` or
    ``017700000001``."""
    if len(labels) > 4:
        raise UrlNotAllowed("The host name is not valid.")
    numbers: list[int] = []
    for label in labels:
        try:
            if label.startswith("0x"):
                numbers.append(int(label[2:] or "0", 16))
            elif label.startswith("0") and len(label) > 1:
                numbers.append(int(label, 8))
            else:
                numbers.append(int(label, 10))
        except ValueError:
            raise UrlNotAllowed("The host name is not valid.") from None
    last = numbers.pop()
    if any(number > 255 for number in numbers) or last >= 256 ** (4 - len(numbers)):
        raise UrlNotAllowed("The host name is not valid.")
    value = last
    for index, number in enumerate(numbers):
        value += number << (8 * (3 - index))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _vet_port(text: str | None, scheme: str, host: str, allow: AllowList) -> int:
    if not text:
        return DEFAULT_PORTS[scheme]
    port = int(text) if len(text) <= 5 else 0
    if not 0 < port < 65536:
        raise UrlNotAllowed("The port is not valid.")
    if port not in STANDARD_PORTS and not allow.may_open_port(host, port):
        raise UrlNotAllowed("Only the ports 80 and 443 are fetched.")
    return port


def _encode(text: str) -> str:
    return quote(text, safe=_KEEP) if not text.isascii() or re.search(r'[<>"{}|^`]', text) else text

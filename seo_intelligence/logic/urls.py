"""URL normalisation and comparison as crawlers do it (RFC 3986 section 6.2.2 and 6.2.3, without
reordering)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import tldextract

_PATH_SAFE = "/%:@!$&'()*+,;=~-._[]|^"
_QUERY_SAFE = _PATH_SAFE + "?{}`"
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_DEFAULT_PORT = {"http": 80, "https": 443}
_WHITESPACE = re.compile(r"[\t\n\r]")
# The snapshot of the public suffix list that ships with the package; nothing is fetched.
_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


class BadURL(ValueError):
    """The text is not an absolute HTTP(S) URL."""


def split(url: str) -> SplitResult:
    """`urlsplit` that raises only `BadURL`, with the host and port checked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadURL(str(error)) from error
    if parts.scheme.lower() not in _DEFAULT_PORT or not host:
        raise BadURL("not an absolute http(s) URL")
    return parts


@lru_cache(maxsize=65536)
def normalise(url: str) -> str:
    """Absolute URL without fragment: lower-case scheme and host, no default port, `/` for an empty path,
    dot segments removed, upper-case percent escapes, unsafe characters escaped. Raises `BadURL`.
    """
    parts = split(url.strip())
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise BadURL(f"host cannot be encoded: {error}") from error
    if not host or any(c in host for c in ' <>"{}|\\^`%'):
        raise BadURL("invalid host")
    if ":" in host:
        host = f"[{host}]"
    if parts.port and parts.port != _DEFAULT_PORT[scheme]:
        host = f"{host}:{parts.port}"
    path = parts.path or "/"
    if "/." in path:
        path = urlsplit(urljoin(f"http://h{path if path.startswith('/') else '/' + path}", "")).path or "/"
        path = _remove_dot_segments(path)
    path = _escapes_upper(quote(path, safe=_PATH_SAFE))
    query = _escapes_upper(quote(parts.query, safe=_QUERY_SAFE))
    return urlunsplit((scheme, host, path, query, ""))


def _escapes_upper(text: str) -> str:
    return _ESCAPE.sub(lambda m: m.group(0).upper(), text) if "%" in text else text


def _remove_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for n, segment in enumerate(segments):
        last = n == len(segments) - 1
        if segment == ".":
            if last:
                kept.append("")
        elif segment == "..":
            if len(kept) > 1:
                kept.pop()
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept) or "/"


def resolve(base: str, href: str) -> tuple[str, str]:
    """Absolute normalised URL and fragment of an href found on `base`. Raises `BadURL` (also for other
    schemes)."""
    href = _WHITESPACE.sub("", href.strip())
    href, _, fragment = href.partition("#")
    if href[:5].lower() in ("http:", "https"):
        scheme, colon, rest = href.partition(":")
        # urljoin would take "https://" without a host for the base address.
        if colon and scheme.lower() in _DEFAULT_PORT and not rest.startswith("//"):
            raise BadURL("scheme without //")
        if colon and scheme.lower() in _DEFAULT_PORT:
            return normalise(href), fragment
    if href[:1] == "/" and href[1:2] != "/":
        # The same root-relative links stand on every page of a template; only the origin matters for them.
        end = base.find("/", 8)
        return _resolve(base[:end] if end > 0 else base, href), fragment
    return _resolve(base, href), fragment


@lru_cache(maxsize=65536)
def _resolve(base: str, href: str) -> str:
    try:
        return normalise(urljoin(base, href) if href else base)
    except ValueError as error:
        raise BadURL(str(error)) from error


@lru_cache(maxsize=16384)
def host_of(url: str) -> str:
    """Lower-case host without port; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


@lru_cache(maxsize=8192)
def registrable_domain(host: str) -> str:
    """The domain one can register (`example.co.uk`); the last two labels for unlisted endings; addresses as is."""
    found = _SUFFIXES(host).top_domain_under_public_suffix
    if found or ":" in host or host.replace(".", "").isdigit():
        return found or host
    return ".".join(host.split(".")[-2:])


def is_local_host(host: str) -> bool:
    """True for loopback and private addresses and names reserved for the local machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def strip_www(host: str) -> str:
    """Host without a leading `www.`."""
    return host.removeprefix("www.")


def same_site(host: str, home_host: str, *, include_subdomains: bool = False) -> bool:
    """True when the host belongs to the audited site; `www.` never makes a difference."""
    host, home_host = strip_www(host), strip_www(home_host)
    return host == home_host or (include_subdomains and host.endswith("." + home_host))


def path_segments(url: str) -> list[str]:
    """Non-empty segments of the path."""
    return [segment for segment in urlsplit(url).path.split("/") if segment]


def is_absolute(href: str) -> bool:
    """True for an href that carries its own http(s) scheme and host."""
    try:
        split(href.strip())
    except BadURL:
        return False
    return True

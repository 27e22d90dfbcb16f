"""Which IP addresses may be connected to on behalf of a user.

Pure: no network, no settings. Addresses are judged after resolution, never by the text of a host name,
because ``getaddrinfo`` accepts many spellings of one address.

The rule is positive: an address is public only if it is globally routable unicast space in the IANA
registries ("IPv4/IPv6 Special-Purpose Address Registry", RFC 6890 and successors). ``ipaddress.is_global``
is one of several conditions and not the only one: its tables change between patch releases of Python and it
accepts multicast, NAT64, 6to4 and site-local space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = IPv6Network("::/96")
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")

# Never public, whatever the standard library of this Python thinks of them.
_REFUSED_V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 reaches the local machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; holds Alibaba's metadata service
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; holds most cloud metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocol assignments; holds Oracle's metadata service
        "192.0.2.0/24",
        "192.88.99.0/24",  # deprecated 6to4 relay anycast
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_REFUSED_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(text)
    for text in (
        "::/8",
        "64:ff9b:1::/48",  # local-use NAT64
        "100::/64",
        "2001::/23",  # IETF protocol assignments, Teredo included
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address to a relay that nobody vets
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",  # deprecated site-local, still routed by some intranets
        "ff00::/8",
    )
)
# Even an allow-listed *name* may not lead here: these are never an intranet site.
_NEVER_BY_NAME: tuple[IPNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
    )
)


def unwrap(address: IPAddress) -> tuple[IPAddress, ...]:
    """Return ``address`` followed by every IPv4 address it embeds.

    Covers IPv4-mapped (``::ffff:a.b.c.d``), IPv4-compatible (``::a.b.c.d``), 6to4 (RFC 3056), Teredo server
    and client (RFC 4380), the well-known NAT64 prefix (RFC 6052) and ISATAP interface ids (RFC 5214). A
    mapped address is replaced by its IPv4 form, since that is what the kernel of the machine connects to.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    found: list[IPAddress] = [IPv6Address(int(address))]  # without a scope id
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64 or (address in _V4_COMPATIBLE and low > 1):
        found.append(IPv4Address(low))
    if (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE:
        found.append(IPv4Address(low))
    return tuple(found)


def is_public(address: IPAddress) -> bool:
    """True if ``address``, and every IPv4 address embedded in it, is globally routable unicast."""
    forms = unwrap(address)
    outer = forms[0]
    if isinstance(outer, IPv6Address) and outer in _NAT64:
        # DNS64 networks reach the whole IPv4 internet this way: the embedded address decides.
        forms = forms[1:]
    return all(_is_public_form(form) for form in forms)


def _is_public_form(address: IPAddress) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address not in _GLOBAL_UNICAST_V6:
        return False
    return not any(address in network for network in _REFUSED_V6)


STANDARD_PORTS = frozenset({80, 443})
_ANY_PORT = frozenset({-1})


@dataclass(frozen=True, slots=True)
class AllowList:
    """The operator's exceptions: intranet sites and test servers.

    Entries: ``host``, ``host:port``, an address or a network (``10.1.0.0/16``, ``fd00::/8``), each with an
    optional ``:port`` or ``:*`` (IPv6 in brackets then). Without a port an entry opens 80 and 443 only. An
    entry that is an address or network is compared with the *resolved* address; an entry that is a name is
    compared with the host of the URL, and still refuses link-local, multicast and unspecified answers.
    """

    networks: tuple[tuple[IPNetwork, frozenset[int]], ...] = ()
    names: tuple[tuple[str, frozenset[int]], ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AllowList:
        """Raise ``ValueError`` naming the first entry that is not understood."""
        networks: list[tuple[IPNetwork, frozenset[int]]] = []
        names: list[tuple[str, frozenset[int]]] = []
        for raw in entries:
            entry = raw.strip().lower()
            if not entry:
                continue
            try:  # a bare address or network, IPv6 without brackets included
                networks.append((ip_network(entry, strict=False), STANDARD_PORTS))
                continue
            except ValueError:
                pass
            bracketed = re.fullmatch(r"\[([0-9a-f:.]+)\](/\d+)?(?::(\d{1,5}|\*))?", entry)
            plain = re.fullmatch(r"([^:\[\]\s]+?)(/\d+)?(?::(\d{1,5}|\*))?", entry)
            match = bracketed or plain
            if match is None:
                raise ValueError(f"fetch allow-list: {raw!r} is not a host, host:port or network")
            host, prefix, port = match.groups()
            ports = _parse_ports(port, raw)
            try:
                networks.append((ip_network(host + (prefix or ""), strict=False), ports))
            except ValueError:
                if prefix or bracketed:
                    raise ValueError(f"fetch allow-list: {raw!r} is not a network") from None
                names.append((host.rstrip("."), ports))
        return cls(networks=tuple(networks), names=tuple(names))

    def permits(self, host: str, address: IPAddress, port: int) -> bool:
        """True if the operator opened ``address`` (found for ``host``) on ``port``."""
        judged = unwrap(address)[0]
        for network, ports in self.networks:
            if judged.version == network.version and judged in network and _opens(ports, port):
                return True
        if any(name == host and _opens(ports, port) for name, ports in self.names):
            return not any(judged.version == net.version and judged in net for net in _NEVER_BY_NAME)
        return False

    def may_open_port(self, host: str, port: int) -> bool:
        """True if some entry could open the non-standard ``port`` for ``host``.

        Asked before resolution, when only the host's text is known: an entry that is a network may match
        any name, so its port is possible for every host and :meth:`permits` decides afterwards.
        """
        return any(_opens(ports, port) for _, ports in self.networks) or any(
            name == host and _opens(ports, port) for name, ports in self.names
        )


def _parse_ports(text: str | None, raw: str) -> frozenset[int]:
    if text is None:
        return STANDARD_PORTS
    if text == "*":
        return _ANY_PORT
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(f"fetch allow-list: {raw!r} has a port outside 1..65535")
    return frozenset({port})


def _opens(ports: frozenset[int], port: int) -> bool:
    return ports == _ANY_PORT or port in ports


def may_connect(host: str, address: IPAddress, port: int, allow: AllowList) -> bool:
    """The verdict on one resolved address: public on a standard port, or opened by the operator."""
    if port in STANDARD_PORTS and is_public(address):
        return True
    return allow.permits(host, address, port)


def parse_address(text: str) -> IPAddress | None:
    """The address that ``text`` spells in canonical form (brackets allowed), or None if it is a name."""
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None

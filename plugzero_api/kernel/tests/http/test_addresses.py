from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugzero_api.kernel.http.addresses import AllowList, is_public, may_connect, unwrap

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:100.64.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2001:10::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "2a00:1450:4001:80b:0:5efe:7f00:1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
]


@pytest.mark.parametrize("text", REFUSED)
def test_special_purpose_addresses_are_refused(text: str) -> None:
    assert not is_public(ip_address(text))
    assert not may_connect("example.com", ip_address(text), 80, AllowList())


@pytest.mark.parametrize("text", PUBLIC)
def test_globally_routable_addresses_are_accepted_on_standard_ports_only(text: str) -> None:
    address = ip_address(text)
    assert may_connect("example.com", address, 80, AllowList())
    assert may_connect("example.com", address, 443, AllowList())
    assert not may_connect("example.com", address, 22, AllowList())
    assert not may_connect("example.com", address, 8080, AllowList())


def test_embedded_addresses_are_found() -> None:
    assert unwrap(ip_address("::ffff:127.0.0.1")) == (IPv4Address("127.0.0.1"),)
    assert IPv4Address("127.0.0.1") in unwrap(ip_address("2002:7f00:1::"))
    assert IPv4Address("127.0.0.1") in unwrap(ip_address("64:ff9b::7f00:1"))
    # the example of RFC 4380: server 65.54.227.120, client 192.0.2.45
    assert set(unwrap(ip_address("2001:0:4136:e378:8000:63bf:3fff:fdd2"))[1:]) == {
        IPv4Address("65.54.227.120"),
        IPv4Address("192.0.2.45"),
    }
    assert IPv4Address("127.0.0.1") in unwrap(ip_address("2a00:1450:4001:80b:0:5efe:7f00:1"))


@given(st.ip_addresses(v=4))
def test_every_refused_ipv4_address_stays_refused_in_each_embedding(inner: IPv4Address) -> None:
    number = int(inner)
    for text in (f"::ffff:{inner}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert is_public(ip_address(text)) == is_public(inner)
    assert not is_public(ip_address(f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"))
    assert not is_public(ip_address(f"64:ff9b:1::{number >> 16:x}:{number & 0xFFFF:x}"))


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "expected"),
    [
        ("127.0.0.1:8000", "127.0.0.1", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "anything.test", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", "127.0.0.1", 8001, False),
        ("127.0.0.1:8000", "127.0.0.1", "127.0.0.2", 8000, False),
        ("127.0.0.1:8000", "127.0.0.1", "::ffff:127.0.0.1", 8000, True),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 6379, False),
        ("127.0.0.1:*", "127.0.0.1", "127.0.0.1", 6379, True),
        ("10.1.0.0/16", "wiki.corp", "10.1.2.3", 443, True),
        ("10.1.0.0/16", "wiki.corp", "10.2.2.3", 443, False),
        ("10.1.0.0/16:8443", "wiki.corp", "10.1.2.3", 8443, True),
        ("fd00::/8", "wiki.corp", "fd00::5", 443, True),
        ("[fd00::5]:8443", "wiki.corp", "fd00::5", 8443, True),
        ("wiki.corp", "wiki.corp", "10.9.9.9", 443, True),
        ("Wiki.Corp.", "wiki.corp", "10.9.9.9", 443, True),
        ("wiki.corp", "other.corp", "10.9.9.9", 443, False),
        ("wiki.corp:8080", "wiki.corp", "10.9.9.9", 8080, True),
        ("wiki.corp:8080", "wiki.corp", "10.9.9.9", 80, False),
        ("wiki.corp", "wiki.corp", "169.254.169.254", 80, False),
        ("wiki.corp", "wiki.corp", "0.0.0.0", 80, False),
    ],
)
def test_allow_list_opens_exactly_what_an_entry_says(
    entry: str, host: str, address: str, port: int, expected: bool
) -> None:
    assert may_connect(host, ip_address(address), port, AllowList.parse([entry])) is expected


@pytest.mark.parametrize(
    "entry", ["a b", "host:99999", "host:0", "host:x", "[nonsense]:80", "10.0.0.0/99", "http://x"]
)
def test_allow_list_refuses_entries_it_does_not_understand(entry: str) -> None:
    with pytest.raises(ValueError, match="allow-list"):
        AllowList.parse([entry])

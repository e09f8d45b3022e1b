"""Which URLs a webhook may have: a table of hostile ones, none of which may lead to a connection."""

from ipaddress import ip_address

import pytest

from functions.webhook.targets import Networks, Target, TargetRefused, Targets, is_public

PUBLIC, PUBLIC_V6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
NOWHERE = Networks("")

# What names in the table resolve to.
NAMES = {
    "hooks.example.com": [PUBLIC],
    "both.example.com": [PUBLIC_V6, PUBLIC],
    "six.example.com": [PUBLIC_V6],
    "loopback.example.com": ["127.0.0.1"],
    "rebinding.example.com": [PUBLIC, "127.0.0.1"],
    "private.example.com": ["10.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "six-loopback.example.com": ["::1"],
    "half.example.com": [PUBLIC, "fe80::1"],
}

# Addresses that no webhook may have, by why.
CLOSED = {
    "this network": "0.0.0.0",
    "loopback": "127.0.0.1",
    "another loopback": "127.255.255.254",
    "private, class A": "10.1.2.3",
    "private, class B": "172.31.255.255",
    "private, class C": "192.168.1.1",
    "carrier-grade NAT": "100.64.0.1",
    "Alibaba's metadata": "100.100.100.200",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "Azure's metadata": "168.63.129.16",
    "Oracle's metadata": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "benchmarks": "198.18.0.1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.1",
    "global multicast": "232.1.2.3",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6: none": "::",
    "IPv6: loopback": "::1",
    "IPv6: mapped loopback": "::ffff:127.0.0.1",
    "IPv6: mapped public": f"::ffff:{PUBLIC}",
    "IPv6: compatible": "::127.0.0.1",
    "IPv6: NAT64 of private": "64:ff9b::10.0.0.1",
    "IPv6: local NAT64": "64:ff9b:1::a00:1",
    "IPv6: 6to4 of loopback": "2002:7f00:1::1",
    "IPv6: 6to4 of private": "2002:a00:1::1",
    "IPv6: Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "IPv6: ORCHID": "2001:20::1",
    "IPv6: benchmarks": "2001:2::1",
    "IPv6: documentation": "2001:db8::1",
    "IPv6: new documentation": "3fff::1",
    "IPv6: unique local": "fd00::1",
    "IPv6: Amazon's metadata": "fd00:ec2::254",
    "IPv6: link-local": "fe80::1",
    "IPv6: link-local with a zone": "fe80::1%eth0",
    "IPv6: public with a zone": f"{PUBLIC_V6}%eth0",
    "IPv6: site-local": "fec0::1",
    "IPv6: multicast": "ff02::1",
    "IPv6: global multicast": "ff0e::1",
    "IPv6: discard": "100::1",
    "IPv6: SRv6": "5f00::1",
}

# Hosts that are not even looked up.
UNRESOLVED = [
    # numbers that resolvers take for IPv4 addresses
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://0/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[v1.x]/",
    "https://[::1/",
    # names of this cluster and machine
    "https://localhost/",
    "https://localhost./",
    "https://mongodb/",
    "https://metadata/",
    # not names at all
    "https://hooks..example.com/",
    "https://-hooks.example.com/",
    f"https://{'a' * 64}.example.com/",
    f"https://{'a.' * 130}com/",
    "https://hooks.example.com%00.evil.example/",
    "https://ⓗooks.example.com/",
    "https://hooks。example.com/",
    "https://\uff11\uff12\uff17.0.0.1/",
]

HOSTILE = [
    # other schemes
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "//hooks.example.com/",
    "hooks.example.com",
    "https:/hooks.example.com",
    "https:",
    "https://",
    "https:///x",
    "",
    # ports
    "https://hooks.example.com:22/",
    "https://hooks.example.com:27017/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:x/",
    # users, and hosts that parsers read differently
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1#@hooks.example.com/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://127.0.0.1\\@hooks.example.com/",
    "https://hooks.example.com%2f@127.0.0.1/",
    "https://hooks.example.com /",
    "https://hooks.example.com\t/",
    "https://hooks.example.com\r\nHost: x/",
    "https://hooks.example.com/\r\nX: y",
    "https://hooks.example.com/\x00",
    *UNRESOLVED,
    f"https://hooks.example.com/{'a' * 2000}",
    # names with addresses that are closed
    *(f"https://{name}/" for name, found in NAMES.items() if not all(is_public(ip_address(text)) for text in found)),
    "https://unknown.example.com/",
]


def resolve(host: str, _port: int) -> list[str]:
    if host not in NAMES:
        raise OSError(f"{host} is unknown")
    return NAMES[host]


@pytest.mark.parametrize("address", CLOSED.values(), ids=list(CLOSED))
def test_address_is_closed(address: str) -> None:
    """By its number in the URL, and by a name."""
    assert not is_public(ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetRefused):
        Targets(NOWHERE, resolve).check(f"https://{literal}/")
    with pytest.raises(TargetRefused):
        Targets(NOWHERE, lambda _host, _port: [address]).check("https://hooks.example.com/")


@pytest.mark.parametrize("url", HOSTILE)
def test_url_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        Targets(NOWHERE, resolve).check(url)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("url", UNRESOLVED)
def test_what_is_no_complete_name_is_not_looked_up(url: str) -> None:
    """A resolver may know it: by the cluster's domains, by this machine's hosts, or as a number."""
    asked: list[str] = []

    def know_all(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC]

    with pytest.raises(TargetRefused):
        Targets(NOWHERE, know_all).check(url)
    assert asked == []


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com", Target("https", "hooks.example.com", 443, "/", PUBLIC)),
        ("https://HOOKS.example.com:8443/a/b?c=d#e", Target("https", "hooks.example.com", 8443, "/a/b?c=d", PUBLIC)),
        ("https://both.example.com/", Target("https", "both.example.com", 443, "/", PUBLIC)),
        ("https://six.example.com/", Target("https", "six.example.com", 443, "/", PUBLIC_V6)),
        (f"https://{PUBLIC}/", Target("https", PUBLIC, 443, "/", PUBLIC)),
        (f"https://[{PUBLIC_V6}]/", Target("https", PUBLIC_V6, 443, "/", PUBLIC_V6)),
    ],
)
def test_public_target_has_the_address_that_was_checked(url: str, target: Target) -> None:
    """The connection goes there, whatever the name means later."""
    assert Targets(NOWHERE, resolve).check(url) == target


def test_name_is_resolved_once() -> None:
    """A name whose second answer differs changes nothing."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    assert Targets(NOWHERE, lambda _host, _port: next(answers)).check("https://hooks.example.com/").address == PUBLIC
    assert next(answers) == ["127.0.0.1"]


def test_allowed_range_opens_itself_only() -> None:
    """There plain HTTP and every port are allowed; the next address is as closed as ever."""
    targets = Targets(Networks("127.0.0.9/32"), resolve)
    assert targets.check("http://127.0.0.9:12345/x") == Target("http", "127.0.0.9", 12345, "/x", "127.0.0.9")
    for url in ("http://127.0.0.1:12345/", "https://127.0.0.8/", "http://hooks.example.com/", "https://x.example:22/"):
        with pytest.raises(TargetRefused):
            targets.check(url)


@pytest.mark.parametrize("text", ["127.0.0.9/33", "localhost", "10.0.0.1/8"])
def test_malformed_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Networks(text)

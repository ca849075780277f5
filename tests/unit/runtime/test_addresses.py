"""Where webhooks may go, and the tricks by which they are to be led elsewhere."""

import pytest

from runtime.webhooks.addresses import RefusedAddressError, Target, addresses_of, is_public, parse_target

INNER_ADDRESSES = [
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "0.1.2.3",
    "10.0.0.5",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
PUBLIC_ADDRESSES = ["1.1.1.1", "52.95.110.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]
REFUSED_URLS = [
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "//hooks.example.com/",
    "https://",
    "https:///path",
    "https://localhost/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://169.254.169.254/latest/meta-data/",
    "https://user@hooks.example.com/",
    "https://user:word@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:https/",
    "https://-hooks.example.com/",
    "https://hooks..example.com/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nX-Evil: 1",
    "https://hooks.example.com/\N{SNOWMAN}",
    "https://127.0.0.1\N{FULLWIDTH FULL STOP}example.com/",
    "https://" + "a" * 64 + ".example.com/",
    "https://hooks.example.com/" + "a" * 2048,
    "",
]


@pytest.mark.parametrize("address", INNER_ADDRESSES)
def test_an_address_that_is_not_of_the_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_an_address_of_the_internet_is_accepted(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_is_no_plain_https_url_of_a_public_host_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        parse_target(url, [])


def test_a_public_url_is_taken_apart() -> None:
    target = parse_target("https://Hooks.Example.com:8443/a/b?c=d", [])
    assert target == Target(tls=True, host="hooks.example.com", port=8443, path="/a/b?c=d", trusted=False)
    assert target.authority == "hooks.example.com:8443"
    assert parse_target("https://hooks.example.com", []).authority == "hooks.example.com"
    assert parse_target("https://[2606:4700::1111]/", []).authority == "[2606:4700::1111]"


@pytest.mark.parametrize("address", INNER_ADDRESSES)
def test_a_name_that_leads_to_such_an_address_is_refused(address: str) -> None:
    target = parse_target("https://hooks.example.com/", [])
    with pytest.raises(RefusedAddressError, match="not a public address"):
        addresses_of(target, lambda _host, _port: [address])


def test_a_name_with_a_public_and_an_inner_address_is_refused() -> None:
    target = parse_target("https://hooks.example.com/", [])
    with pytest.raises(RefusedAddressError):
        addresses_of(target, lambda _host, _port: ["1.1.1.1", "10.0.0.1"])


def test_a_name_without_an_address_is_told_as_such() -> None:
    target = parse_target("https://hooks.example.com/", [])
    with pytest.raises(OSError, match="no address"):
        addresses_of(target, lambda _host, _port: [])


def test_only_the_host_that_the_configuration_names_may_be_inner_and_without_tls() -> None:
    trusted = parse_target("http://127.0.0.1:9000/hook", ["127.0.0.1"])
    assert (trusted.tls, trusted.trusted) == (False, True)
    assert addresses_of(trusted, lambda _host, _port: ["127.0.0.1"]) == ["127.0.0.1"]
    for other in (
        "http://127.0.0.2:9000/",
        "http://localhost:9000/",
        "https://127.0.0.2/",
        "ftp://127.0.0.1/",
    ):
        with pytest.raises(RefusedAddressError):
            parse_target(other, ["127.0.0.1"])

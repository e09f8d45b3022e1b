"""E-mail addresses as account names."""

import pytest

from functions.auth.emails import new, normalise
from functions.auth.errors import NotAnAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.com", "a@example.com"),
        (" Anna.B+tag@Sub.Example.COM ", "anna.b+tag@sub.example.com"),
        ("me@localhost", "me@localhost"),
        ("o'neill_%{}@xn--bcher-kva.example", "o'neill_%{}@xn--bcher-kva.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_address_has_one_canonical_spelling(text: str, address: str) -> None:
    """Case and surrounding spaces do not make a different account."""
    assert normalise(text) == address


@pytest.mark.parametrize(
    "character", ["\r", "\n", "\t", "\0", "\x7f", "\u2028", ",", ";", "<", '"', "(", "\\", ":", "ü"]
)
@pytest.mark.parametrize("where", ["{}a@example.com", "a{}b@example.com", "a@exam{}ple.com", "a@example.com{}"])
def test_address_that_could_inject_a_mail_header_is_refused(character: str, where: str) -> None:
    """Control characters, separators and quotes are refused in any position."""
    with pytest.raises(NotAnAddress, match=r"^`email` is not a supported e-mail address\."):
        normalise(where.format(character))


@pytest.mark.parametrize("domain", ["localhost", "com", "10.0.0.1", "mail.internal.1"])
def test_new_account_needs_a_domain_of_the_internet(domain: str) -> None:
    """A name without a dot and an IPv4 address are refused; accounts that have one already can still log in."""
    with pytest.raises(NotAnAddress, match=r"^The domain of `email` is incomplete"):
        new(f"a@{domain}")
    assert normalise(f"a@{domain}") == f"a@{domain}"


@pytest.mark.parametrize("domain", ["example.org", "a.b.example.org", "xn--bcher-kva.example", "1.de", "x.xn--p1ai"])
def test_new_account_may_have_any_other_domain(domain: str) -> None:
    assert new(f" A@{domain}") == f"a@{domain}"

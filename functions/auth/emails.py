"""E-mail addresses as account names."""

import re

from functions.auth.errors import NotAnAddress

MAX_ADDRESS_CHARACTERS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5322's dot-atom before the @, a host name after it: what every mail server takes without SMTPUTF8 or quoting.
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")

# Names within one network, such as `root@localhost`, and IPv4 addresses have no top-level domain.
_TOP_LEVEL_DOMAIN = re.compile(r"@.*\.[A-Za-z][^.]*$")


def new(text: str) -> str:
    """Return the address of a new account; raise NotAnAddress also if its domain cannot be one on the Internet."""
    address = normalise(text)
    if not _TOP_LEVEL_DOMAIN.search(address):
        raise NotAnAddress("The domain of `email` is incomplete. Send an address such as name@example.org.")
    return address


def normalise(text: str) -> str:
    """Return the address in its canonical spelling, which names the account; raise NotAnAddress for anything else."""
    address = text.strip(" ")
    if len(address) > MAX_ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(address):
        raise NotAnAddress(
            "`email` is not a supported e-mail address. Send name@host in ASCII with at most "
            f"{MAX_ADDRESS_CHARACTERS} characters. Write an international host name in its xn-- form.",
        )
    return address.lower()

"""E-mail addresses as account names."""

import re

from functions.shared.problems import Problem

LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5322's dot-atom before the @, a host name after it: what every mail server takes without SMTPUTF8 or quoting.
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def normalise(text: str) -> str:
    """Return the address in the one spelling that names its account; raise a 422 problem if it is none."""
    address = text.strip(" ")
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        raise Problem(
            422,
            f"`email` is no address that mail can be sent to: name@host in ASCII, at most {LONGEST} characters; "
            "write an international host name in its xn-- form.",
        )
    return address.lower()

"""A function's settings: a frozen dataclass, read from the environment and validated as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import NoneType
from typing import Any, ClassVar, Self, TypeVar, get_args, get_type_hints
from urllib.parse import unquote, urlsplit

T = TypeVar("T")

# Passwords that servers have by default, or that documentation uses in examples.
DEFAULTS = {"admin", "changeme", "guest", "mongo", "mongodb", "mysql", "password", "root", "secret", "video2mp3"}


class Text(str):
    """A string of a certain format: a subclass describes it in `kind`, and raises ValueError for any other string."""

    __slots__ = ()
    kind: ClassVar[str]


MAX_HOURS = 168


class Hours(int):
    """A number of hours up to a week, such as "24"."""

    kind: ClassVar[str] = "a whole number of hours from 0 to 168"

    def __new__(cls, text: str) -> Self:
        hours = super().__new__(cls, text)
        if not 0 <= hours <= MAX_HOURS:
            raise ValueError
        return hours


NO_HOURS = Hours("0")


class Url(Text):
    """An absolute URL, such as `mongodb://host:27017/video2mp3`, without a default password."""

    __slots__ = ()
    kind = "a URL with scheme and host, and no default password"

    def __new__(cls, text: str) -> Self:
        parts = urlsplit(text)
        if not (parts.scheme and parts.hostname) or _is_default(parts.username, parts.password):
            raise ValueError
        return super().__new__(cls, text)


def _is_default(user: str | None, password: str | None) -> bool:
    """Return whether a password is empty, the user's name or one of `DEFAULTS`, in any case or percent-encoding."""
    if password is None:
        return False
    return unquote(password).lower() in DEFAULTS | {"", unquote(user or "").lower()}


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _count(text: str) -> int:
    number = int(text)
    if number < 1:  # a retention of zero days would delete new jobs
        raise ValueError
    return number


_CONVERTERS: dict[type, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (_count, "a whole number of at least 1"),
    bool: (_flag, "true or false"),
}


def _required(hint: Any) -> type[Any]:
    """Return `X` for `X | None`, and any other type as it is."""
    (kind,) = [part for part in get_args(hint) or (hint,) if part is not NoneType]
    return kind  # type: ignore[no-any-return]  # get_args returns Any


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Return `cls` with each field read from the variable of its name in capitals.

    A field is a `str`, an `int` of at least 1, a `bool`, `Hours` or a kind of `Text`. Without a default it is required.
    `field: Url | None = None` is optional: None if the variable is missing or empty, checked if it is set.
    Exits with one line for every variable that is missing or malformed. No line repeats a value: it may be a secret.
    """
    values, wrong, hints = {}, [], get_type_hints(cls)
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, which `type[T]` cannot say
        name, hint = field.name.upper(), _required(hints[field.name])
        convert, kind = (hint, hint.kind) if issubclass(hint, Text | Hours) else _CONVERTERS[hint]
        text = environ.get(name, "")
        if text:
            try:
                values[field.name] = convert(text)
            except (ValueError, KeyError):
                wrong.append(f"{name} is malformed: it must be {kind}")
        elif field.default is MISSING:
            wrong.append(f"{name} is missing: it must be {kind}")
    if wrong:
        raise SystemExit("\n".join(["cannot start, the environment is wrong:", *wrong]))
    return cls(**values)

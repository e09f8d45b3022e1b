"""A function's settings: one frozen dataclass, filled from the environment, complete or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Self, TypeVar, get_type_hints
from urllib.parse import urlsplit

T = TypeVar("T")


class Url(str):
    """An absolute URL, such as `mongodb://host:27017/video2mp3`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        parts = urlsplit(text)
        if not (parts.scheme and parts.hostname):
            raise ValueError
        return super().__new__(cls, text)


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_CONVERTERS: dict[type, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    bool: (_flag, "true or false"),
    Url: (Url, "a URL with scheme and host"),
}


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Return `cls` with each field read from the variable of its name in capitals.

    A field without a default is required. Exits with one line for every variable that is missing or malformed;
    no line repeats a value, as it may be a secret.
    """
    values, wrong, hints = {}, [], get_type_hints(cls)
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, which `type[T]` cannot say
        name, (convert, kind) = field.name.upper(), _CONVERTERS[hints[field.name]]
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

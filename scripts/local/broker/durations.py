"""Durations as Knative's manifests (ISO 8601) and its programs' environment (Go) write them."""

import re

_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d)?)\d*S)?)?")  # one decimal place
_ISO_SECONDS = (86400, 3600, 60, 1)
_GO = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_GO_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def iso_to_go(text: str) -> str:
    """Return a manifest's duration for a program's environment: `PT0.2S` becomes `200ms`.

    As Knative's controllers read it, only one decimal place counts: `PT0.25S` is the same.
    """
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError(f"{text!r} is no ISO 8601 duration such as PT0.2S")
    seconds = sum(float(number or 0) * unit for number, unit in zip(match.groups(), _ISO_SECONDS, strict=True))
    return f"{round(seconds * 1000)}ms"


def go_seconds(text: str) -> float:
    """Return the seconds of a Go duration: `1m0.5s` is 60.5."""
    parts = _GO.findall(text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise ValueError(f"{text!r} is no Go duration such as 200ms")
    return sum(float(number) * _GO_SECONDS[unit] for number, unit in parts)

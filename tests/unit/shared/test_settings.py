"""A function's settings from its environment."""

from dataclasses import dataclass

import pytest

from functions.notify.letter import Sender
from functions.notify.server import SmtpUrl
from functions.shared.settings import NO_HOURS, Hours, Url, load


@dataclass(frozen=True)
class Settings:
    store_url: Url
    secret: str
    days: int = 7
    strict: bool = False


@dataclass(frozen=True)
class Kept:
    hours: Hours = NO_HOURS


def test_settings_are_read_by_their_names_in_capitals() -> None:
    """Every field has the value and type from its variable, or its default."""
    settings = load(Settings, {"STORE_URL": "mongodb://a:1,b:2/x", "SECRET": "s", "STRICT": "True", "OTHER": "y"})
    assert settings == Settings(Url("mongodb://a:1,b:2/x"), "s", 7, strict=True)


def test_all_missing_and_malformed_variables_are_listed() -> None:
    """Missing, empty and malformed variables are all in one message, each with the expected format."""
    with pytest.raises(SystemExit) as stop:
        load(Settings, {"STORE_URL": "nowhere", "SECRET": "", "DAYS": "soon", "STRICT": "maybe"})
    assert str(stop.value).splitlines()[1:] == [
        "STORE_URL is malformed: it must be a URL with scheme and host, and no default password",
        "SECRET is missing: it must be a text",
        "DAYS is malformed: it must be a whole number of at least 1",
        "STRICT is malformed: it must be true or false",
    ]


def test_error_repeats_no_value() -> None:
    """A malformed value may be a secret, so the message does not show it."""
    with pytest.raises(SystemExit) as stop:
        load(Settings, {"STORE_URL": "hunter2", "SECRET": "s3cret", "DAYS": "hunter3"})
    assert not any(value in str(stop.value) for value in ("hunter", "s3cret"))


@pytest.mark.parametrize("days", ["0", "-1", "1.5"])
def test_number_below_one_is_malformed(days: str) -> None:
    """Zero days of retention would delete new jobs."""
    with pytest.raises(SystemExit, match="DAYS"):
        load(Settings, {"STORE_URL": "http://a", "SECRET": "s", "DAYS": days})


@pytest.mark.parametrize(("hours", "read"), [("", 0), ("0", 0), ("168", 168)])
def test_hours_may_be_none_up_to_a_week(hours: str, read: int) -> None:
    assert load(Kept, {"HOURS": hours}).hours == read


@pytest.mark.parametrize("hours", ["-1", "169", "1.5", "a day"])
def test_other_hours_are_malformed(hours: str) -> None:
    """The message says which are not."""
    with pytest.raises(SystemExit, match="HOURS is malformed: it must be a whole number of hours from 0 to 168"):
        load(Kept, {"HOURS": hours})


@pytest.mark.parametrize("kind", [Url, SmtpUrl])
@pytest.mark.parametrize(
    "login", ["admin:admin", "convert:Convert", "us%40er:us%40er", "root:", "x:%70assword", "x:CHANGEME"]
)
def test_default_password_is_malformed(kind: type[Url], login: str) -> None:
    """Default passwords of servers and examples, the user's name and an empty password are malformed."""
    assert kind("smtp://convert:none-of-these@host")
    with pytest.raises(ValueError):  # noqa: PT011  # the loader writes the message
        kind(f"smtp://{login}@host")


@pytest.mark.parametrize(
    "url", ["http://host", "smtp://", "smtp://host:0", "smtp://host:99999", "smtp://host:x", "host:25"]
)
def test_mail_server_needs_an_smtp_or_smtps_url(url: str) -> None:
    """Anything else, and an impossible host or port, is malformed."""
    with pytest.raises(ValueError):  # noqa: PT011  # the loader writes the message
        SmtpUrl(url)


@pytest.mark.parametrize("sender", ["nobody", "a@", "@b", "A <a@b>\r\nBcc: c@d", "ü@example.org", "a b@example.org"])
def test_sender_must_be_an_address(sender: str) -> None:
    """A sender that is not a valid mail address is malformed."""
    with pytest.raises(ValueError):  # noqa: PT011  # the loader writes the message
        Sender(sender)


@dataclass(frozen=True)
class OptionalSettings:
    sink: Url | None = None


@pytest.mark.parametrize("environ", [{}, {"SINK": ""}])
def test_missing_optional_url_is_none(environ: dict[str, str]) -> None:
    assert load(OptionalSettings, environ) == OptionalSettings(None)


def test_optional_url_is_checked_when_set() -> None:
    """An optional setting is read and validated like a required one."""
    sink = load(OptionalSettings, {"SINK": "http://broker"}).sink
    assert (type(sink), sink) == (Url, "http://broker")
    with pytest.raises(SystemExit, match="SINK is malformed: it must be a URL"):
        load(OptionalSettings, {"SINK": "broker"})

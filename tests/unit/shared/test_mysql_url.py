"""The options of a MySQL URL, and what is logged about errors."""

from pathlib import Path

import pymysql
import pytest

from functions.shared.errors import describe
from functions.shared.mysql import MysqlUrl

URL = "mysql://auth:none-of-these@db.example:3306/auth"


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "ca.crt"
    file.touch()
    return file


@pytest.mark.parametrize("options", ["", "?ssl-mode=VERIFY_IDENTITY", "?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca_file}"])
def test_url_without_tls_or_with_verified_tls_is_accepted(options: str, ca_file: Path) -> None:
    assert MysqlUrl(URL + options.format(ca_file=ca_file))


@pytest.mark.parametrize(
    "options",
    [
        "?ssl-mode=REQUIRED",
        "?ssl-mode=PREFERRED",
        "?ssl-mode=verify_identity",
        "?ssl-mode=",
        "?ssl-mode",
        "?ssl=true",
        "?tls=true",
        "?ssl-ca={ca_file}",
        "?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca_file}.of-a-secret-that-is-not-there",
        "?ssl-mode=VERIFY_IDENTITY&ssl-ca=",
        "?ssl-mode=VERIFY_IDENTITY&ssl-verify=no",
    ],
)
def test_url_that_would_be_less_safe_than_it_looks_is_malformed(options: str, ca_file: Path) -> None:
    """An option that is unknown, or asks for TLS without verification, is never ignored; a CA file has to exist."""
    with pytest.raises(ValueError):  # noqa: PT011  # the loader gives it its words
        MysqlUrl(URL + options.format(ca_file=ca_file))


def test_scheme_is_mysql() -> None:
    """The URL of another store is malformed."""
    with pytest.raises(ValueError):  # noqa: PT011
        MysqlUrl(URL.replace("mysql", "mongodb"))


def test_log_has_only_the_text_of_connection_errors() -> None:
    """The text of another error may repeat the data that was to be stored."""
    lost = pymysql.OperationalError(2003, "Can't connect to MySQL server on 'db.example' (timed out)")
    assert describe(lost) == "OperationalError 2003: Can't connect to MySQL server on 'db.example' (timed out)"
    refused = pymysql.OperationalError(1366, "Incorrect string value: 'you@people.example'")
    assert describe(refused) == "OperationalError 1366"
    assert describe(pymysql.OperationalError("you@people.example")) == "OperationalError"

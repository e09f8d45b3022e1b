"""The login: where the service is and who one is there. The token is in the keyring, if there is one."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from . import records
from .failures import Failure, Kind

KEYRING = "video2mp3"


@dataclass(frozen=True)
class Login:
    """`email` and `token_id` are empty after a login with a token; `url` has no slash at its end."""

    url: str
    token: str
    email: str = ""
    token_id: str = ""

    @property
    def account(self) -> str:
        return self.email or self.token_id


def load() -> Login | None:
    """Return the login; None if there is none."""
    values = records.read(_path())
    url, token = values.get("url"), values.get("token")
    if url and not token and (keyring := _keyring()):
        with contextlib.suppress(Exception):  # locked, or gone: each backend has its own errors
            token = keyring.get_password(KEYRING, url)
    return Login(url, token, values.get("email", ""), values.get("token_id", "")) if url and token else None


def require() -> Login:
    """Return the login; raise Failure if there is none."""
    login = load()
    if login is None:
        raise Failure(Kind.LOGIN, "You are not logged in. Run `video2mp3 login --url URL --email ADDRESS`.")
    return login


def save(login: Login) -> str:
    """Store the login instead of any other one; return where its token is. Raises Failure."""
    forget()
    values = {"url": login.url, "email": login.email, "token_id": login.token_id}
    place = "the keyring"
    if not _in_keyring(login):
        values["token"] = login.token
        place = str(_path())
    try:
        records.write(_path(), values)
    except OSError as error:
        raise Failure(Kind.FILE, f"{_path()} cannot be written: {error.strerror}.") from error
    return place


def forget() -> None:
    values = records.read(_path())
    if (keyring := _keyring()) and "url" in values:
        with contextlib.suppress(Exception):
            keyring.delete_password(KEYRING, values["url"])
    _path().unlink(missing_ok=True)


def _path() -> Path:
    return records.folder("XDG_CONFIG_HOME", ".config") / "login.json"


def _in_keyring(login: Login) -> bool:
    """Store the token in the keyring; return whether that has worked."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(KEYRING, login.url, login.token)
    except Exception:  # noqa: BLE001  # each backend has its own errors
        return False
    return True


def _keyring() -> ModuleType | None:
    """Return the package keyring if it is installed and has a keyring to use."""
    try:
        import keyring  # noqa: PLC0415  # optional, and slow
    except ImportError:
        return None
    return keyring if keyring.get_keyring().priority > 0 else None

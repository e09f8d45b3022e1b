"""Only locked packages are installed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("functions/*/requirements.txt", "scripts/local/*.txt", "tests/requirements.txt", "tests/*/*.txt")
    for path in ROOT.glob(pattern)
)
LOCKED = re.compile(r"(?P<pin>\S+==\S+)( ; .+)?( +--hash=sha256:[0-9a-f]{64})+")
INSTALLS = re.compile(r"^[^#\n]*\bpip3? (?:install|download|wheel).*$", re.MULTILINE)


def requirements(lock: str) -> list[str]:
    lines = (ROOT / lock).read_text().replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def pins(lock: str) -> set[str]:
    matches = map(LOCKED.fullmatch, requirements(lock))
    return {match["pin"] for match in matches if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_has_a_version_and_its_hashes(lock: str) -> None:
    """Every line is one version with hashes: no index, URL or range."""
    assert requirements(lock)
    assert [line for line in requirements(lock) if not LOCKED.fullmatch(line)] == []


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.endswith("/requirements.txt")])
def test_lock_of_the_tests_contains_every_other(lock: str) -> None:
    """The images and the tests have the same versions, so one audit covers all of them."""
    assert pins(lock) - pins("tests/requirements.txt") == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_driver_of_mysql_is_never_without_cryptography(lock: str) -> None:
    """MySQL's caching_sha2_password needs it without TLS, unless the server has the password in its cache."""
    names = {pin.partition("==")[0] for pin in pins(lock)}
    assert "pymysql" not in names or "cryptography" in names


def test_nothing_is_installed_without_its_hash() -> None:
    """Only the set-up and the images install packages: by hash, and without running a package's build."""
    files = [ROOT / "Makefile", *(path for part in ("scripts", "infra", ".ci") for path in (ROOT / part).rglob("*"))]
    found = {
        (str(path.relative_to(ROOT)), line)
        for path in files
        if path.is_file() and path.suffix not in {".pyc", ".md"}
        for line in INSTALLS.findall(path.read_text())
    }
    assert {path for path, _ in found} == {"scripts/local/setup.sh", "infra/images/Dockerfile"}
    assert [line for _, line in found if not ("--require-hashes" in line and "--only-binary :all:" in line)] == []

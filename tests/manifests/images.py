"""Rules for the images' Dockerfile. Each rule takes the Dockerfile and returns the instructions that break the rule."""

import re
from dataclasses import dataclass
from functools import cached_property

# Flags, variables and programs that switch a verification off, or that give root or a password.
UNVERIFIED = re.compile(
    r"""--(allow-unauthenticated|allow-untrusted|force-yes|insecure|no-check-certificate|trusted-host|nogpgcheck)
    |\bcurl\b.*\s-\w*k|PIP_TRUSTED_HOST|PYTHONHTTPSVERIFY|GIT_SSL_NO_VERIFY|NODE_TLS_REJECT_UNAUTHORIZED|strict-ssl
    |sslverify|--no(digest|signature|verify|filedigest)|\b(sudo|chpasswd)\b""",
    re.VERBOSE | re.IGNORECASE,
)
IMAGE_WITH_TAG = re.compile(r"(.+/)?[^:@/]+:(?!latest(@|$))[\w.-]+(@sha256:[0-9a-f]{64})?")
HIGH_USER = 10_000
UPDATE = re.compile(r"\bapt(-get)? update\b")
INSTALL = re.compile(r"\bapt(-get)? (upgrade|install)\b")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined; `stage` is the name of the stage that it is in."""

    stage: str
    keyword: str
    text: str


@dataclass(frozen=True)
class Dockerfile:
    content: str

    @cached_property
    def instructions(self) -> list[Instruction]:
        """Return all instructions in order."""
        lines = [line for line in self.content.splitlines() if line.strip() and not line.startswith("#")]
        found, stage = [], ""
        for line in "\n".join(lines).replace("\\\n", " ").splitlines():
            keyword, text = line.split(maxsplit=1)
            if keyword == "FROM":
                stage = text.split(" AS ")[-1]
            found.append(Instruction(stage, keyword, text))
        return found

    @cached_property
    def stages(self) -> list[tuple[str, str]]:
        """Return the name and the base of each stage in order."""
        return [(it.stage, it.text.split(" AS ")[0]) for it in self.instructions if it.keyword == "FROM"]

    def users(self, stage: str) -> list[str]:
        """Return every USER of a stage, its bases' before its own."""
        base = dict(self.stages).get(stage)
        before = [] if base is None else self.users(base)
        return [*before, *(it.text for it in self.instructions if (it.stage, it.keyword) == (stage, "USER"))]


def base_has_version(file: Dockerfile) -> list[str]:
    """Every base is a stage, `scratch` or an image with a tag other than `latest`, and its digest if it is pinned."""
    known = {"scratch", *(name for name, _ in file.stages)}
    bases = [base for _, base in file.stages if base not in known]
    return [base for base in bases if not IMAGE_WITH_TAG.fullmatch(base)]


def stages_are_unique(file: Dockerfile) -> list[str]:
    """Every stage has a name, and no two have the same."""
    names = [name for name, _ in file.stages]
    return [name for name, base in file.stages if names.count(name) > 1 or name == base]


def runs_as_high_user(file: Dockerfile) -> list[str]:
    """Every stage that no other stage starts from, so every image, ends with a numeric user from 10000 on."""
    images = {name for name, _ in file.stages} - {base for _, base in file.stages} - copied_from(file)
    users = {image: ["root", *file.users(image)][-1].partition(":")[0] for image in images}
    return [image for image, user in users.items() if not (user.isdecimal() and int(user) >= HIGH_USER)]


def workdir_is_absolute(file: Dockerfile) -> list[str]:
    return [it.text for it in file.instructions if it.keyword == "WORKDIR" and not it.text.startswith("/")]


def nothing_is_added(file: Dockerfile) -> list[str]:
    """ADD is not used, as it fetches URLs and unpacks archives; COPY does neither."""
    return [it.text for it in file.instructions if it.keyword == "ADD"]


def update_is_never_alone(file: Dockerfile) -> list[str]:
    """`apt-get update` is in one RUN with an install: a cached list of packages would be outdated."""
    return [it.text for it in file.instructions if UPDATE.search(it.text) and not INSTALL.search(it.text)]


def everything_is_verified(file: Dockerfile) -> list[str]:
    """No signature, certificate or hash is left unchecked, and no program becomes root."""
    return [it.text for it in file.instructions if UNVERIFIED.search(it.text)]


RULES = (
    base_has_version,
    stages_are_unique,
    runs_as_high_user,
    workdir_is_absolute,
    nothing_is_added,
    update_is_never_alone,
    everything_is_verified,
)


def copied_from(file: Dockerfile) -> set[str]:
    """Return the stages from which others copy."""
    return {stage for it in file.instructions if it.keyword == "COPY" for stage in re.findall(r"--from=(\S+)", it.text)}

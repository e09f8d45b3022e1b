"""The images' Dockerfile follows every rule of `images.py`, and every rule detects a Dockerfile that breaks it."""

import re
from collections.abc import Callable

import pytest

from tests.manifests.images import RULES, Dockerfile
from tests.manifests.rendering import REPOSITORY

# Without the digest that `make pin` records.
CONTENT = re.sub(r"@sha256:\w+", "", (REPOSITORY / "infra/images/Dockerfile").read_text())
USER = "USER 65532:65532\n"
DIGEST = f"sha256:{'0' * 64}"

Rule = Callable[[Dockerfile], list[str]]

# For each broken Dockerfile: the rule's name, the replaced text and its replacement.
BREAKS = [
    ("base_has_version", ":bookworm-slim AS debian", " AS debian"),
    ("base_has_version", ":bookworm-slim AS debian", ":latest AS debian"),
    ("base_has_version", ":bookworm-slim AS debian", f":latest@{DIGEST} AS debian"),
    ("stages_are_unique", "FROM debian AS app\n", "FROM debian AS dependencies\n"),
    ("runs_as_high_user", USER, ""),
    ("runs_as_high_user", USER, "USER root\n"),
    ("runs_as_high_user", USER, "USER 0:0\n"),
    ("runs_as_high_user", USER, "USER 999\n"),
    ("runs_as_high_user", "FROM settings AS function\n", "FROM settings AS function\nUSER 0\n"),
    ("workdir_is_absolute", "WORKDIR /app", "WORKDIR app"),
    ("nothing_is_added", "COPY infra/images/gather.sh /", "ADD infra/images/gather.sh /"),
    ("update_is_never_alone", "FROM debian AS app\n", "FROM debian AS app\nRUN apt-get update\n"),
    *(
        ("everything_is_verified", "FROM debian AS app\n", f"FROM debian AS app\n{added}\n")
        for added in (
            "RUN apt-get install -y --allow-unauthenticated x",
            "RUN apt-get install -y --force-yes x",
            "RUN curl -sk https://example.com",
            "RUN curl --insecure https://example.com",
            "RUN wget --no-check-certificate https://example.com",
            "RUN pip install --trusted-host example.com x",
            "ENV PIP_TRUSTED_HOST=example.com",
            "ENV PYTHONHTTPSVERIFY=0",
            "ENV GIT_SSL_NO_VERIFY=1",
            "RUN sudo true",
            "RUN echo root:x | chpasswd",
        )
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_dockerfile_follows_the_rule(rule: Rule) -> None:
    assert rule(Dockerfile(CONTENT)) == []


def test_dockerfile_with_a_pinned_base_follows_every_rule() -> None:
    pinned = Dockerfile(CONTENT.replace(":bookworm-slim AS", f":bookworm-slim@{DIGEST} AS"))
    assert pinned.content != CONTENT
    assert [rule.__name__ for rule in RULES if rule(pinned)] == []


@pytest.mark.parametrize(("name", "old", "new"), BREAKS)
def test_broken_dockerfile_is_detected_by_its_rule(name: str, old: str, new: str) -> None:
    assert CONTENT.count(old) == 1
    broken = Dockerfile(CONTENT.replace(old, new))
    assert name in {rule.__name__ for rule in RULES if rule(broken)}


def test_every_rule_is_broken_once() -> None:
    assert {name for name, _, _ in BREAKS} == {rule.__name__ for rule in RULES}

"""Concurrent password hashes, measured by memory: each takes 19 MiB."""

import os
from concurrent.futures import ThreadPoolExecutor

import yaml

from scripts.local.supervision import REPOSITORY, Supervisor
from tests.support.auth import Client
from tests.support.processes import forget_peak, memory, peak_memory, worker
from tests.support.stacks import StartFunction

HASH_BYTES = 19 * 1024**2
AT_ONCE = 16 * len(os.sched_getaffinity(0))


def of_the_manifest() -> dict[str, str]:
    """Return the plain settings of auth's manifest, one of which makes glibc return freed memory."""
    service = yaml.safe_load((REPOSITORY / "infra/functions/auth.yaml").read_text())
    variables = service["spec"]["template"]["spec"]["containers"][0]["env"]
    own = ("FUNCTION_SOURCE", "FUNCTION_TARGET", "DOWNLOAD_URL")
    return {one["name"]: one["value"] for one in variables if "value" in one and one["name"] not in own}


def test_concurrent_hashes_are_limited(
    settings: dict[str, str], start_function: StartFunction, supervisor: Supervisor
) -> None:
    """With 16 concurrent logins per core, auth never uses the memory of half as many hashes."""
    auth = Client(start_function("auth", settings | of_the_manifest() | {"THREADS": str(AT_ONCE)}))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: auth.verify("no.to.ken"), range(AT_ONCE)))  # starts every thread
        process = worker(supervisor, auth.url)
        idle = memory(process)
        forget_peak(process)
        answers = pool.map(lambda _: auth.login("nobody@example.com", "not the password"), range(4 * AT_ONCE))
        assert {answer.status_code for answer in answers} == {401}
    assert peak_memory(process) - idle < AT_ONCE // 2 * HASH_BYTES

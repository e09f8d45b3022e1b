"""Measures a deployed system, from zero and warm, and writes its tables into the README: `make bench-cluster`.

Functions are called by their Knative routes inside the cluster, through a port-forward of Kourier. Every first request
reaches the function's store, so it includes activator, pod, Python, imports, connection.
"""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path

import requests
from bson import ObjectId

from scripts.local.servers import LOCAL
from tests.bench import bare, clips
from tests.bench.measure import Bare, Spread, rounds, timed
from tests.bench.probe import PROBE, Parts
from tests.support import figures
from tests.support.kubectl import FUNCTIONS, NAMESPACE, forwarded, function_pods, is_true, kubectl, running, service
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

ROUNDS, WARM, CLIPS = 9, 30, 30
README = Path(__file__).with_name("README.md")
STARTS = [
    "function",
    "from zero, s",
    "times bare",
    "Python, framework",
    "own imports",
    "log-in to the store",
    "warm, ms",
]
JOURNEYS = ["what", "to reach", "measured: median (range)"]
MAX_SCALE = "autoscaling.knative.dev/max-scale"
TYPES = {
    "convert": "video2mp3.video.uploaded.v1",
    "notify": "video2mp3.audio.converted.v1",
    "sweep": "dev.knative.sources.ping",
    "deadletter": "video2mp3.video.uploaded.v1",
    "webhook": "video2mp3.audio.converted.v1",
}


@dataclass(frozen=True)
class Cluster:
    """A deployed system with a user, and the address at which Kourier takes requests from inside the cluster."""

    visitor: Visitor
    kourier: str
    mailbox: requests.Session = field(default_factory=requests.Session)

    def ask(self, function: str) -> float:
        """Return the seconds until the function answers an event about a missing job, or a request of a user."""
        headers = {"Host": f"{function}.{NAMESPACE}.svc.cluster.local"}
        if function in TYPES:
            job = str(ObjectId(b"no such job!"))
            event = {"id": f"{job}.bench", "type": TYPES[function], "source": "/bench", "subject": job}
            headers |= {"ce-specversion": "1.0", **{f"ce-{name}": value for name, value in event.items()}}
            ask = partial(requests.post, self.kourier, headers=headers, json={"job": job}, timeout=60)
        else:
            token = str(self.visitor.http.headers["Authorization"])
            headers |= {"Authorization": token, "Idempotency-Key": "bench"}
            paths = {"auth": "/auth/verify", "download": "/jobs", "upload": "/upload?name=nothing.mp4", bare.NAME: "/"}
            method = "POST" if function == "upload" else "GET"
            ask = partial(requests.request, method, self.kourier + paths[function], headers=headers, timeout=60)
        answers: list[requests.Response] = []
        seconds = timed(lambda: answers.append(ask()))
        # An empty upload is rejected after its key was looked up.
        assert answers[0].status_code in ({400, 422} if function == "upload" else {200, 202, 204}), answers[0].text
        return seconds

    def mailed(self, jobs: set[str]) -> bool:
        """Whether there is a mail about each of the jobs, by Mailpit's list, as reading each takes CPU time."""
        query = {"query": f"to:{self.visitor.address}", "limit": "100"}
        found = self.mailbox.get(f"{self.visitor.mailpit}/api/v1/search", params=query, timeout=60).json()["messages"]
        return jobs <= {str(mail["MessageID"]).partition(".")[0] for mail in found}

    def to_mail(self, clip: Path) -> float:
        def way() -> None:
            job = self.visitor.upload(clip)
            eventually(partial(self.mailed, {job}), 120, "the mail", every=0.1)

        return timed(way)

    def drain(self, clip: Path) -> float:
        """Return the seconds from the first upload of many at once to the last mail."""

        def way() -> None:
            with ThreadPoolExecutor(8) as pool:
                jobs = set(pool.map(self.visitor.upload, [clip] * CLIPS))
            eventually(partial(self.mailed, jobs), 300, "the mails", every=0.25)

        return timed(way)


def is_at_zero(*functions: str) -> bool:
    """Whether no pod is left except terminating ones, which take no requests."""
    return all("deletionTimestamp" in pod["metadata"] for pod in function_pods(*functions))


def at_zero(*functions: str) -> None:
    """Return when all functions are at zero, at a random moment of a second.

    A kubelet polls its containers once a second: requests right after a poll would always be quick.
    """
    eventually(partial(is_at_zero, *functions), 300, "all at zero", every=0.2)
    time.sleep(random.random())


def parts(function: str) -> Parts:
    """Return the times of a start inside a pod, measured in a running pod by a second process of the same kind."""
    pod = running(function_pods(function))[0]["metadata"]["name"]
    said = kubectl("exec", pod, "--container=function", "--", "python3.11", "-S", "-P", "-c", PROBE)
    return Parts(**json.loads(said.splitlines()[-1]))


def limit_converters(most: str) -> None:
    """Limit convert to this many pods, as if by its manifest."""
    change = {"spec": {"template": {"metadata": {"annotations": {MAX_SCALE: most}}}}}
    kubectl("patch", "services.serving.knative.dev", "convert", "--type=merge", f"--patch={json.dumps(change)}")
    eventually(lambda: is_true(service("convert"), "Ready"), 120, "the new revision", every=0.5)


def starts(cluster: Cluster) -> Iterator[list[object]]:
    cold: dict[str, list[float]] = {function: [] for function in [bare.NAME, *FUNCTIONS]}
    for number in range(ROUNDS):
        at_zero(*cold)
        for function in random.sample([*cold], len(cold)):
            at_zero(function)  # the PingSource wakes sweep in between
            cold[function].append(cluster.ask(function))
        print(
            f"round {number + 1}: " + ", ".join(f"{name} {times[-1]:.2f}" for name, times in cold.items()), flush=True
        )
    for function, times in cold.items():
        cluster.ask(function)
        ratio = Spread.of([ours / theirs for ours, theirs in zip(times, cold[bare.NAME], strict=True)])
        inside = [f"{part:.2f}" for part in astuple(parts(function))] if function in FUNCTIONS else ["", "", ""]
        warm = Spread.of([1000 * cluster.ask(function) for _ in range(WARM)])
        milliseconds = f"{warm.median:.0f} ({warm.low:.0f} to {warm.high:.0f})"
        yield [function, Spread.of(times), ratio, *inside, milliseconds]


def journeys(cluster: Cluster, clip: Path, folder: Path) -> Iterator[list[object]]:
    cold = []
    for _ in range(ROUNDS):
        at_zero(*FUNCTIONS)
        cold.append(cluster.to_mail(clip))
        print(f"  all at zero to the mail: {cold[-1]:.2f}", flush=True)
    yield ["10 s clip, POST to mail, all at zero", "5 s", f"{Spread.of(cold)} s"]
    cluster.to_mail(clip)
    found = rounds(7, lambda: cluster.to_mail(clip), lambda: Bare("ffmpeg", folder).seconds(clip))
    more = Spread.of([ours - theirs for ours, theirs in found])
    bare = Spread.of([theirs for _, theirs in found])
    yield ["10 s clip, POST to mail, warm", "1 s more than bare ffmpeg", f"{more} s more than {bare} s"]
    before = service("convert")["spec"]["template"]["metadata"]["annotations"][MAX_SCALE]
    try:
        for most in ("1", "2"):  # each with a new user: a recipient gets 59 single mails in 24 hours
            limit_converters(most)
            cluster = replace(cluster, visitor=Visitor(cluster.visitor.gateway, cluster.visitor.mailpit))
            cluster.to_mail(clip)
            what = f"{CLIPS} clips at once, until the last mail, at most {most} of convert's pods"
            yield [what, "", f"{cluster.drain(clip):.1f} s"]
    finally:
        limit_converters(before)


def main() -> None:
    folder = LOCAL / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    clip = clips.ten_seconds(folder)
    with (
        forwarded("service/gateway") as gateway,
        forwarded("service/mail") as mailpit,
        forwarded("service/kourier-internal", "kourier-system") as kourier,
    ):
        cluster = Cluster(Visitor(gateway, mailpit), kourier)
        with bare.bare_function():
            lines = figures.table(STARTS, starts(cluster))
        lines += ["", *figures.table(JOURNEYS, journeys(cluster, clip, folder))]
    print(*lines, sep="\n")
    figures.write("make bench-cluster", lines, README)


if __name__ == "__main__":
    main()

"""OWASP's API Security Top 10 of 2023: one test by the name of each risk, at the running system."""

import json
from uuid import uuid4

import pytest
import requests

from tests.journey.authorization.asking import VIDEO, send
from tests.support.auth import PASSWORD, Client
from tests.support.forgery import Bait
from tests.support.people import Member, People
from tests.support.person import From, parsed
from tests.support.problems import assert_problem
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

JOB = {"id", "name", "size", "state", "progress", "reason", "mp3", "created", "options", "video_kept_until"}


@pytest.fixture
def anna(people: People) -> Member:
    return people.newcomer()


@pytest.fixture
def berta(people: People) -> Member:
    return people.newcomer()


def test_api1_broken_object_level_authorization(stack: RunningStack, anna: Member, berta: Member) -> None:
    """An id can be guessed from one's own, and to have guessed it is no right: all that is not one's own is 404."""
    for path, own, others in (("/jobs", anna.job, berta.job), ("/download", anna.mp3, berta.mp3)):
        guesses = [others, *(f"{int(own, 16) + step:024x}" for step in (-3, -2, -1, 1, 2, 3))]
        statuses = [send(stack.url, "GET", f"{path}/{guess}", anna.token).status_code for guess in [own, *guesses]]
        assert statuses == [200] + [404] * 7


def test_api2_broken_authentication(stack: RunningStack, anna: Member) -> None:
    """A stolen token and password are useless at every entry point once the password is changed."""
    new = "another good passphrase"
    change = {"current": PASSWORD, "new": new}
    assert send(stack.url, "POST", "/auth/password", anna.token, json=change).status_code == 204
    for method, path in (("GET", "/jobs"), ("PUT", "/upload?name=a"), ("GET", f"/download/{anna.mp3}")):
        assert send(stack.url, method, path, anna.token).status_code == 401
    logins = [Client(stack.functions["auth"]).login(anna.account.email, password) for password in (PASSWORD, new)]
    assert [login.status_code for login in logins] == [401, 200]


def test_api3_broken_object_property_level_authorization(stack: RunningStack, anna: Member, berta: Member) -> None:
    """A job has the documented fields only; owner, state, id and role in a request are refused or ignored."""
    assert send(stack.url, "GET", f"/jobs/{anna.job}", anna.token).json().keys() == JOB
    says = {"owner": berta.account.id, "email": berta.account.email, "state": "done", "id": berta.job, "role": "admin"}
    assert_problem(send(stack.url, "PUT", "/upload?name=a.mp4", anna.token, params=says, data=VIDEO), 422)
    job = send(stack.url, "PUT", "/upload?name=a.mp4", anna.token, headers=says, data=VIDEO).json()
    assert job.keys() == JOB
    assert (job["state"], job["id"] == berta.job) == ("uploaded", False)
    seen = [send(stack.url, "GET", f"/jobs/{job['id']}", person.token).status_code for person in (anna, berta)]
    assert seen == [200, 404]
    account = says | {"email": f"{uuid4()}@people.example", "password": PASSWORD}
    registered = send(stack.url, "POST", "/auth/register", None, json=account).json()
    assert registered.keys() == {"id", "email"}
    assert registered["id"] != says["id"]


def test_api4_unrestricted_resource_consumption(stack: RunningStack, anna: Member) -> None:
    """One request asks for no more than it should: a page of 100 jobs, an MP3 once, a body of 64 KiB."""
    assert_problem(send(stack.url, "GET", "/jobs?limit=1000000", anna.token), 400)
    ranges = {"Range": "bytes=" + ",".join(["0-"] * 1000)}
    assert len(send(stack.url, "GET", f"/download/{anna.mp3}", anna.token, headers=ranges).content) == 1000
    assert_problem(send(stack.url, "POST", "/auth/register", None, data=bytes(64 * 1024 + 1)), 413)


def test_api5_broken_function_level_authorization(stack: RunningStack, people: People, anna: Member) -> None:
    """Requests of the broker and the gateway are closed to users, by every path, and no header changes a request."""
    event = {"ce-specversion": "1.0", "ce-id": "x", "ce-source": "/x", "ce-type": "video2mp3.video.uploaded.v1"}
    inner = [f"/{name}" for name in stack.functions.keys() - {"auth", "upload", "download", "webhook"}]
    assert len(inner) == 4
    before = people.belongings(anna)
    for path in [*inner, "/.verify", "/.problem", "/admin", "/auth/users", f"/auth/account/{anna.account.id}"]:
        answer = send(stack.url, "POST", path, anna.token, headers=event | {"ce-subject": anna.job})
        assert_problem(answer, 404)
    for header, value in (
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Method-Override", "DELETE"),
        ("X-Original-URL", "/auth/account"),
        ("X-Rewrite-URL", "/auth/account"),
        ("X-User", anna.account.id),
    ):
        answer = send(stack.url, "GET", f"/jobs/{anna.job}", anna.token, headers={header: value})
        assert answer.json()["id"] == anna.job
    assert people.belongings(anna) == before


def test_api6_unrestricted_access_to_sensitive_business_flows(stack: RunningStack) -> None:
    """Registration is rate limited by client address, whatever address a header claims."""
    with requests.Session() as http:
        http.mount("http://", From("127.8.0.1"))
        for number in range(200):
            says = f"10.0.0.{number}"
            headers = {"X-Forwarded-For": says, "X-Real-IP": says, "Forwarded": f"for={says}"}
            answer = http.post(f"{stack.url}/auth/register", b"{}", headers=headers, timeout=30)
            if answer.status_code == 429:
                break
            assert_problem(answer, 400)
    assert_problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0


def test_api7_server_side_request_forgery(stack: RunningStack, anna: Member, bait: Bait) -> None:
    """No address is called because a request names it: as a video, in a video, or as whom it is for."""
    host = bait.url.split("/")[2]
    for headers in ({"Host": host}, {"X-Forwarded-Host": host}, {"Referer": bait.url}, {"Callback": bait.url}):
        assert send(stack.url, "GET", "/jobs", anna.token, headers=headers).status_code == 200
    assert send(stack.url, "GET", f"/download/{bait.url}", anna.token).status_code == 404
    says = {"name": "a.m3u8", "title": bait.url, "comment": bait.url}
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{bait.url}\n#EXT-X-ENDLIST\n".encode()
    job = send(stack.url, "PUT", "/upload", anna.token, params=says, data=playlist).json()["id"]

    def failed() -> bool:
        return bool(send(stack.url, "GET", f"/jobs/{job}", anna.token).json()["state"] == "failed")

    eventually(failed, 60, "the end of a playlist")
    assert not bait.taken()


def test_api8_security_misconfiguration(stack: RunningStack, anna: Member) -> None:
    """No other site may read an answer, none has a version or a traceback, and there is nothing to trace or to list."""
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    for method, path, status in (
        ("OPTIONS", "/jobs", 405),
        ("GET", "/jobs", 200),
        ("GET", f"/download/{anna.mp3}", 200),
        ("GET", "/jobs?limit=x", 400),
        ("POST", "/auth/register", 400),
        ("TRACE", "/jobs", 405),
        ("GET", "/.git/config", 404),
        ("GET", "/jobs/", 404),
    ):
        answer = send(stack.url, method, path, anna.token, headers=origin)
        assert answer.status_code == status, path
        assert not [name for name in answer.headers if name.lower().startswith(("access-control", "x-powered"))]
        assert answer.headers["Server"] == "nginx"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/v1{}", "/v0{}", "/api{}", "/beta{}", "{}.json", "{}.old", "{}~", "{};v=1"])
def test_api9_improper_inventory_management(stack: RunningStack, anna: Member, path: str) -> None:
    """A route has one address and one version: there is no older, newer or other one that lags behind.

    test_matrix_lists_every_route shows that the routes are exactly those of the matrix.
    """
    for method, route in (("GET", f"/jobs/{anna.job}"), ("GET", f"/download/{anna.mp3}"), ("GET", "/auth/verify")):
        answer = send(stack.url, method, path.format(route), anna.token)
        assert_problem(answer, 404)


def test_api10_unsafe_consumption_of_apis(stack: RunningStack, people: People, anna: Member) -> None:
    """Events are hints: the job alone decides what is sent, and to whom; an invalid event causes no failure.

    tests/integration/auth/test_deletion.py shows that auth follows no redirect of download.
    """
    mallory, before = f"{uuid4()}@mallory.example", people.belongings(anna)
    lies = json.dumps({"job": anna.job, "mp3": anna.job, "code": "no_audio", "email": mallory, "to": mallory})
    for function in ("convert", "notify", "webhook"):
        for kind in ("video.uploaded", "audio.converted", "conversion.failed"):
            for subject in (anna.job, "", "nonsense", '{"$ne": ""}', "a" * 2000):
                headers = {"ce-specversion": "1.0", "ce-id": str(uuid4()), "ce-source": "/x", "ce-subject": subject}
                headers |= {"ce-type": f"video2mp3.{kind}.v1", "Content-Type": "application/json"}
                answer = send(stack.functions[function], "POST", "/", None, headers=headers, data=lies)
                assert answer.status_code < 500
    assert people.belongings(anna) == before
    assert mallory not in {parsed(mail.read_bytes())["To"] for mail in stack.mail.glob("*.eml")}

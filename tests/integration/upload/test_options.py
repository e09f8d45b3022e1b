"""The caller's options go with the video to its job."""

import pytest

from tests.integration.upload.store import Store
from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.sending import FORM, Sending, form

FILE = ('name="file"; filename="clip.mp4"', b"video")
QUALITY, START = ('name="quality"', b"128k"), ('name="start"', b"1:30")
ASKED = {"quality": "128k", "start": "90"}


@pytest.mark.parametrize("parts", [(FILE, QUALITY, START), (QUALITY, START, FILE), (QUALITY, FILE, START)])
def test_form_field_is_an_option(caller: Caller, store: Store, parts: tuple[tuple[str, bytes], ...]) -> None:
    """Before the file or behind it; the job has the options in one spelling."""
    answer = caller.call("POST", "/upload", data=form(*parts), headers=FORM)
    assert answer.status_code == 202, answer.text
    assert answer.json()["options"] == ASKED
    (job,) = store.jobs(caller.user)
    assert job["options"] == ASKED


def test_query_has_options(caller: Caller, store: Store) -> None:
    """Beside the name."""
    query = {"name": "clip.mp4", "quality": "128k", "start": "1:30"}
    assert caller.call("PUT", "/upload", params=query, data=b"video").json()["options"] == ASKED
    (job,) = store.jobs(caller.user)
    assert job["options"] == ASKED


def test_form_and_query_have_options_together(caller: Caller) -> None:
    answer = caller.call("POST", "/upload?quality=128k", data=form(START, FILE), headers=FORM)
    assert answer.json()["options"] == ASKED


def test_job_without_options_is_stored_without_them(caller: Caller, store: Store) -> None:
    """As those of the version before."""
    assert caller.call("POST", "/upload?name=clip.mp4", data=b"video").json()["options"] == {}
    (job,) = store.jobs(caller.user)
    assert "options" not in job


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("qualty=128k", "qualty"),
        ("quality=128", "quality"),
        ("quality=0&quality=1", "quality"),
        ("start=9&end=8", "end"),
    ],
)
def test_wrong_option_in_the_query_is_refused_before_the_body(
    caller: Caller, store: Store, query: str, named: str
) -> None:
    """The answer names the option while the body has not begun."""
    before = store.counts()
    with Sending(caller, f"/upload?name=clip.mp4&{query}", 1000) as sending:
        status, answer = sending.answer()
    assert status == 422
    assert f"`{named}`" in answer.decode()
    store.assert_as_before(before)


@pytest.mark.parametrize("query", ["name=caf%E9.mp4", "name=clip.mp4&title=%FF"])
def test_query_that_is_not_utf8_is_refused(caller: Caller, query: str) -> None:
    """Nobody knows which characters were meant."""
    answer = caller.call("POST", f"/upload?{query}", data=b"video")
    assert_problem(answer, 422)
    assert "UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize(
    "field", [('name="title2"', b"x"), ('name="channels"', b"5.1"), ('name="title"', b"caf\xe9"), ('name="name"', b"x")]
)
@pytest.mark.parametrize("first", [True, False])
def test_wrong_field_is_refused(caller: Caller, store: Store, field: tuple[str, bytes], *, first: bool) -> None:
    """The video is not kept, and the answer names the field."""
    before = store.counts()
    parts = (field, FILE) if first else (FILE, field)
    answer = caller.call("POST", "/upload", data=form(*parts), headers=FORM)
    assert_problem(answer, 422)
    assert f"`{field[0][6:-1]}`" in answer.json()["detail"]
    store.assert_as_before(before)


def test_option_in_form_and_query_is_given_twice(caller: Caller) -> None:
    answer = caller.call("POST", "/upload?quality=128k", data=form(QUALITY, FILE), headers=FORM)
    assert_problem(answer, 422)

"""Jobs that version 0.1 has stored are finished by this version, each exactly once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId, json_util
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP, Conversions
from functions.shared.job.indexes import make_indexes
from functions.shared.job.owned import Jobs
from functions.shared.job.reopening import Reopening
from functions.shared.job.upgrade import upgrade
from functions.shared.mongo import Document
from tests.integration.job.system import System

FILES = sorted((Path(__file__).parent / "version_0_1").glob("*.json"))
OLD_FIELDS = {"mail", "told"}
END = {"done": "converted", "failed": "failed"}


def load(name: str) -> Document:
    """Return the document as if it had been stored just now."""
    text = (Path(__file__).parent / f"version_0_1/{name}.json").read_text()
    stored = json_util.loads(text, json_options=json_util.JSONOptions(tz_aware=True))
    passed = (datetime.now(UTC) - stored["now"]) // timedelta(milliseconds=1) * timedelta(milliseconds=1)

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(part) for name, part in value.items()}
        return value + passed if isinstance(value, datetime) else value

    return dict(moved(stored["document"]))


def store(database: Database[Document], document: Document) -> ObjectId:
    """Store the document with the files that version 0.1 has for it; return its id."""
    done = document["state"] == "done"
    bucket, file = ("mp3s", document["mp3"]["id"]) if done else ("videos", document["_id"])
    if done or document["state"] in {"uploaded", "converting"} or document["reason"]["code"] == "gave_up":
        database[f"{bucket}.files"].insert_one({"_id": file, "length": 11, "uploadDate": datetime.now(UTC)})
        database[f"{bucket}.chunks"].insert_one({"files_id": file, "n": 0, "data": b"eleven byte"})
    database["jobs"].insert_one(document)
    return document["_id"]  # type: ignore[no-any-return]  # a document's values have no types


def test_files_cover_every_state_and_outcome() -> None:
    """The files contain all states, all outcomes of a mail, both kinds of republishing, and replayed jobs."""
    documents = [load(file.stem) for file in FILES]
    assert {document["state"] for document in documents} == {"uploaded", "converting", "done", "failed"}
    outcomes = {document["mail"]["outcome"] for document in documents if "mail" in document}
    assert outcomes == {"pending", "sent", "bounced", "abandoned"}
    assert any("told" in document for document in documents)
    assert any("told" in document.get("mail", {}) for document in documents)
    assert {document["state"] for document in documents if "mailed" in document} == {
        *("uploaded", "converting", "done", "failed")
    }


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_document_of_version_0_1_ends_once(system: System, database: Database[Document], name: str) -> None:
    """The job ends, with one MP3 if it is done; its owner gets one mail about that end, unless version 0.1 sent it."""
    before = load(name)
    job = store(database, before)
    system.run()
    after = system.job(job)
    assert after["state"] in {"done", "failed"}
    assert OLD_FIELDS.isdisjoint(after)
    mp3s = set(database["mp3s.files"].distinct("_id"))
    assert mp3s == {*database["mp3s.chunks"].distinct("files_id")}
    assert mp3s == ({after["mp3"]["id"]} if after["state"] == "done" else set())
    if before["state"] in {"done", "failed"}:
        kept = ("state", "mp3", "reason", "tries", "finished")
        assert [after.get(field) for field in kept[:4]] == [before.get(field) for field in kept[:4]]
    settled = before.get("mail", {}).get("outcome", "pending") != "pending"
    known = before.get("mailed") == after["state"]
    assert system.mail.mails == ({} if settled or known else {f"{job}.{END[after['state']]}": 1})
    assert after["deliveries"]["mail"]["outcome"] == (before["mail"]["outcome"] if settled else "sent")
    assert all(after[field] == before[field] for field in ("owner", "email", "name", "size"))
    assert after.get("key") == before.get("key")


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_upgrade_keeps_leases_and_can_be_repeated(database: Database[Document], name: str) -> None:
    """The leases, tries and outcomes are the same under their new names; a second upgrade finds nothing to do."""
    before = load(name)
    job = store(database, before)
    expected: Document = {field: value for field, value in before.items() if field not in OLD_FIELDS}
    if "told" in before:
        expected["republish"] = before["told"]
    if "mail" in before:
        mail = {("republish" if field == "told" else field): value for field, value in before["mail"].items()}
        expected["deliveries"] = {"mail": mail | ({"delivered": before["mailed"]} if "mailed" in before else {})}
    assert upgrade(database) == len(OLD_FIELDS & before.keys())
    after = database["jobs"].find_one({"_id": job})
    assert after == expected
    assert upgrade(database) == 0
    assert database["jobs"].find_one({"_id": job}) == after


def test_running_lease_of_version_0_1_is_respected(system: System, database: Database[Document]) -> None:
    """No second attempt begins, and no second mail is sent, while a pod of version 0.1 holds the lease."""
    converting, mailing = store(database, load("converting")), store(database, load("done-mail-claimed"))
    assert Conversions(database).claim(converting) is None
    for _ in range(2):  # before the upgrade and after it
        system.notifier.notify(mailing)
        upgrade(database)
    assert not system.mail.mails
    assert system.job(converting)["tries"] == 1


def test_redelivery_keeps_the_video_of_a_job_that_gave_up(system: System, database: Database[Document]) -> None:
    """A replay needs it, whichever version gave the job up and whatever message it gave as the reason."""
    before = load("gave-up")
    assert before["reason"] == vars(GAVE_UP)  # convert of version 0.1 compares all of it
    other = before | {"_id": ObjectId(), "reason": {"code": "gave_up", "message": "Another text."}}
    for job in (store(database, before), store(database, other)):
        system.converter.convert(job)
        assert database["videos.files"].count_documents({"_id": job}) == 1
        assert Reopening(database).reopen(job, video_stored=True)


def test_idempotency_key_of_version_0_1_returns_its_job(database: Database[Document]) -> None:
    """A retry of an upload that version 0.1 has accepted creates no second job."""
    before = load("uploaded")
    job = store(database, before)
    made = Jobs(database).create(
        ObjectId(), owner=before["owner"], email="x@people.example", name="x", size=1, key=before["key"]
    )
    assert made.id == job
    assert database["jobs"].count_documents({}) == 1


def test_upgrade_is_found_by_index(database: Database[Document]) -> None:
    """A tick reads only the documents that are left to upgrade, however many jobs there are."""
    database["jobs"].insert_many([{"owner": "x", "created": datetime.now(UTC) + timedelta(n)} for n in range(50)])
    store(database, load("done"))
    for field in OLD_FIELDS:
        plan = database["jobs"].find({field: {"$exists": True}}).explain()
        assert plan["executionStats"]["totalDocsExamined"] <= 1


def test_index_of_version_0_1_is_dropped(database: Database[Document]) -> None:
    """The set-up removes the index on the old name of a mail's lease."""
    old = database["jobs"].create_index("mail.lease", partialFilterExpression={"mail.outcome": "pending"})
    make_indexes(database)
    assert old not in database["jobs"].index_information()

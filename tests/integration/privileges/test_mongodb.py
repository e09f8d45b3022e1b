"""The privileges of each MongoDB user, on a real server; all other tests show that they suffice."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from functions.shared.mongo import Document
from infra.mongodb.setup import RIGHTS, WHOLE_DATABASE
from tests.support.stacks import Server

UNAUTHORIZED, AUTHENTICATION_FAILED = 13, 18
BUCKETS = ("videos.files", "videos.chunks", "mp3s.files", "mp3s.chunks")
COLLECTIONS = ("jobs", "owners", "quotas", "uploads", "recipients", "feeds", "webhooks", "dead", *BUCKETS, "others")
NO_DOCUMENT = {"_id": ObjectId()}

ACTIONS: dict[str, Callable[[Collection[Document]], object]] = {
    "find": lambda collection: list(collection.aggregate([{"$match": NO_DOCUMENT}])),
    "insert": lambda collection: collection.insert_one({"files_id": ObjectId(), "n": 0, "of": "test_mongodb"}),
    "update": lambda collection: collection.update_one(NO_DOCUMENT, {"$set": {"name": "x"}}),
    "remove": lambda collection: collection.delete_many(NO_DOCUMENT),
    "createIndex": lambda collection: collection.create_index("of"),
    "dropIndex": lambda collection: collection.drop_indexes(),
    "dropCollection": lambda collection: collection.drop(),
    "renameCollection": lambda collection: collection.rename("mine"),
    "collMod": lambda collection: collection.database.command("collMod", collection.name, validator={}),
}

# In the shared database.
COMMANDS: dict[str, Document] = {
    "look what there is": {"listCollections": 1},
    "make a collection": {"create": "mine"},
    "drop everything": {"dropDatabase": 1},
    "join two collections of which one is another's": {
        "aggregate": "jobs",
        "cursor": {},
        "pipeline": [{"$lookup": {"from": "others", "as": "x", "localField": "_id", "foreignField": "_id"}}],
    },
    "see the users": {"usersInfo": 1},
    "make a user": {"createUser": "mine", "pwd": "x", "roles": []},
    "make a role": {"createRole": "mine", "roles": ["root"], "privileges": []},
}


@pytest.fixture(scope="session")
def administrator(mongodb: Server) -> Iterator[Database[Document]]:
    with MongoClient[Document](mongodb.url) as client:
        database = client["video2mp3"]
        database["others"].insert_one({})
        yield database
        database.drop_collection("others")


@pytest.fixture(scope="session", params=RIGHTS)
def user(
    request: pytest.FixtureRequest, mongodb: Server, administrator: Database[Document]
) -> Iterator[Database[Document]]:
    """The database, with the login of the user of that name."""
    with MongoClient[Document](mongodb.url_of(request.param)) as client:
        yield client["video2mp3"]
    for collection in COLLECTIONS:
        administrator[collection].delete_many({"of": "test_mongodb"})


@pytest.fixture
def role(user: Database[Document], request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["user"])


def code_of(attempt: Callable[[], object]) -> int | None:
    """Return the error code of MongoDB, None if the command succeeds."""
    try:
        attempt()
    except OperationFailure as error:
        return error.code
    return None


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_user_has_exactly_the_privileges_of_the_table(
    user: Database[Document], role: str, collection: str, action: str
) -> None:
    """Each action on each collection is allowed if the set-up's table lists it, and denied otherwise."""
    allowed = action in RIGHTS[role].get(collection, ())
    assert code_of(lambda: ACTIONS[action](user[collection])) == (None if allowed else UNAUTHORIZED)


@pytest.mark.parametrize("what", COMMANDS)
def test_user_has_no_privileges_on_the_database_itself(user: Database[Document], what: str) -> None:
    """No user lists, creates or drops collections, or creates users."""
    assert code_of(lambda: user.command(COMMANDS[what])) == UNAUTHORIZED


def test_user_cannot_grant_itself_roles_or_change_passwords(user: Database[Document], role: str) -> None:
    """A compromised function can neither extend its privileges nor lock others out."""
    assert code_of(lambda: user.command("grantRolesToUser", role, roles=["readWrite"])) == UNAUTHORIZED
    assert code_of(lambda: user.command("updateUser", role, pwd="x")) == UNAUTHORIZED


@pytest.mark.parametrize("database", ["admin", "local", "config", "bench"])
def test_user_cannot_read_other_databases(user: Database[Document], database: str) -> None:
    """The databases `admin`, `local` and every other database are denied."""
    other = user.client[database]
    for collection in ("system.users", "startup_log", "jobs"):
        assert code_of(other[collection].find_one) == UNAUTHORIZED
    assert code_of(lambda: other["jobs"].insert_one({})) == UNAUTHORIZED


@pytest.mark.parametrize(
    ("action", "collection", "users"),
    [
        ("insert", "jobs", {"upload"}),
        ("update", "jobs", {"convert", "notify", "webhook", "sweep", "replay"}),
        ("remove", "jobs", {"download", "sweep"}),
        ("insert", "videos.chunks", {"upload"}),
        ("find", "videos.files", {"convert", "sweep", "replay"}),
        ("insert", "mp3s.files", {"convert"}),
        ("find", "mp3s.files", {"download", "sweep"}),
        ("update", "videos.chunks", set()),
        ("update", "mp3s.chunks", set()),
        ("remove", "videos.files", {"upload", "convert", "download", "sweep"}),
        ("remove", "mp3s.files", {"convert", "download", "sweep"}),
        ("insert", "dead", {"deadletter"}),
        ("find", "dead", {"deadletter", "replay"}),
        ("update", "quotas", {"upload"}),
        ("update", "recipients", {"notify"}),
        ("find", "feeds", {"download"}),
        ("find", "webhooks", {"webhook"}),
        ("find", "quotas", {"upload", "convert"}),
        ("update", "uploads", {"upload"}),
        ("remove", "uploads", {"upload", "download", "sweep"}),
        ("update", "owners", {"convert", "download"}),
    ],
)
def test_critical_privileges_have_few_users(action: str, collection: str, users: set[str]) -> None:
    """Only these users create and end jobs, read and store media: an extra entry in the table fails here."""
    assert {user for user, rights in RIGHTS.items() if action in rights.get(collection, ())} == users


def test_no_user_has_privileges_beyond_documents() -> None:
    """The table lists four actions only; one user sees the database's sizes too."""
    granted = {(user, name, action) for user, rights in RIGHTS.items() for name in rights for action in rights[name]}
    beyond = {each for each in granted if each[2] not in {"find", "insert", "update", "remove"}}
    assert beyond == {("upload", WHOLE_DATABASE, "dbStats")}


def test_wrong_password_is_rejected(mongodb: Server) -> None:
    """A missing password and another user's password are rejected too."""
    parts = urlsplit(mongodb.url)
    address = f"{parts.hostname}:{parts.port}"
    upload, sweep = (urlsplit(mongodb.url_of(user)) for user in ("upload", "sweep"))
    for login in ("upload:wrong", f"upload:{sweep.password}", f"sweep:{upload.password}", "nobody:x"):
        with MongoClient[Document](f"mongodb://{login}@{address}/video2mp3") as client:
            assert code_of(client["video2mp3"]["jobs"].find_one) == AUTHENTICATION_FAILED


def test_login_without_password_is_rejected(mongodb: Server) -> None:
    """Without a login nothing can be read, and no first user created, as one exists."""
    parts = urlsplit(mongodb.url)
    with MongoClient[Document](f"mongodb://{parts.hostname}:{parts.port}/video2mp3") as client:
        assert code_of(client["video2mp3"]["jobs"].find_one) == UNAUTHORIZED
        assert code_of(lambda: client["admin"].command("createUser", "x", pwd="x", roles=["root"])) == UNAUTHORIZED

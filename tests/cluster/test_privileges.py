"""The secrets of each function and its database privileges; tests/integration/privileges tests each privilege."""

import json
from typing import Any

import pytest

from tests.support.kubectl import NAMESPACE, items, run_python, service

pytestmark = pytest.mark.timeout(300)

SECRETS = {
    "auth": {"mysql-auth", "jwt-private", "jwt-public", "gateway"},
    "upload": {"mongodb-upload", "mysql-upload", "jwt-public", "gateway"},
    "convert": {"mongodb-convert"},
    "notify": {"mongodb-notify", "mysql-notify", "smtp"},
    "download": {"mongodb-download", "mysql-download", "jwt-public", "gateway", "link-keys"},
    "sweep": {"mongodb-sweep", "mysql-sweep"},
    "webhook": {"mongodb-webhook", "mysql-webhook", "jwt-public", "gateway"},
    "deadletter": {"mongodb-deadletter"},
}
PUBLISHERS = {"auth", "upload", "convert", "sweep"}
MONGODB = """
import json, os, pymongo
database = pymongo.MongoClient(os.environ["MONGODB_URL"], timeoutMS=20000).get_default_database()
said = {}
for name, ask in {
    "read jobs": lambda: database["jobs"].find_one(),
    "read dead letters": lambda: database["dead"].find_one(),
    "remove a job": lambda: database["jobs"].delete_one({"_id": "nobody's"}),
    "list users": lambda: database.client.admin.command("usersInfo", 1),
}.items():
    try:
        ask()
    except pymongo.errors.OperationFailure as error:
        said[name] = error.details["codeName"]
    else:
        said[name] = "done"
print(json.dumps(said))
"""
MYSQL = """
import json, os, pymysql
from urllib.parse import unquote, urlsplit
url = urlsplit(os.environ["MYSQL_URL"])
connection = pymysql.connect(host=url.hostname, port=url.port or 3306, user=unquote(url.username),
                             password=unquote(url.password), database=url.path[1:])
said = {}
for statement in ("SELECT count(*) FROM users", "DROP TABLE sessions", "CREATE TABLE mine (id INT)",
                  "SELECT user FROM mysql.user"):
    try:
        connection.cursor().execute(statement)
    except pymysql.MySQLError as error:
        said[statement] = error.args[0]
    else:
        said[statement] = "done"
print(json.dumps(said))
"""
COMMAND_DENIED = 1142


def pod_of(function: str) -> dict[str, Any]:
    revision = service(function)["status"]["latestReadyRevisionName"]
    (deployment,) = items("deployments", f"serving.knative.dev/revision={revision}")
    return dict(deployment["spec"]["template"]["spec"])


@pytest.mark.parametrize("function", SECRETS)
def test_function_gets_its_own_secrets_only(function: str) -> None:
    """A function gets its own secrets, and only functions that publish events get the broker's address."""
    pod = pod_of(function)
    container = next(container for container in pod["containers"] if container["name"] == "function")
    references = [variable.get("valueFrom", {}).get("secretKeyRef") for variable in container["env"]]
    assert {reference["name"] for reference in references if reference} == SECRETS[function]
    assert str(pod).count("ecretKeyRef") == len(SECRETS[function])
    assert "envFrom" not in container
    assert all("secret" not in volume and "projected" not in volume for volume in pod.get("volumes", []))
    assert ("K_SINK" in {variable["name"] for variable in container["env"]}) is (function in PUBLISHERS)


def test_convert_has_only_its_privileges_in_mongodb() -> None:
    """With convert's password jobs can be read, but not removed, and dead letters and users cannot be read."""
    said = run_python(MONGODB, function="convert", secrets={"MONGODB_URL": "mongodb-convert/url"}, namespace=NAMESPACE)
    outcomes = json.loads(said)
    assert outcomes.pop("read jobs") == "done"
    assert set(outcomes.values()) == {"Unauthorized"}, outcomes


def test_auth_reads_its_tables_and_cannot_alter_them() -> None:
    """With auth's password users can be read; no table can be dropped or created, nor the server's users read."""
    said = run_python(MYSQL, function="auth", secrets={"MYSQL_URL": "mysql-auth/url"}, namespace=NAMESPACE)
    outcomes = json.loads(said)
    assert outcomes.pop("SELECT count(*) FROM users") == "done"
    assert set(outcomes.values()) == {COMMAND_DENIED}, outcomes

"""The content of MongoDB, read by a pod with the administrator's password."""

import json

from tests.support.kubectl import NAMESPACE, run_python

ADMIN = {"MONGODB_URL": "mongodb-admin/url"}
MP3S = """
import json, os, pymongo
database = pymongo.MongoClient(os.environ["MONGODB_URL"]).get_default_database("video2mp3")
print(json.dumps([str(id) for id in database["mp3s.files"].distinct("_id")]))
"""
DEAD = """
import os, sys, time, pymongo
database = pymongo.MongoClient(os.environ["MONGODB_URL"]).get_default_database("video2mp3")
end = time.monotonic() + 120
while not (found := database["dead"].find_one({"subject": sys.argv[1]})):
    if time.monotonic() > end:
        raise SystemExit("no dead letter of this job came")
    time.sleep(0.5)
print(found["code"])
"""
TRIES = """
import bson, os, pymongo, sys
database = pymongo.MongoClient(os.environ["MONGODB_URL"]).get_default_database("video2mp3")
print(database["jobs"].find_one({"_id": bson.ObjectId(sys.argv[1])})["tries"])
"""


def mp3s() -> set[str]:
    """Return the ids of all stored MP3s."""
    return set(json.loads(run_python(MP3S, function="sweep", secrets=ADMIN, namespace=NAMESPACE)))


def code_of_dead_letter(job: str) -> str:
    """Return the error code of the job's dead letter once there is one."""
    return run_python(DEAD, job, function="sweep", secrets=ADMIN, namespace=NAMESPACE).strip()


def attempts(job: str) -> int:
    """Return the number of conversion attempts."""
    return int(run_python(TRIES, job, function="sweep", secrets=ADMIN, namespace=NAMESPACE))

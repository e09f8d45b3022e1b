"""The times of a function's start inside its pod: a program for that pod's Python, and its output."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Seconds: Python with functions-framework and gunicorn, the function's own imports, its log-in to the store."""

    framework: float
    imports: float
    connection: float


# Prints JSON on its last line. The environment of the pod is that of the function. The kernel gives the start of a
# process in hundredths of a second.
PROBE = """
import os, time
def since_start():
    ticks = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
import functions_framework._cli, functions_framework._http.gunicorn, gunicorn.workers.gthread
framework = since_start()
import runpy
began = time.perf_counter()
runpy.run_path(os.environ["FUNCTION_SOURCE"], run_name="main")
imports = time.perf_counter() - began
began = time.perf_counter()
if "MONGODB_URL" not in os.environ:
    import pymysql, urllib.parse
    parts = urllib.parse.urlsplit(os.environ["MYSQL_URL"])
    pymysql.connect(host=parts.hostname, port=parts.port, user=parts.username, password=parts.password, database="auth")
else:
    from functions.shared import mongo
    mongo.database(os.environ["MONGODB_URL"]).command("ping")
connection = time.perf_counter() - began
import json
print(json.dumps({"framework": framework, "imports": imports, "connection": connection}))
"""

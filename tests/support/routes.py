"""The routes of the functions that take HTTP; all others take events."""

import json
import os
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.local.supervision import REPOSITORY
from tests.support.keys import Keys

RULES = """
import json, runpy, sys
rules = runpy.run_path(sys.argv[1])["ROUTES"].iter_rules()
print(json.dumps([[method, rule.rule] for rule in rules for method in rule.methods]))
"""


def of_functions() -> set[tuple[str, str, str]]:
    """Return method, path such as `/jobs/<job>`, and function of each, as the functions themselves know them."""
    keys = Keys(Ed25519PrivateKey.generate(), "k")
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "JWT_PRIVATE_KEY": keys.pem, "JWT_PUBLIC_KEYS": keys.jwks}
    env |= dict.fromkeys(("MYSQL_URL", "MONGODB_URL", "DOWNLOAD_URL", "K_SINK"), "mongodb://nowhere.invalid/x")
    known = set()
    for main in sorted((REPOSITORY / "functions").glob("*/main.py")):
        if "@functions_framework.http" in main.read_text():
            run = subprocess.run([sys.executable, "-c", RULES, main], env=env, capture_output=True, check=True)
            known |= {(method, path, main.parent.name) for method, path in json.loads(run.stdout)}
        else:
            assert "@functions_framework.cloud_event" in main.read_text()
    return known

"""The search for secrets of `make lint`."""

import string
import subprocess
from pathlib import Path
from random import Random

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).parents[3]
NO_SECRETS = ROOT / "scripts/no-secrets.sh"


def drawn(characters: str, length: int) -> str:
    """Return text that looks random to the search, and is the same at each run."""
    return "".join(Random(9).choices(characters, k=length))


def test_each_kind_of_secret_is_found_and_none_is_printed(tmp_path: Path) -> None:
    """A private key, a token, an AWS key and the stores' URLs are found in files that git tracks or would add."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    password = drawn(string.ascii_letters + string.digits, 24)
    aws_secret = drawn(string.ascii_letters + string.digits + "+/", 40)
    planted = {
        "key.pem": pem,
        "token.txt": jwt.encode({"sub": "anna", "email": "anna@acme.net"}, key, "EdDSA"),
        "aws.ini": f"aws_key_id = AKIA{drawn(string.ascii_uppercase, 16)}\naws_secret_access_key = {aws_secret}\n",
        "mongodb.env": f"mongodb://convert:{password}@db.acme.net/video2mp3\n",  # kingfisher:ignore  # no password yet
        "mysql.yaml": f"url: mysql://auth:{password}@db.acme.net:3306/auth\n",
    }
    innocent = {"README.md": "curl -u 'you@example.com:a film for my ears' http://127.0.0.1:8080/auth/login\n"}
    ignored = {".gitignore": "/.local/\n", ".local/key.pem": pem}
    (tmp_path / ".local").mkdir()
    for name, text in (planted | innocent | ignored).items():
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "key.pem"], cwd=tmp_path, check=True)

    search = subprocess.run([NO_SECRETS], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert search.returncode != 0
    found = {line.split(": ")[1].split("/")[-1] for line in search.stdout.splitlines() if line.startswith(" |Path")}
    assert found == set(planted)
    assert ".local/key.pem" not in search.stdout
    assert not any(secret in search.stdout + search.stderr for secret in (password, aws_secret, pem.splitlines()[1]))


def test_images_contain_only_searched_files() -> None:
    """An image contains what these folders and files are made of, in which git ignores nothing but bytecode."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    taken = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    folders = ["functions", "infra/images", "infra/gateway/page"]
    assert (rules[0], taken) == ("*", [*folders, "infra/gateway/render_page.py", "scripts/local/node.txt"])
    files = [
        f"{folder}/{name}" for folder in folders for name in (".env", "key.pem", "url", "auth/settings.local", "x.log")
    ]
    ignored = subprocess.run(["git", "check-ignore", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ignored.returncode, ignored.stdout) == (1, "")

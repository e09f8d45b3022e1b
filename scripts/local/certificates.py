"""The laptop's certificate authority, and the gateway's certificate; openssl creates every key with mode 0600."""

import subprocess
from pathlib import Path

from scripts.local.ports import HOST
from scripts.local.waiting import StackError

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
CA_DAYS, DAYS = 3650, 90


def authority(folder: Path) -> Path:
    """Return the CA's certificate, ca.crt, in the folder; create it and its key the first time.

    Name constraints limit what a thief of the key could sign: certificates for this machine's loopback addresses.
    """
    certificate, key, half = folder / "ca.crt", folder / "ca.key", folder / "ca.half"
    if not certificate.is_file():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        constraints = "nameConstraints=critical,permitted;IP:127.0.0.0/255.0.0.0,permitted;DNS:localhost"
        extensions = ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign", constraints]
        _issue("video2mp3 on this machine", CA_DAYS, key, half, extensions=extensions)
        half.rename(certificate)
    return certificate


def issue(ca: Path, folder: Path) -> Path:
    """Create tls.crt and tls.key for 127.0.0.1 in the folder, signed by the CA, and return the folder.

    The certificate has no host name: browsers would apply the gateway's HSTS to every port of `localhost`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    extensions = [f"subjectAltName=IP:{HOST}", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"]
    signer = ["-CA", str(ca), "-CAkey", str(ca.with_suffix(".key"))]
    _issue("video2mp3", DAYS, folder / "tls.key", folder / "tls.crt", extensions=extensions, signer=signer)
    return folder


def _issue(
    name: str, days: int, key: Path, certificate: Path, *, extensions: list[str], signer: list[str] | None = None
) -> None:
    command = ["openssl", "req", "-x509", *KEY, "-subj", f"/CN={name}", "-days", str(days), *(signer or [])]
    command += ["-config", "/dev/null", "-keyout", str(key), "-out", str(certificate)]
    for extension in extensions:
        command += ["-addext", extension]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise StackError(f"The certificate {certificate} could not be created:\n{made.stderr}")

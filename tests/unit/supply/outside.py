"""Stand-ins for a registry and for GitHub's releases, which `make pin` and the installation ask."""

import hashlib
import json
import ssl
import subprocess
from pathlib import Path

from pytest_httpserver import HTTPServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Registry:
    """Docker Hub, as skopeo finds it by the configuration in `home`: images for two architectures, without layers."""

    def __init__(self, home: Path) -> None:
        self.server = HTTPServer("127.0.0.1", 0)
        self.server.start()
        self.clear()
        folder = home / ".config/containers"
        folder.mkdir(parents=True)
        (folder / "registries.conf").write_text(
            f'[[registry]]\nprefix = "docker.io"\nlocation = "127.0.0.1:{self.server.port}"\ninsecure = true\n'
        )

    def clear(self) -> None:
        """Delete all images."""
        self.server.clear()
        self.server.expect_request("/v2/").respond_with_data("{}")

    def push(self, repository: str, tag: str, content: str) -> str:
        """Let the tag stand for an image with this content, and return the digest of its index."""
        manifests = [self._image(repository, content, architecture) for architecture in ("amd64", "arm64")]
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
        self._serve(f"{repository}/manifests/{tag}", index, INDEX)
        return f"sha256:{sha256(index)}"

    def _image(self, repository: str, content: str, architecture: str) -> dict[str, object]:
        config = json.dumps({"architecture": architecture, "os": "linux", "config": {"Labels": {"content": content}}})
        blob = {"mediaType": CONFIG, "digest": f"sha256:{sha256(config.encode())}", "size": len(config)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": blob, "layers": []}).encode()
        digest = f"sha256:{sha256(manifest)}"
        self._serve(f"{repository}/blobs/{blob['digest']}", config.encode(), "application/octet-stream")
        self._serve(f"{repository}/manifests/{digest}", manifest, MANIFEST)
        platform = {"architecture": architecture, "os": "linux"}
        return {"mediaType": MANIFEST, "digest": digest, "size": len(manifest), "platform": platform}

    def _serve(self, path: str, content: bytes, kind: str) -> None:
        headers = {"Docker-Content-Digest": f"sha256:{sha256(content)}"}
        uri = f"/v2/{path}"
        self.server.expect_request(uri, method="HEAD").respond_with_data(b"", headers=headers, content_type=kind)
        self.server.expect_request(uri, method="GET").respond_with_data(content, headers=headers, content_type=kind)


class Releases:
    """GitHub, as curl finds it by the configuration in `home`: a CA of its own, and connections to this machine."""

    def __init__(self, home: Path) -> None:
        certificate, key = home / "github.crt", home / "github.key"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=github.com"
        files = ["-addext", "subjectAltName=DNS:github.com", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*command.split(), *files], capture_output=True, check=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = HTTPServer("127.0.0.1", 0, ssl_context=context)
        self.server.start()
        (home / ".curlrc").write_text(
            f'cacert = "{certificate}"\nconnect-to = "github.com:443:127.0.0.1:{self.server.port}"\n'
        )

    def publish(self, url: str, content: str) -> str:
        """Serve the content at this URL of GitHub, and return its checksum."""
        path = url.removeprefix("https://github.com")
        self.server.expect_request(path).respond_with_data(content)
        return sha256(content.encode())

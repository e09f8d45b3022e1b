"""The gateway itself: NGINX with the rendered template."""

import subprocess
from pathlib import Path
from string import Template

from tests.integration.auth.ports import free_port, wait_for

TEMPLATE = Path(__file__).parents[3] / "infra" / "gateway" / "nginx.conf.template"


class Gateway:
    """NGINX on a free port in front of these functions, its files in `folder`."""

    def __init__(self, folder: Path, auth: str, upload: str, download: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
        values = {"AUTH_URL": auth, "UPLOAD_URL": upload, "DOWNLOAD_URL": download, "STATE": str(folder)}
        conf = Template(TEMPLATE.read_text()).safe_substitute(values, LISTEN=f"127.0.0.1:{self.port}")
        (folder / "nginx.conf").write_text(conf)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["/usr/sbin/nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")], stdout=log, stderr=log
            )
        wait_for(self.port)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

"""The gateway: NGINX as on the laptop, in front of the given functions."""

import subprocess
from pathlib import Path
from typing import Any

from scripts.local import servers
from scripts.local.ports import HOST, answers, free_port
from scripts.local.waiting import wait_until
from tests.support.auth import GATEWAY_PASSWORD


class Gateway:
    """NGINX on a free port in front of these functions, its files in `folder`; `options` are those of the program."""

    def __init__(self, folder: Path, auth: str, upload: str, download: str, **options: Any) -> None:
        self.port = free_port()
        functions = {"auth": auth, "upload": upload, "download": download, "webhook": download}
        program = servers.gateway(folder, f"{HOST}:{self.port}", functions, GATEWAY_PASSWORD, **options)
        self.url = program.address
        self._log = folder / "log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(program.command, stdout=log, stderr=log)
        wait_until(lambda: answers(self.url), f"the gateway answers; its log is {self._log}", 30)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

"""The ffmpeg of the wheel imageio-ffmpeg: the same version on every machine, whatever Debian has.

https://pypi.org/project/imageio-ffmpeg/. Importing the package takes 80 ms, so its binary is found without an import.
"""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = find_spec("imageio_ffmpeg")
assert _PACKAGE
assert _PACKAGE.origin
[FFMPEG] = Path(_PACKAGE.origin).parent.glob("binaries/ffmpeg-*")

_LOADED = re.compile(r"(/\S+) \(0x")


def files(program: Path) -> list[Path]:
    """Return the files that a program needs to start: itself, the loader, its cache and the libraries that it loads.

    The loader lists the libraries and itself, and starts no program, when it is asked to (ld.so(8)). A statically
    linked program has no loader: it starts, without arguments and input.
    """
    ask = {"LD_TRACE_LOADED_OBJECTS": "1"}
    listed = subprocess.run([program], env=ask, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return [program, Path("/etc/ld.so.cache"), *map(Path, _LOADED.findall(listed.stdout))]

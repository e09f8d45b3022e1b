"""Writes the page as the gateway serves it: `render_page.py MODULES TARGET`, with what npm has installed in MODULES.

The files are below a folder that is named by a hash of their contents, TARGET/HASH, so that browsers may keep them for
ever. TARGET/index.html names them. Each has a compressed copy beside it, for `gzip_static`.
"""

import gzip
import hashlib
import sys
from pathlib import Path

SOURCE = Path(__file__).parent / "page"
# Files of the packages, and as what the page imports them.
MODULES = {
    "modules/preact.js": "htm/preact/standalone.module.js",
    "modules/preact.LICENSE": "htm/LICENSE",
    "modules/tus.js": "tus-js-client/dist/tus.min.js",
    "modules/tus.LICENSE": "tus-js-client/LICENSE",
}
SERVED = {".css", ".js", ".svg"}
LAZY = {"modules/tus.js"}  # imported when an upload starts, as are the words of one language


def render(modules: Path, target: Path) -> None:
    """Write the page; raise OSError if a file is missing."""
    files = {str(path.relative_to(SOURCE)): path for path in SOURCE.rglob("*") if path.suffix in SERVED}
    files |= {name: modules / path for name, path in MODULES.items()}
    contents = {name: path.read_bytes() for name, path in sorted(files.items())}
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + content for name, content in contents.items()))
    folder = digest.hexdigest()[:12]
    early = [name for name in contents if name.endswith(".js") and not name.startswith("words/") and name not in LAZY]
    preloads = "\n".join(f'<link rel="modulepreload" href="/page/{folder}/{name}">' for name in early)
    index = (SOURCE / "index.html").read_text().replace("/page/HASH", f"/page/{folder}")
    index = index.replace("</head>", f"{preloads}\n</head>")
    written = {f"{folder}/{name}": content for name, content in contents.items()} | {"index.html": index.encode()}
    for name, content in written.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    render(*map(Path, sys.argv[1:]))

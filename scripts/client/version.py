"""The installed version."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("video2mp3")
except PackageNotFoundError:  # run from the repository
    VERSION = "0"

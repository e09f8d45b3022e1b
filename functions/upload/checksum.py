"""What a client says about the bytes that it sends: their digest."""

import hashlib

ALGORITHMS = ("sha1", "sha256")


class Checksum:
    def __init__(self, algorithm: str, digest: bytes) -> None:
        """Expect the bytes that have this digest; raise ValueError if the algorithm has no such digests."""
        if algorithm not in ALGORITHMS:
            raise ValueError
        self._hash = hashlib.new(algorithm, usedforsecurity=False)  # it finds damage on the way, not attacks
        if len(digest) != self._hash.digest_size:
            raise ValueError
        self._digest = digest

    @property
    def matches(self) -> bool:
        """Whether the bytes so far are the expected ones."""
        return self._hash.digest() == self._digest

    def update(self, data: bytes) -> None:
        self._hash.update(data)

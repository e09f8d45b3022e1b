"""Which part of a file is asked for (RFC 9110, 14)."""

from werkzeug.http import parse_range_header


class Unsatisfiable(Exception):  # noqa: N818  # RFC 9110's own name
    """The range begins behind the file's end."""


def part(asked: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last that a `Range` header asks of `size` bytes.

    None, which means the whole, when there is no header, when it is malformed, or asks for several parts: a server
    may ignore any range.
    """
    ranges = parse_range_header(asked)
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1:
        return None
    begin, end = ranges.ranges[0]
    if begin < 0:  # the last bytes, which are all when there are not so many
        begin = max(0, size + begin)
    if begin >= size:
        raise Unsatisfiable
    return begin, min(size, end or size)

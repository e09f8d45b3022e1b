"""The requested range of a file (RFC 9110, 14)."""

from werkzeug.http import parse_range_header

from functions.download.errors import Unsatisfiable


def part(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte of a `Range` header's range in `size` bytes, and the byte after the last.

    Returns None, for the whole file, if there is no header or it is malformed or has several ranges: a server may
    ignore any range. Raises Unsatisfiable if the range begins beyond the end.
    """
    ranges = parse_range_header(header)
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1:
        return None
    begin, end = ranges.ranges[0]
    if begin < 0:  # the last bytes, or all if the file has fewer
        begin = max(0, size + begin)
    if begin >= size:
        raise Unsatisfiable(size)
    return begin, min(size, end or size)

"""CRC-16/ARC, which LAME's tag has twice (polynomial 0x8005, reflected, from 0)."""

_PERIOD = 32767  # bits: the polynomial divides x^32767 - 1


def crc(data: bytes, start: int = 0) -> int:
    """Return the CRC of data that follow others whose CRC is `start`."""
    for byte in data:
        start = _TABLE[(start ^ byte) & 0xFF] ^ start >> 8
    return start


def followed(start: int, length: int) -> int:
    """Return the CRC of data whose CRC is `start`, and of `length` zero bytes behind them.

    XOR with the CRC of any `length` bytes gives that of the data and of these bytes.
    """
    for _ in range(8 * length % _PERIOD):
        start = _shifted(start)
    return start


def _shifted(value: int, bits: int = 1) -> int:
    for _ in range(bits):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_TABLE = [_shifted(byte, 8) for byte in range(256)]

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


class Music:
    """The CRC of a stream. Blocks of as many bytes as the polynomial's period has bits may be combined by XOR first."""

    def __init__(self) -> None:
        self._sum = 0
        self._rest = b""
        self._length = 0

    def add(self, data: bytes) -> None:
        self._length += len(data)
        data, whole = self._rest + data, (len(self._rest) + len(data)) // _PERIOD * _PERIOD
        for at in range(0, whole, _PERIOD):
            self._sum ^= int.from_bytes(data[at : at + _PERIOD], "big")
        self._rest = data[whole:]

    def crc(self) -> int:
        block = (self._sum ^ int.from_bytes(self._rest.ljust(_PERIOD, b"\0"), "big")).to_bytes(_PERIOD, "big")
        start = self._length % _PERIOD
        return crc(block[start:] + block[:start])

"""Text whose encoding nobody states: the likeliest code page, by Firefox's detector."""

from collections.abc import Sequence


def decode(texts: Sequence[bytes]) -> list[str]:
    """Decode texts of one origin: as UTF-8 if all of them are, otherwise by the likeliest code page of all together.

    Bytes that are no text in it become U+FFFD.
    """
    try:
        return [text.decode() for text in texts]
    except UnicodeDecodeError:
        from chardetng_py import detect  # noqa: PLC0415  # it takes a cold start some milliseconds, and is rarely needed

        codepage = detect(b" ".join(texts))
        return [text.decode(codepage, errors="replace") for text in texts]

"""Names that a program could take for options, patterns, addresses or commands. The files are valid clips."""

from collections.abc import Iterator

from tests.hostile.case import Case, case, clip

TAKEN = {
    "an option": "-y",
    "an option with a value": "-protocol_whitelist=all.mp4",
    "concat": "concat:canary.ts|canary.ts",
    "a protocol": "http:127.0.0.1",
    "data": "data:video,mp4",
    "a pipe": "pipe:0",
    "a pattern of numbers": "%03d.mp4",
    "a pattern of all": "*.mp4",
    "a pattern of words": "%s%n%p.mp4",
    "a command": "$(touch canary);`touch canary`|touch canary&.mp4",
    "quotes": 'it\'s "a" film.mp4',
    "HTML": "<script>alert(1)<script>.mp4",
    "two dots": "..",
    "a query of a store": '{"$gt": ""}',
    "a query of SQL": "'; DROP TABLE users; --.mp4",
    "255 bytes of UTF-8": "é" * 125 + "x.mp4",
    "writing from right to left": "holiday\u202e4pm.exe",
    "one face of many": "👨‍👩‍👧‍👦.mp4",
}
REFUSED = {
    "a newline": "film\r\nX-Injected: 1.mp4",
    "a zero": "film\0.mp4",
    "folders": "../../../etc/passwd",
    "folders of Windows": "..\\..\\film.mp4",
    "an address": "http://<HTTP>/a.mp4",
    "256 bytes": "x" * 252 + ".mp4",
    "a line's separator": "film\u2028.mp4",
    "nothing but a space": " ",
}


def cases() -> Iterator[Case]:
    for title, name in TAKEN.items():
        yield case(f"a name like {title}", lambda _: clip("mp4"), "done", name=name, seconds=1.1)
    for title, name in REFUSED.items():
        yield case(f"a name with {title}", lambda _: clip("mp4"), "refused", name=name)

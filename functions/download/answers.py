"""Answers with an MP3, whole or a part of it: the same by its id, by a signed link and by a feed."""

import json
from typing import Any

from werkzeug.wrappers import Request, Response

from functions.download import names, ranges
from functions.download.library import Library, Track


def mp3(request: Request, library: Library, track: Track) -> Response:
    """Return 200, 206 or 304 for the request's method and conditions; raise Unsatisfiable, or NotFound."""
    size, tag = track.file.size, f'"{track.file.id}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    if request.if_none_match.contains_weak(str(track.file.id)):
        return Response(None, 304, headers)
    part = None
    if request.method == "GET" and request.headers.get("If-Range") in {None, tag}:
        part = ranges.part(request.headers.get("Range"), size)
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    headers["Content-Disposition"] = names.disposition(names.of_mp3(track.video_name))
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body = library.read(track, start, end) if request.method == "GET" else []
    return Response(body, 206 if part else 200, headers, content_type="audio/mpeg")


def json_(body: dict[str, Any]) -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, 200, {"Cache-Control": "no-store"}, content_type="application/json")

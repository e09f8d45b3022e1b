"""Answers with MP3s: one, whole or a part of it, the same by its id and by a signed link; or many in an archive."""

import json
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Request, Response

from functions.download import chapters, names, podcast, ranges
from functions.download.archive import Archive
from functions.download.errors import NotFound
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


def archive(request: Request, library: Library, tracks: list[Track]) -> Response:
    """Return 200 with a ZIP archive of the MP3s, of a size that is known; always whole."""
    made = Archive(tracks, library)
    headers = {
        "Cache-Control": "private",
        "Accept-Ranges": "none",  # a part could not be made without reading all before it, for the checksums
        "Content-Length": str(made.size),
        "Content-Disposition": names.disposition("video2mp3.zip"),
    }
    return Response(made.read() if request.method == "GET" else [], 200, headers, content_type="application/zip")


def mp3_chapters(library: Library, track: Track) -> Response:
    """Return 200 with the chapters of the MP3; raise NotFound if it has none."""
    found = chapters.read(library.tag(track))
    if not found:
        raise NotFound("This MP3 has no chapters.")
    return json_({"version": "1.2.0", "chapters": found}, podcast.CHAPTERS)


def feed(request: Request, content: bytes) -> Response:
    """Return 200 or 304 with a feed. It has no Last-Modified: an MP3 that was deleted has no time."""
    tag = sha256(content).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if request.if_none_match.contains_weak(tag):
        return Response(None, 304, headers)
    return Response(content, 200, headers, content_type="application/rss+xml; charset=utf-8")


def json_(body: dict[str, Any], content_type: str = "application/json") -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, 200, {"Cache-Control": "no-store"}, content_type=content_type)

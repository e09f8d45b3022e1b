"""A private podcast of a user's MP3s: RSS 2.0 with the extensions that podcast apps read.

https://www.rssboard.org/rss-specification, https://help.apple.com/itc/podcasts_connect/#/itcb54353390,
https://github.com/Podcastindex-org/podcast-namespace. feedgen would take 30 ms to import, and knows no chapters.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Protocol
from xml.etree import ElementTree as ET

from functions.download import names
from functions.shared.job.document import Job

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
CHAPTERS = "application/json+chapters"
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # https://www.w3.org/TR/xml/#charsets

for prefix, namespace in (("itunes", ITUNES), ("podcast", PODCAST), ("atom", ATOM)):
    ET.register_namespace(prefix, namespace)


class Enclosures(Protocol):
    """Where an episode's MP3 is."""

    def __call__(self, job: Job) -> str:
        """Return the absolute URL of the job's MP3; its chapters are at that URL followed by `/chapters`."""


def write(jobs: list[Job], enclosure: Enclosures, url: str, home: str) -> bytes:
    """Return the feed of these jobs, all of them done: it is read at `url`, and `home` is the site that it belongs to.

    The same jobs and enclosures make the same bytes.
    """
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    _text(channel, "title", "video2mp3")
    _text(channel, "link", home)
    _text(channel, "description", "The MP3s of your videos. This feed is private: do not share its address.")
    _text(channel, "language", "en")
    _text(channel, "generator", "video2mp3")
    ET.SubElement(channel, f"{{{ATOM}}}link", href=url, rel="self", type="application/rss+xml")
    _text(channel, f"{{{ITUNES}}}author", "video2mp3")
    _text(channel, f"{{{ITUNES}}}explicit", "false")
    _text(channel, f"{{{ITUNES}}}type", "episodic")
    _text(channel, f"{{{ITUNES}}}block", "Yes")  # from directories
    _text(channel, f"{{{PODCAST}}}locked", "yes")  # no hosting service may import it
    ET.SubElement(channel, f"{{{ITUNES}}}category", text="Leisure")
    for job in jobs:
        _episode(channel, job, enclosure(job))
    ET.indent(rss)
    return bytes(ET.tostring(rss, "utf-8", xml_declaration=True))


def _episode(channel: ET.Element, job: Job, url: str) -> None:
    assert job.mp3
    item = ET.SubElement(channel, "item")
    title = names.of_mp3(job.name).removesuffix(".mp3")
    _text(item, "title", title)
    _text(item, "description", f"The sound of {escape(job.name, quote=False)}.")  # apps read it as HTML
    ET.SubElement(item, "guid", isPermaLink="false").text = f"video2mp3:{job.id}"
    _text(item, "pubDate", format_datetime(_ended(job)))
    ET.SubElement(item, "enclosure", url=url, length=str(job.mp3.size), type="audio/mpeg")
    _text(item, f"{{{ITUNES}}}duration", str(max(1, round(job.mp3.duration))))
    _text(item, f"{{{ITUNES}}}explicit", "false")
    ET.SubElement(item, f"{{{PODCAST}}}chapters", url=f"{url}/chapters", type=CHAPTERS)


def _ended(job: Job) -> datetime:
    """Return when the MP3 was stored."""
    assert job.mp3
    return job.mp3.id.generation_time.astimezone(UTC)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _NOT_IN_XML.sub("", text)

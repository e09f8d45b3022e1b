"""The use cases of a feed: make it, read it, end it."""

from datetime import UTC, datetime, timedelta

from functions.download import podcast
from functions.download.errors import Gone, NotFound
from functions.download.feeds import Feed, Feeds
from functions.download.library import Library
from functions.download.links import Link, Links
from functions.shared.job.document import Job
from functions.shared.settings import Url

MAX_EPISODES = 500
# Links are signed by the day, so that a feed stays the same until the next day: they are valid for six days or more.
LINK_DAYS = 7


class Podcasts:
    def __init__(self, feeds: Feeds, library: Library, links: Links, public_url: Url) -> None:
        self._feeds = feeds
        self._library = library
        self._links = links
        self._home = public_url.rstrip("/")

    def renew(self, owner: str) -> str:
        """Return the address of a new feed of the owner's MP3s; the feed before ends, and its links with it."""
        return self._url(self._feeds.renew(owner))

    def show(self, owner: str) -> Feed:
        """Return the owner's feed, or raise NotFound."""
        feed = self._feeds.of(owner)
        if feed is None:
            raise NotFound("You have no feed. Make one with POST /feed.")
        return feed

    def revoke(self, owner: str) -> None:
        """End the owner's feed, if there is one, and its links with it."""
        self._feeds.revoke(owner)

    def find(self, token: str) -> Feed:
        """Return the feed that is read by this token, or raise NotFound."""
        feed = self._feeds.by_token(token)
        if feed is None:
            raise NotFound("Feed not found. Copy its whole address, or make a new one with POST /feed.")
        return feed

    def write(self, feed: Feed, token: str) -> bytes:
        """Return the feed as RSS: the owner's newest MP3s."""
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        expires = today + timedelta(days=LINK_DAYS)

        def enclosure(job: Job) -> str:
            return self._links.url(Link(job.id, feed.mark), expires)

        jobs = self._library.newest(feed.owner, MAX_EPISODES)
        return podcast.write(jobs, enclosure, self._url(token), f"{self._home}/")

    def check(self, link: Link, owner: str) -> None:
        """Raise Gone for a link of a feed that the owner has ended."""
        if link.feed:
            feed = self._feeds.of(owner)
            if feed is None or feed.mark != link.feed:
                raise Gone("The feed of this link has ended. Read the new feed.")

    def _url(self, token: str) -> str:
        return f"{self._home}/feed/{token}.xml"

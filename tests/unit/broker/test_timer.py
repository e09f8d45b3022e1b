from functions.shared.settings import Url
from scripts.local.broker.message import to_http
from scripts.local.broker.timer import Settings, ping


def test_ping_is_as_of_a_ping_source() -> None:
    """A ping carries the source's path and the data of its spec, and an id of its own."""
    settings = Settings(
        "* * * * *", "/apis/v1/namespaces/n/pingsources/p", Url("http://x/"), "UTC", "e30=", "application/json"
    )
    event = ping(settings)
    headers = to_http(event)
    assert headers["ce-type"] == "dev.knative.sources.ping"
    assert headers["ce-source"] == "/apis/v1/namespaces/n/pingsources/p"
    assert (headers["content-type"], event.data) == ("application/json", b"{}")
    assert headers["ce-id"] != to_http(ping(settings))["ce-id"]

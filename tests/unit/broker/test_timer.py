from scripts.local.broker.manifests import PingSource
from scripts.local.broker.message import to_http
from scripts.local.broker.timer import ping


def test_ping_is_that_of_a_ping_source() -> None:
    """A ping has the source's path, no data, and a new id."""
    source = PingSource("/apis/v1/namespaces/n/pingsources/p", "* * * * *", "http://127.0.0.1/")
    first, second = ping(source), ping(source)
    assert to_http(first)["ce-type"] == "dev.knative.sources.ping"
    assert to_http(first)["ce-source"] == "/apis/v1/namespaces/n/pingsources/p"
    assert first.data == b""
    assert to_http(first)["ce-id"] != to_http(second)["ce-id"]

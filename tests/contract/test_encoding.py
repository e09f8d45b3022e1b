import json

import pytest

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker
from tests.contract.events import event

STRUCTURED = {"content-type": "application/cloudevents+json"}


def test_attributes_are_headers_by_their_bare_names(broker: Broker, amqp: Amqp) -> None:
    """Attributes and extensions are AMQP headers without a prefix, and the message is persistent."""
    tap = amqp.tap(broker.exchange)
    request = event(
        "contract.wire", "7", b'{ "a": 1 }', ce_subject="s", ce_myext="1", ce_time="2026-01-02T03:04:05.5+01:00"
    )
    assert broker.post_status(request) == 202
    message = tap.take()
    assert message.headers == {
        "specversion": "1.0",
        "type": "contract.wire",
        "source": "/contract",
        "id": "7",
        "subject": "s",
        "time": "2026-01-02T02:04:05.5Z",
        "content-type": "application/json",
        "myext": "1",
    }
    assert (message.message_id, message.content_type, message.delivery_mode) == ("7", "application/json", 2)
    assert message.body == b'{ "a": 1 }'


def test_missing_time_is_year_one(broker: Broker, amqp: Amqp) -> None:
    """An event without a time has Go's zero time, an event without a content type an empty header."""
    tap = amqp.tap(broker.exchange)
    assert broker.post_status(event(content_type="")) == 202
    message = tap.take()
    assert message.headers["time"] == "0001-01-01T00:00:00Z"
    assert message.headers["content-type"] == ""


@pytest.mark.parametrize(
    ("members", "body"),
    [
        ('"data": { "a": "é" }', ' { "a": "é" }'.encode()),
        ('"data":"\\u00e9"', b'"\\u00e9"'),
        ('"data": null', b" null"),
        ('"data": [1 ], "datacontenttype": "application/json"', b" [1 ]"),
        ('"datacontenttype": "text/json; charset=utf-8", "data": 1', b" 1"),
        ('"data": "\\u00e9\\n", "datacontenttype": "text/plain"', "é\n".encode()),
        ('"datacontenttype": "application/x+json", "data": "{}"', b"{}"),
        ('"data_base64":"AAE=", "datacontenttype": "image/png"', b"\0\1"),
        ('"datacontenttype": "image/png", "data_base64": "AAE="', b"\0\1"),
        ('"subject": "s"', b""),
    ],
)
def test_structured_event_is_unpacked(broker: Broker, amqp: Amqp, members: str, body: bytes) -> None:
    """The body is JSON as it is written, with a space after the colon too; text if the content type is not JSON, as
    which `application/x+json` counts; or the bytes decoded from base64.
    """
    tap = amqp.tap(broker.exchange)
    head = '{"specversion": "1.0", "id": "1", "source": "/contract", "type": "contract.nobody", '
    assert broker.post_status((STRUCTURED, f"{head}{members}}}".encode())) == 202
    message = tap.take()
    assert message.body == body
    assert message.headers["content-type"] == json.loads(f"{{{members}}}").get("datacontenttype", "")


def test_long_id_is_whole_in_its_header(broker: Broker, amqp: Amqp) -> None:
    """AMQP's message id holds 255 bytes: a longer id is cut there, to its length modulo 256, but not in the header."""
    tap = amqp.tap(broker.exchange)
    assert broker.post_status(event(event_id="x" * 300)) == 202
    message = tap.take()
    assert (message.headers["id"], message.message_id) == ("x" * 300, "x" * 44)


def test_typed_extensions_stay_typed(broker: Broker, amqp: Amqp) -> None:
    """Integer and boolean extensions of a structured event are typed headers; null makes no header."""
    tap = amqp.tap(broker.exchange)
    members = {
        "specversion": "1.0",
        "id": "1",
        "source": "/contract",
        "type": "t",
        "n": 7,
        "b": True,
        "s": "7",
        "z": None,
    }
    assert broker.post_status((STRUCTURED, json.dumps(members).encode())) == 202
    headers = tap.take().headers
    assert [headers["n"], headers["b"], headers["s"]] == [7, True, "7"]
    assert "z" not in headers

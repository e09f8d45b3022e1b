"""The functions' logs."""

import logging
from concurrent.futures import ThreadPoolExecutor

from functions.shared import logs
from tests.unit.shared.recorded import recorded


def test_a_record_is_one_line_of_json() -> None:
    """Message, level, logger, time and extras stand in one object on one line, whatever the text."""
    with recorded() as lines:
        logging.getLogger("x").warning("two\nlines", extra={"count": 3})
    (line,) = lines
    assert (line["message"], line["level"], line["logger"], line["count"]) == ("two\nlines", "WARNING", "x", 3)
    assert "timestamp" in line


def test_an_exception_stays_on_its_line() -> None:
    """A traceback is a field of its record."""
    with recorded() as lines:
        try:
            dict[str, str]()["gone"]
        except KeyError:
            logging.getLogger("x").exception("failed")
    (line,) = lines
    assert "KeyError: 'gone'" in line["exc_info"]


def test_records_say_what_they_are_about() -> None:
    """Inside the block every record carries the fields, nested ones too, and none after it."""
    log = logging.getLogger("x")
    with recorded() as lines:
        with logs.about(event="e1", job="j1"):
            with logs.about(job="j2"):
                log.info("inner")
            log.info("outer")
        log.info("after")
    seen = [(line["message"], line.get("event"), line.get("job")) for line in lines]
    assert seen == [("inner", "e1", "j2"), ("outer", "e1", "j1"), ("after", None, None)]


def test_threads_do_not_mix_what_they_are_about() -> None:
    """Each thread's records carry its own fields."""

    def work(number: int) -> None:
        with logs.about(job=str(number)):
            logging.getLogger("x").info("%d", number)

    with recorded() as lines, ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert len(lines) == 100
    assert all(line["message"] == line["job"] for line in lines)

"""The functions' logs."""

import logging
from concurrent.futures import ThreadPoolExecutor

from functions.shared import logs
from tests.unit.shared.recorded import recorded


def test_record_is_one_line_of_json() -> None:
    """A record is one object with message, level, logger, time and extras, whatever its text."""
    with recorded() as lines:
        logging.getLogger("x").warning("two\nlines", extra={"count": 3})
    (line,) = lines
    assert (line["message"], line["level"], line["logger"], line["count"]) == ("two\nlines", "WARNING", "x", 3)
    assert "timestamp" in line


def test_traceback_is_a_field_of_its_record() -> None:
    with recorded() as lines:
        try:
            dict[str, str]()["gone"]
        except KeyError:
            logging.getLogger("x").exception("failed")
    (line,) = lines
    assert "KeyError: 'gone'" in line["exc_info"]


def test_records_have_the_fields_of_their_block() -> None:
    """Blocks nest, and after a block its fields are gone."""
    log = logging.getLogger("x")
    with recorded() as lines:
        with logs.about(event="e1", job="j1"):
            with logs.about(job="j2"):
                log.info("inner")
            log.info("outer")
        log.info("after")
    seen = [(line["message"], line.get("event"), line.get("job")) for line in lines]
    assert seen == [("inner", "e1", "j2"), ("outer", "e1", "j1"), ("after", None, None)]


def test_threads_do_not_mix_their_fields() -> None:
    """Each thread's records have its own fields."""

    def work(number: int) -> None:
        with logs.about(job=str(number)):
            logging.getLogger("x").info("%d", number)

    with recorded() as lines, ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert len(lines) == 100
    assert all(line["message"] == line["job"] for line in lines)

"""What becomes of a mail that the mail server does not take, or the store does not know."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from pymongo.database import Database

from functions.shared.events import audio_converted
from functions.shared.mongo import Document
from scripts.local.ports import HOST, free_port
from scripts.local.supervision import REPOSITORY
from tests.integration.notify.conftest import SETTINGS, SelectiveServer
from tests.support.ingress import deliver
from tests.support.jobs import PAST, ended_job, mail_of
from tests.support.stacks import Server, StartFunction
from tests.support.waiting import eventually


def try_mail(url: str, database: Database[Document], recipient: str) -> tuple[int, object]:
    job = ended_job(database, email=recipient)
    return deliver(url, audio_converted(str(job), str(job))).status_code, job


def test_greylisted_mail_waits_for_its_back_off_and_is_sent_then(
    selective_notify: str, selective: SelectiveServer, database: Database[Document]
) -> None:
    """After a 451 the event is to come again, does nothing before the lease is over, and mails after it."""
    status, job = try_mail(selective_notify, database, "grey@people.example")
    event = audio_converted(str(job), str(job))
    assert status == 503
    assert mail_of(database, job)["outcome"] == "pending"
    assert deliver(selective_notify, event).status_code == 200
    assert selective.rcpt.count("grey@people.example") == 1

    database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.lease": PAST}})
    assert deliver(selective_notify, event).status_code == 200
    assert mail_of(database, job)["outcome"] == "sent"
    assert selective.taken.count("grey@people.example") == 1


def test_mail_that_is_refused_for_good_is_marked_and_not_tried_again(
    selective_notify: str, selective: SelectiveServer, database: Database[Document]
) -> None:
    """A 5xx for the recipient or for the text settles the mail as bounced, with success for the broker."""
    for recipient in ("unknown@people.example", "spam@people.example"):
        status, job = try_mail(selective_notify, database, recipient)
        assert (status, mail_of(database, job)["outcome"]) == (200, "bounced")
        database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.lease": PAST}})
        assert deliver(selective_notify, audio_converted(str(job), str(job))).status_code == 200
        assert selective.rcpt.count(recipient) == 1


def test_address_that_no_mail_can_go_to_bounces(
    selective_notify: str, selective: SelectiveServer, database: Database[Document]
) -> None:
    """A job whose address is none settles as bounced, and the server is not asked."""
    for recipient in ("nobody", "a@b@c", "two@x.example, three@x.example", "é@people.example", "a@x.example\nBcc: b@c"):
        status, job = try_mail(selective_notify, database, recipient)
        assert (status, mail_of(database, job)["outcome"]) == (200, "bounced")
        assert recipient not in selective.rcpt


def test_fault_of_our_own_login_is_no_bounce(selective_notify: str, database: Database[Document]) -> None:
    """A 530 at the recipient asks for our login: the mail stays pending."""
    status, job = try_mail(selective_notify, database, "login@people.example")
    assert (status, mail_of(database, job)["outcome"]) == (503, "pending")


def test_connection_lost_before_the_answer_leaves_the_mail_pending(
    selective_notify: str, database: Database[Document]
) -> None:
    """A server that hangs up before its 250 may not have the mail: it stays pending, its lease a minute ahead."""
    status, job = try_mail(selective_notify, database, "drop@people.example")
    assert (status, mail_of(database, job)["outcome"], mail_of(database, job)["tries"]) == (503, "pending", 1)


def test_redelivery_during_a_slow_exchange_sends_no_second_mail(
    selective_notify: str, selective: SelectiveServer, database: Database[Document]
) -> None:
    """A delivery during another's slow exchange finds the mail claimed."""
    job = ended_job(database, email="slow@people.example")
    event = audio_converted(str(job), str(job))
    began = time.monotonic()
    assert deliver(selective_notify, event).status_code == 200
    assert time.monotonic() - began > 0.4
    assert deliver(selective_notify, event).status_code == 200
    assert selective.taken.count("slow@people.example") == 1


def test_store_that_goes_away_while_a_mail_is_sent_does_not_have_it_sent_again(
    selective_notify: str, selective: SelectiveServer, mongodb: Server, database: Database[Document]
) -> None:
    """What the server has taken is noted once the store is back, though that takes longer than an operation may."""
    job = ended_job(database, email="slow@absent.example")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(deliver, selective_notify, audio_converted(str(job), str(job)))
        eventually(lambda: "slow@absent.example" in selective.rcpt, what="the recipient")
        mongodb.stop()
        time.sleep(7)
        mongodb.start()
        assert answer.result().status_code == 200
    assert mail_of(database, job)["outcome"] == "sent"
    assert selective.taken.count("slow@absent.example") == 1


def test_mail_server_that_is_down_or_wants_a_password_in_clear_text_leaves_the_mail_pending(
    mongodb: Server, selective: SelectiveServer, start_function: StartFunction, database: Database[Document]
) -> None:
    """Refused connections, and a login for which there is no TLS, are answered with 503, and nothing is bounced."""
    host = selective.url.removeprefix("smtp://")
    for smtp in (f"smtp://{HOST}:{free_port()}", f"smtp://user:not-told@{host}", f"smtps://{host}"):
        notify = start_function(
            "notify", {"MONGODB_URL": mongodb.url_of("notify"), "SMTP_URL": smtp, "THREADS": "2", **SETTINGS}
        )
        status, job = try_mail(notify, database, "anybody@people.example")
        assert (status, mail_of(database, job)["outcome"]) == (503, "pending")
        assert "anybody@people.example" not in selective.rcpt


def test_absent_store_is_503_within_10_seconds(selective: SelectiveServer, start_function: StartFunction) -> None:
    """Without its store notify asks the broker to deliver again."""
    nowhere = f"mongodb://{HOST}:{free_port()}/video2mp3"
    notify = start_function("notify", {"MONGODB_URL": nowhere, "SMTP_URL": selective.url, "THREADS": "2", **SETTINGS})
    began = time.monotonic()
    answer = deliver(notify, audio_converted("0" * 24, "1" * 24))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert time.monotonic() - began < 10


def test_wrong_settings_stop_the_start_and_are_all_named() -> None:
    """A process with missing and malformed settings ends at once, names each, and repeats no value."""
    function = {"FUNCTION_SOURCE": "functions/notify/main.py", "FUNCTION_TARGET": "notify"}
    settings = {"SMTP_URL": "http://user:secret@host", "MAIL_FROM": "nobody"}
    env = {"PYTHONPATH": str(REPOSITORY), **function, **settings}
    command = [sys.executable, "-m", "functions.shared.server"]
    ended = subprocess.run(command, check=False, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    for name in ("MONGODB_URL", "MYSQL_URL", "SMTP_URL", "MAIL_FROM", "PUBLIC_URL"):
        assert name in ended.stderr
    assert "secret" not in ended.stderr

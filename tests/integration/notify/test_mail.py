"""What the owner reads."""

import email
import email.policy
import re
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from html import unescape

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.shared.events import audio_converted, conversion_failed, video_uploaded
from functions.shared.mongo import Document
from tests.support.ingress import deliver
from tests.support.jobs import ended_job
from tests.support.stacks import Mailbox


def mails(mailbox: Mailbox, job: ObjectId) -> list[EmailMessage]:
    """Return the mails about a job, by their Message-ID."""
    messages = (
        email.message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        for file in mailbox.folder.glob("*.eml")
    )
    return [message for message in messages if str(job) in message["Message-ID"]]


def texts(mail: EmailMessage) -> tuple[str, str]:
    """Return the plain text and the HTML."""
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    plain, html = (part.get_content() if part else "" for part in parts)
    return plain, html


def lines_of(text: str) -> str:
    """Return the text with plain newlines and no end of an HTML listing."""
    return text.replace("\r\n", "\n").replace("</pre>", "\n")


def test_event_of_an_upload_only_starts_notify(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """It is acknowledged, and the job's mail waits for the event about its end."""
    job = ended_job(database)
    before = database["jobs"].find_one({"_id": job})
    assert deliver(notify, video_uploaded(str(job))).status_code == 200
    assert database["jobs"].find_one({"_id": job}) == before
    assert mails(mailbox, job) == []


def test_done_job_is_mailed_with_all_that_fetching_its_mp3_takes(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """A done job's mail has the MP3's id, the video's name, duration, size and the commands, as text and as HTML."""
    job = ended_job(database)
    mp3 = str((database["jobs"].find_one({"_id": job}) or {})["mp3"]["id"])
    assert deliver(notify, audio_converted(str(job), mp3)).status_code == 200
    (mail,) = mails(mailbox, job)
    for text in texts(mail):
        for fact in (mp3, "film.mp4", "0:01:15", "3.5 MB", "http://gateway.example:8080/auth/login"):
            assert fact in text
        assert f"http://gateway.example:8080/download/{mp3}" in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.03, "0.0 s"), (0.4, "0.4 s"), (9.94, "9.9 s"), (9.96, "0:00:10"), (75.3, "0:01:15"), (5400, "1:30:00")],
)
def test_short_duration_has_its_tenths(
    notify: str, mailbox: Mailbox, database: Database[Document], seconds: float, shown: str
) -> None:
    """A clip of 0.4 s is not one of 0 s."""
    job = ended_job(database, mp3={"id": ObjectId(), "size": 1, "duration": seconds})
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert f"Duration:  {shown}" in texts(mail)[0]


@pytest.mark.parametrize("incomplete", [True, False])
def test_mail_says_that_an_mp3_lacks_some_audio(
    notify: str, mailbox: Mailbox, database: Database[Document], *, incomplete: bool
) -> None:
    job = ended_job(database, **({"incomplete": True} if incomplete else {}))
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    for text in texts(mail):
        assert ("Some of the video" in text) == incomplete


def test_mail_is_addressed_and_marked_as_automatic(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """The mail goes only to the job's address, has our sender, an id of its outcome, and asks for no auto-reply."""
    job = ended_job(database)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert mail["To"] == mail["Delivered-To"] == "owner@people.example"
    assert mail["From"] == "video2mp3 <no-reply@video2mp3.example>"
    assert mail["Return-Path"] == "<no-reply@video2mp3.example>"
    assert mail["Message-ID"] == f"<{job}.converted@video2mp3.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.year > 2020


def test_failed_job_is_mailed_with_its_reason_and_a_way_to_try_again(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """A failed job's mail has the reason's sentence and the commands that upload again."""
    job = ended_job(database, "failed")
    assert deliver(notify, conversion_failed(str(job), "no_audio")).status_code == 200
    (mail,) = mails(mailbox, job)
    assert mail["Message-ID"] == f"<{job}.failed@video2mp3.example>"
    for text in texts(mail):
        assert "The video has no sound track." in text
        assert "http://gateway.example:8080/upload" in text


def test_caught_mail_is_readable_by_its_user_alone(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    job = ended_job(database)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (file,) = [file for file in mailbox.folder.glob("*.eml") if str(job) in file.read_text()]
    assert file.stat().st_mode & 0o777 == 0o600


def test_job_says_what_is_mailed_to_whom_whatever_the_event_says(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """An event of the other type, with another address in it, changes neither text nor recipient."""
    job = ended_job(database)
    forged = conversion_failed(str(job), "no_audio")
    forged.data["email"] = "thief@people.example"
    forged["email"] = "thief@people.example"
    deliver(notify, forged)
    (mail,) = mails(mailbox, job)
    assert mail["Delivered-To"] == "owner@people.example"
    assert mail["Message-ID"] == f"<{job}.converted@video2mp3.example>"


def test_event_that_comes_many_times_is_mailed_once(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """Eight deliveries at once and one later make one mail, and all are answered with success."""
    job = ended_job(database)
    event = audio_converted(str(job), str(ObjectId()))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deliver(notify, event).status_code, range(8)))
    assert [*answers, deliver(notify, event).status_code] == [200] * 9
    assert len(mails(mailbox, job)) == 1


@pytest.mark.parametrize("end", ["done", "failed"])
def test_subject_has_nothing_of_the_name(notify: str, mailbox: Mailbox, database: Database[Document], end: str) -> None:
    """The address may be a stranger's, and the name is the uploader's text: the subject is one of two sentences."""
    job = ended_job(database, end, name="You have won. Call 555-0100.mp4")
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    sentences = {"done": "Your MP3 is ready", "failed": "Your video could not be converted to MP3"}
    assert mail["Subject"] == sentences[end]


@pytest.mark.parametrize(
    "name",
    ["www.evil.example", "holiday.mov", "https:evil.com", "mailto:a@evil.com", "a@b.zip", "x。рф", "evil.com.mp4"],
)
def test_name_makes_no_link(notify: str, mailbox: Mailbox, database: Database[Document], name: str) -> None:
    """A word joiner follows each dot, colon and at sign that could be part of an address; the rest is the name."""
    job = ended_job(database, name=name)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    for text in texts(mail):
        shown = re.search("File name: “(.*)”", text)
        assert shown
        assert not re.search(r"[.:@。](?!mp4$)[^\W\d_]{2}", shown[1])
        assert shown[1].replace("\u2060", "") == name


def test_name_in_any_script_comes_whole(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """Each space and letter of a name of words of one letter; encoded words of a header could lose a space."""
    name = "и первая истории о и и.mp4"  # noqa: RUF001
    job = ended_job(database, name=name)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert all(f"File name: “{name}”" in text for text in texts(mail))


def test_hostile_name_stays_a_name(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """Line breaks, HTML and marks of direction in a video's name make no header, no markup and no other line."""
    name = "a\r\nBcc: thief@people.example\r\n\r\n<script>x</script>\u202e4pm.mp4" + "é" * 200
    job = ended_job(database, name=name)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert mail["Bcc"] is None
    assert mail.get_all("Delivered-To") == ["owner@people.example"]
    plain, html = texts(mail)
    assert "File name: “a Bcc: thief@\u2060people.\u2060example <script>x</script> 4pm.mp4é" in plain
    assert "\nBcc" not in plain
    assert "\u202e" not in plain
    assert "<script>" not in html


@pytest.mark.parametrize("name", ['"' * 255, "é" * 127, "a" * 255], ids=["quotes", "accents", "letters"])
def test_long_name_is_cut_to_60_characters(
    notify: str, mailbox: Mailbox, database: Database[Document], name: str
) -> None:
    """No line is longer than the 998 octets of RFC 5322, also where HTML makes the name six times as long."""
    job = ended_job(database, name=name)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (file,) = [file for file in mailbox.folder.glob("*.eml") if str(job).encode() in file.read_bytes()]
    assert max(len(line) for line in file.read_bytes().splitlines()) <= 998
    (mail,) = mails(mailbox, job)
    for text in texts(mail):
        assert f"File name: “{name[:59]}…”" in unescape(text)


@pytest.mark.parametrize("end", ["done", "failed"])
def test_mail_says_which_options_were_asked_for(
    notify: str, mailbox: Mailbox, database: Database[Document], end: str
) -> None:
    job = ended_job(database, end, options={"quality": "128k", "start": "-90.5", "title": "", "keep": "tags,cover"})
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    for text in texts(mail):
        assert re.search(
            "Options:   quality=128k, start=-90.5, title=“”, keep=tags,cover$", lines_of(text), re.MULTILINE
        )


@pytest.mark.parametrize("options", [{}, {"options": {}}], ids=["of the version before", "none asked for"])
def test_mail_says_nothing_of_options_that_were_not_asked_for(
    notify: str, mailbox: Mailbox, database: Database[Document], options: dict[str, dict[str, str]]
) -> None:
    job = ended_job(database, **options)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert all("Options" not in text for text in texts(mail))


def test_hostile_text_of_an_option_stays_its_value(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """Line breaks, HTML and addresses make no header, no markup, no link and no other line; 30 characters are shown."""
    title = "a\r\nBcc: thief@people.example" + "é" * 900
    job = ended_job(database, options={"title": title, "artist": "<b>www.evil.example</b>", "comment": "x, start=90"})
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    assert mail["Bcc"] is None
    plain, html = texts(mail)
    assert lines_of(plain).partition("Options:   ")[2].partition("\n\n")[0] == (
        "title=“a Bcc: thief@\u2060people.\u2060exampleéé…”,\n               "
        "artist=“<b>www.\u2060evil.\u2060example</b>”, comment=“x, start=90”"
    )
    assert "<b>" not in html


def test_all_options_fit_into_lines_of_80_characters(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    texts_of_the_user = dict.fromkeys(("title", "artist", "album", "genre", "comment"), "word " * 9)
    asked = {"quality": "128k", "channels": "mono", "start": "1", "end": "9.5", "track": "pt-br", "year": "1999"}
    job = ended_job(database, options=asked | texts_of_the_user)
    deliver(notify, audio_converted(str(job), str(ObjectId())))
    (mail,) = mails(mailbox, job)
    listed = lines_of(texts(mail)[0]).partition("    Options:")[2].partition("\n\n")[0].splitlines()
    assert len(listed) > 2
    assert max(map(len, listed[1:])) <= 80
    assert all(f"{name}=" in " ".join(listed) for name in asked | texts_of_the_user)


def test_reason_that_names_what_a_video_has_makes_no_link(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    reason = {"code": "no_such_track", "message": "Its tracks are: 0 evil.example 5.1."}
    job = ended_job(database, "failed", reason=reason)
    deliver(notify, conversion_failed(str(job), "no_such_track"))
    (mail,) = mails(mailbox, job)
    assert all("0 evil.\u2060example 5.1." in text for text in texts(mail))


def test_there_is_nothing_to_mail_about_a_job_that_is_open_or_gone(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """An event about an open job, an unknown one or none at all is answered with success, and nothing is sent."""
    before = len(list(mailbox.folder.glob("*.eml")))
    job = ended_job(database)
    database["jobs"].update_one({"_id": job}, {"$set": {"state": "converting"}, "$unset": {"deliveries": ""}})
    for subject in (str(job), str(ObjectId()), "no id", "$ne"):
        assert deliver(notify, audio_converted(subject, str(ObjectId()))).status_code == 200
    assert len(list(mailbox.folder.glob("*.eml"))) == before


@pytest.mark.parametrize("end", ["done", "failed"])
@pytest.mark.parametrize(
    "named",
    [
        ("summer.mp4", "\u201csummer.mp4\u201d"),
        ("x" * 100, f"\u201c{'x' * 59}\u2026\u201d"),
        ("a\r\nBcc: b@people.example", "\u201ca Bcc: b@\u2060people.\u2060example\u201d"),
        ("visit www.evil.example", "\u201cvisit www.\u2060evil.\u2060example\u201d"),
    ],
)
def test_subject_has_the_file_name_if_the_address_is_verified(
    notify: str, mailbox: Mailbox, database: Database[Document], end: str, named: tuple[str, str]
) -> None:
    """Shown as in the body: short, on one line, and not clickable."""
    name, shown = named
    known, unknown = (ended_job(database, end, name=name, **more) for more in ({"verified": True}, {}))
    for job in (known, unknown):
        deliver(notify, conversion_failed(str(job), "no_audio"))
    (verified,), (other,) = mails(mailbox, known), mails(mailbox, unknown)
    assert verified["Subject"] == f"{other['Subject']}: {shown}"
    assert verified["Bcc"] is None
    assert name[:5] not in other["Subject"]

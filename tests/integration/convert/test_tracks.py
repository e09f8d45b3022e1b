"""Which of several tracks is converted, and the title of the film."""

import pytest

from functions.convert import verdict
from functions.convert.encoder import Encoded
from functions.shared.job.document import Reason
from tests.integration.convert.hearing import Listener
from tests.integration.convert.recordings import PICTURE, Recordings, tone

# Tones of 440 Hz and 880 Hz as tracks 0 and 1.
TWO = f"{tone(440)} {tone(880)} -map 0 -map 1"
SCREEN = "-f lavfi -i color=black:s=720x576:r=25:d=3"
AMV = "-ac 1 -ar 22050 -block_size 882 -f amv"
NONE = "-disposition:a:0 0 -disposition:a:1 0"


@pytest.mark.parametrize(
    ("name", "words", "heard"),
    [
        ("first.mkv", f"{TWO} {NONE} -c:a aac", 440),
        ("most-channels.mkv", f"{TWO} {NONE} -c:a aac -ac:a:0 1 -ac:a:1 2", 880),
        ("default.mkv", f"{TWO} -disposition:a:0 0 -disposition:a:1 default -c:a aac -ac:a:0 6", 880),
        ("comment.mkv", f"{TWO} -disposition:a:0 comment -disposition:a:1 0 -c:a aac -ac:a:0 2", 880),
        ("hearing.ts", f"{TWO} -disposition:a:0 hearing_impaired -c:a mp2 -ac:a:0 2", 880),
        ("visual.ts", f"{TWO} -disposition:a:0 visual_impaired+descriptions -c:a ac3 -ac:a:0 6", 880),
        ("undecodable.mkv", f"{TWO} -disposition:a:0 default -disposition:a:1 0 -c:a:0 dfpwm -c:a:1 aac", 880),
        ("undecodable.mov", f"{TWO} -c:a:0 dfpwm -ac:a:0 2 -c:a:1 aac", 880),
    ],
)
def test_right_track_is_converted(
    listener: Listener, recordings: Recordings, name: str, words: str, heard: int
) -> None:
    """The default one, then one for everybody, then the one with the most channels that can be decoded."""
    mp3 = listener.hear(recordings.make(name, words))
    assert mp3.level(heard) > -30
    assert mp3.level(440 + 880 - heard) < -50


@pytest.mark.parametrize(
    ("name", "words", "track"),
    [
        ("by-number.mkv", f"{TWO} -c:a aac -ac:a:0 6", "1"),
        ("by-language.mkv", f"{TWO} -c:a aac -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger", "de"),
        ("by-language.ts", f"{TWO} -c:a mp2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra", "fr-CA"),
        ("of-a-camera.mov", f"{TWO} -c:a pcm_s16le", "1"),
        ("copied.mkv", f"{TWO} -c:a libmp3lame", "1"),
        ("for-the-blind.mkv", f"{TWO} -c:a aac -disposition:a:1 visual_impaired", "1"),
    ],
)
def test_track_that_is_asked_for_is_converted(
    listener: Listener, recordings: Recordings, name: str, words: str, track: str
) -> None:
    """Whatever the others are; of a camera, it is one of the two sides."""
    mp3 = listener.hear(recordings.make(name, words), track=track)
    assert mp3.level(880) > -30
    assert mp3.level(440) < -50


def test_track_that_is_asked_for_is_not_replaced_by_another_one(listener: Listener, recordings: Recordings) -> None:
    """It cannot be decoded, the other one can."""
    file = recordings.make("undecodable-0.mkv", f"{TWO} -c:a:0 dfpwm -c:a:1 aac")
    assert listener.encode(file, track="0")[0] is verdict.UNSUPPORTED
    assert isinstance(listener.encode(file, track="1")[0], Encoded)


@pytest.mark.parametrize("track", ["1", "fr"])
def test_track_that_there_is_not_is_refused_with_those_that_there_are(
    listener: Listener, recordings: Recordings, track: str
) -> None:
    words = "-c:a aac -metadata:s:a:0 language=eng"
    ended, *_ = listener.encode(recordings.make("english.mkv", f"{PICTURE} {tone()} -c:v mpeg4 {words}"), track=track)
    assert isinstance(ended, Reason)
    assert ended.code == "no_such_track"
    assert "0 English mono." in ended.message


def test_stream_of_a_later_part_is_no_further_track(listener: Listener, recordings: Recordings) -> None:
    """A chained Ogg has one track, though each link has a stream of its own."""
    link = recordings.make("link.ogg", f"{tone()} -c:a libvorbis")
    chain = recordings.join("chain.ogg", link, link)
    assert listener.hear(chain, track="0").encoded.seconds == pytest.approx(6, abs=0.02)
    ended, *_ = listener.encode(chain, track="1")
    assert isinstance(ended, Reason)
    assert ended.code == "no_such_track"


def test_two_tracks_of_a_camera_are_mixed_as_left_and_right(listener: Listener, recordings: Recordings) -> None:
    """The mean of the two is 6 dB lower than each of them."""
    file = recordings.make("camera.mov", f"{TWO} -c:a pcm_s16le")
    apart = listener.hear(file)
    levels = [apart.level(440), apart.level(880, channel=1)]
    mixed = listener.hear(file, channels="mono")
    assert mixed.channels == 1
    assert [mixed.level(440), mixed.level(880)] == pytest.approx([level - 6 for level in levels], abs=0.5)


def test_damaged_track_does_not_hide_a_good_one(listener: Listener, recordings: Recordings) -> None:
    """The packets of the better one are noise."""
    good = recordings.make("two.mov", f"{TWO} -c:a aac -ac:a:0 6 -ac:a:1 1 -b:a:0 384k").read_bytes()
    broken = bytearray(good)
    start, end = good.find(b"mdat") + 4, good.find(b"moov") - 4
    for at in range(start, end, 997):  # one byte of each packet of 384 kbit/s
        broken[at] ^= 0xFF
    assert isinstance(listener.encode(recordings.bytes("one.mov", bytes(broken)))[0], Encoded)


def test_file_without_a_good_track_fails_with_the_reason_of_the_first(
    listener: Listener, recordings: Recordings
) -> None:
    ended, *_ = listener.encode(recordings.make("none.mkv", f"{TWO} -c:a dfpwm"))
    assert ended is verdict.UNSUPPORTED


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "camera.mxf",
            f"{tone(440)} {tone(880)} {SCREEN} -map 2 -map 0 -map 1 -c:v mpeg2video -c:a pcm_s16le -ar 48000",
        ),
        ("camera.mov", f"{TWO} -c:a pcm_s16le"),
        ("camera-aac.mov", f"{TWO} -c:a aac"),
        ("longer.mov", f"{tone(440, 2)} {tone(880, 3)} -map 0 -map 1 -c:a pcm_s24le"),
        ("four.mov", f"{TWO} -map 0 -map 1 -c:a pcm_s16le"),
    ],
)
def test_two_mono_tracks_of_a_camera_are_left_and_right(
    listener: Listener, recordings: Recordings, name: str, words: str
) -> None:
    """Each is heard on its side alone, to the end of the longer one."""
    heard = listener.hear(recordings.make(name, words))
    assert heard.encoded.seconds == pytest.approx(3, abs=0.1)
    assert heard.channels == 2
    assert heard.level(440, 0, end=1.9) == pytest.approx(-21, abs=1)
    assert heard.level(880, 1) == pytest.approx(-21, abs=1)
    assert heard.level(880, 0) < -50
    assert heard.level(440, 1) < -50


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("languages.mov", f"{TWO} -c:a aac -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra"),
        ("film.mp4", f"{TWO} -c:a aac"),
    ],
)
def test_two_mono_tracks_of_a_film_are_two(listener: Listener, recordings: Recordings, name: str, words: str) -> None:
    """Two languages, or tracks of a format of players, are not left and right."""
    heard = listener.hear(recordings.make(name, words))
    assert heard.channels == 1
    assert heard.level(880) < -50


@pytest.mark.parametrize("number", [70, 900])
def test_any_number_of_subtitles_is_no_damage(listener: Listener, recordings: Recordings, number: int) -> None:
    subtitles = recordings.bytes("subtitles.srt", b"1\n00:00:00,000 --> 00:00:02,000\nhello\n")
    words = f"{tone()} -i {subtitles} {'-map 1 ' * number} -map 0 -c:a aac"
    assert listener.hear(recordings.make(f"subtitles-{number}.mkv", words)).encoded.seconds == pytest.approx(3, abs=0.1)


def test_any_number_of_fonts_is_no_damage(listener: Listener, recordings: Recordings) -> None:
    font = recordings.bytes("font.ttf", bytes(1000))
    words = f"{tone()} {PICTURE} {f'-attach {font} ' * 99} -metadata:s:t mimetype=application/x-truetype-font"
    assert listener.hear(recordings.make("fonts.mkv", words)).encoded.seconds == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    ("name", "words", "title"),
    [
        ("track.mp4", "-c:a aac -metadata:s:a:0 title=Track1", None),
        ("track.mkv", "-c:a aac -metadata:s:a:0 title=Track1", None),
        ("track.avi", "-c:a mp2 -metadata:s:a:0 title=Track1", None),
        ("track.mov", "-c:a aac -metadata:s:a:0 title=Track1 -metadata title=Film", "Film"),
        ("film.mkv", "-c:a aac -metadata title=Film", "Film"),
        ("song.ogg", "-c:a libvorbis -metadata title=Song", "Song"),
        ("song.opus", "-c:a libopus -ac 6 -metadata title=Song", "Song"),
        ("song.flac", "-metadata title=Song", "Song"),
    ],
)
def test_title_is_that_of_the_film(
    listener: Listener, recordings: Recordings, name: str, words: str, title: str | None
) -> None:
    """The name of a track is no title. Of an Ogg, the tags of its stream are those of the file."""
    assert listener.hear(recordings.make(name, f"{tone()} {words}")).texts.get("TIT2") == title


@pytest.mark.parametrize(
    ("title", "codepage"),
    [
        ("Café Zürich am See", "cp1252"),
        ("Señor Núñez: “Fiesta”", "cp1252"),
        ("Příliš žluťoučký kůň", "cp1250"),
        ("Летний отпуск 2019", "koi8-r"),
        ("Летний отпуск 2019", "cp1251"),
        ("日本の映画", "shift-jis"),
        ("運動会ソ能表", "shift-jis"),  # with bytes that are a backslash
        ("我的电影", "gbk"),
        ("我的電影", "big5"),
        ("내 영화", "cp949"),
        ("Café Zürich am See", "utf-8"),
    ],
)
@pytest.mark.parametrize("kind", ["avi", "wav"])
def test_title_of_an_unnamed_code_page_is_read(
    listener: Listener, recordings: Recordings, kind: str, title: str, codepage: str
) -> None:
    """RIFF does not say in which code page its texts are."""
    mark = b"title-to-be-replaced-by-another-one"
    made = recordings.make(f"titled.{kind}", f"{tone()} -c:a pcm_s16le -metadata title={mark.decode()}").read_bytes()
    file = recordings.bytes(f"{codepage}.{kind}", made.replace(mark, title.encode(codepage).ljust(len(mark), b"\0")))
    assert listener.hear(file).texts == {"TIT2": title}


@pytest.mark.parametrize(
    ("title", "codepage"),
    [
        ("Señor Núñez: “Fiesta”", "cp1252"),
        ("Příliš žluťoučký kůň", "iso-8859-2"),
        ("Летний отпуск 2019", "cp1251"),
        ("日本の映画", "shift-jis"),
        ("内蒙古的夏天", "gbk"),
        ("Café Zürich am See", "utf-8"),
        ("naïve", "utf-16"),  # which would be Baltic by its bytes alone
    ],
)
@pytest.mark.parametrize("version", [2, 3, 4])
def test_title_that_is_said_to_be_latin1_is_read(
    listener: Listener, recordings: Recordings, version: int, title: str, codepage: str
) -> None:
    """ID3 knows Latin-1 and Unicode; programs write the code page of their machine as Latin-1."""
    text = bytes((codepage == "utf-16",)) + title.encode(codepage)
    frame = b"TT2" + len(text).to_bytes(3, "big") if version == 2 else b"TIT2" + len(text).to_bytes(4, "big") + bytes(2)
    tag = b"ID3" + bytes((version, 0, 0, 0, 0, 0, len(frame + text))) + frame + text
    song = recordings.make("bare.mp3", f"{tone()} -id3v2_version 0").read_bytes()
    assert listener.hear(recordings.bytes("tagged.mp3", tag + song)).texts == {"TIT2": title}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("player.avi", "-f lavfi -i testsrc2=s=160x120:r=25:d=3 -c:v amv -c:a adpcm_ima_amv -strict -1 " + AMV),
        ("broadcast.ts", "-c:a s302m -strict -2 -ar 48000 -ac 2"),
        ("nut.nut", "-c:a aac"),
        ("wavpack.wv", "-c:a wavpack"),
        ("true.tta", "-c:a tta"),
        ("dts.dts", "-c:a dca -strict -2"),
        ("gxf.gxf", f"{SCREEN} -c:v mpeg2video -c:a pcm_s16le -ar 48000"),
    ],
)
def test_rare_formats_are_converted(listener: Listener, recordings: Recordings, name: str, words: str) -> None:
    assert listener.hear(recordings.make(name, f"{tone()} {words}")).level(440) > -25

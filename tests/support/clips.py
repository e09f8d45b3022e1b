"""Videos, and files that are not videos, made by ffmpeg and by hand."""

import random
import subprocess
from pathlib import Path

SECONDS = 3
PICTURE = ["-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={SECONDS}"]
SOUND = ["-f", "lavfi", "-i", f"sine=440:duration={SECONDS}"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast"]
KEY, KEY_ID = "76a6c65c5ea762046bd749a2e632ccbb", "a7e61c373e219033c21091fa607bf3b8"


def ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True, stdin=subprocess.DEVNULL)


class Clips:
    """Makes each file in `folder` when it is first used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def video(self) -> Path:
        """3 s with a tone, the tags that are kept, and some personal ones."""
        said = {"title": "A = title; # \\ é", "artist": "Me", "album": "Mine", "comment": "a remark"}
        private = {"location": "+12.3456+045.6789/", "copyright": "somebody"}
        tags = [word for name, text in (said | private).items() for word in ("-metadata", f"{name}={text}")]
        return self._ffmpeg("video.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", *tags)

    def stereo_mkv(self) -> Path:
        return self._ffmpeg("stereo.mkv", *PICTURE, *SOUND, *H264, "-c:a", "libopus", "-ac", "2")

    def surround(self) -> Path:
        return self._ffmpeg("surround.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", "-ac", "6")

    def digital_silence(self) -> Path:
        return self._ffmpeg("silence.mp4", *PICTURE, "-f", "lavfi", "-i", "anullsrc", "-shortest", *H264, "-c:a", "aac")

    def mp3_sound(self, kind: str, *words: str) -> Path:
        """3 s of MP3 beside a picture in a file of this kind, or alone in one that has none."""
        sound = ["-f", "lavfi", "-i", f"anoisesrc=duration={SECONDS}:amplitude=0.3:sample_rate=44100:seed=1"]
        picture = [] if kind in {"mp3", "wav"} else PICTURE
        codec = ["-c:v", "flv1" if kind == "flv" else "mpeg2video" if kind == "ts" else "mpeg4"]
        words = ("-q:a", "4", "-id3v2_version", "0", *words)
        return self._ffmpeg(f"mp3-sound.{kind}", *sound, *picture, *codec, "-c:a", "libmp3lame", *words)

    def long(self) -> Path:
        """15 min of noise, some seconds of work."""
        noise = ["-f", "lavfi", "-i", "anoisesrc=duration=900:sample_rate=44100"]
        return self._ffmpeg("long.wav", *noise, "-c:a", "pcm_u8")

    def jump(self) -> Path:
        """3 s with a tone, whose timestamps jump by ten hours after the second second."""
        jump = ["-af", "asetpts=PTS+gte(T\\,2)*36000/TB"]
        return self._ffmpeg("jump.mkv", *SOUND, *jump, "-c:a", "pcm_s16le")

    def no_audio(self) -> Path:
        return self._ffmpeg("no-audio.mp4", *PICTURE, *H264)

    def no_packets(self) -> Path:
        return self._ffmpeg("no-packets.mp4", "-i", str(self.video()), "-vn", "-c:a", "copy", "-t", "0")

    def encrypted(self) -> Path:
        key = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY_ID]
        return self._ffmpeg("encrypted.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", *key)

    def protected(self) -> Path:
        """Windows Media whose header says that it is encrypted; its packets are noise."""
        content = bytearray(self._ffmpeg("open.wma", *SOUND, "-c:a", "wmav2").read_bytes())
        said = content.index(bytes.fromhex("4052d1861d31d011a3a400a0c90348f6"))  # the list of codecs
        content[said : said + 16] = bytes.fromhex("14e68a292226174cb935dae07ee9289c")
        packets = content.index(bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")) + 50
        content[packets:] = random.Random(3).randbytes(len(content) - packets)  # no secret
        return self.bytes("protected.wma", bytes(content))

    def picture(self) -> Path:
        return self._ffmpeg("picture.png", *PICTURE, "-frames:v", "1")

    def unsupported(self) -> Path:
        """Sound of a rare decoder that is not on the list."""
        return self._ffmpeg("unsupported.mov", *SOUND, "-c:a", "dfpwm")

    def without_its_end(self) -> Path:
        """Truncated before the index, which is at the end."""
        return self.bytes("cut.mp4", self.video().read_bytes()[:20_000])

    def noise_inside(self) -> Path:
        """The index is complete, but the data are noise."""
        content = bytearray(self.video().read_bytes())
        start, end = content.find(b"mdat") + 4, content.find(b"moov") - 4
        content[start:end] = random.Random(1).randbytes(end - start)  # no secret
        return self.bytes("noise-inside.mp4", bytes(content))

    def noise(self) -> Path:
        return self.bytes("noise.mp4", random.Random(2).randbytes(100_000))  # no secret

    def text(self) -> Path:
        return self.bytes("text.mp4", b"Dear video, I am a letter.\n")

    def empty(self) -> Path:
        return self.bytes("empty.mp4", b"")

    def playlist(self, target: str) -> Path:
        """An HLS playlist whose one segment is `target`."""
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n"
        return self.bytes("playlist.mp4", text.encode())

    def concatenation(self, target: str) -> Path:
        return self.bytes("concatenation.mp4", f"ffconcat version 1.0\nfile '{target}'\n".encode())

    def session(self) -> Path:
        text = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
        return self.bytes("session.mp4", text.encode())

    def forged_message(self) -> Path:
        """A Matroska whose codec is named so that ffmpeg prints a line about a full disk."""
        codec = _ebml(0x86, b"A_X\n[warning] No space left on device\n[info] Exiting normally, received signal 15.")
        track = b"".join([_ebml(0xD7, b"\1"), _ebml(0x73C5, b"\1"), _ebml(0x83, b"\2"), codec, _ebml(0xE1, b"")])
        cluster = _ebml(0x1F43B675, _ebml(0xE7, b"\0") + _ebml(0xA3, b"\x81\0\0\x80" + bytes(400)))
        segment = _ebml(0x18538067, _ebml(0x1654AE6B, _ebml(0xAE, track)) + cluster)
        return self.bytes("forged.mkv", _ebml(0x1A45DFA3, _ebml(0x4282, b"matroska")) + segment)

    def bytes(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def _ffmpeg(self, name: str, *words: str) -> Path:
        path = self._folder / name
        if not path.exists():
            ffmpeg(*words, str(path))
        return path


def _ebml(identity: int, data: bytes) -> bytes:
    """Return a Matroska element."""
    head = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return head + (1 << 56 | len(data)).to_bytes(8, "big") + data

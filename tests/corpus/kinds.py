"""What the whole files are: each container with each codec that convert's lists take and Debian's ffmpeg can write,
with a picture, and in the forms of phones, cameras, recorders and streams. ffmpeg's arguments by a file's name.
"""

INTEGER = "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_alaw pcm_mulaw"
RIFF = f"{INTEGER} pcm_f32le pcm_f64le ac3 eac3 dca mp2 libmp3lame wmav1 wmav2 libgsm_ms g723_1 flac adpcm_ms"
RIFF += " adpcm_ima_wav adpcm_swf adpcm_yamaha g722 g726"
BIG = "pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_f64be"
APPLE = (
    f"{INTEGER} {BIG} pcm_f32le pcm_f64le alac ac3 mp2 libmp3lame libgsm libgsm_ms adpcm_ms adpcm_ima_wav adpcm_ima_qt"
)
MPEG = "ac3 dca mp2 libmp3lame"
# By the file's suffix.
CODECS = {
    "mov": f"{APPLE} aac eac3 dca libvorbis libspeex nellymoser g723_1 adpcm_swf adpcm_yamaha g722 g726",
    "mp4": "aac ac3 eac3 dca mp2 libmp3lame libopus libvorbis flac alac truehd",
    "m4a": "aac ac3 alac",
    "3gp": "aac",
    "mkv": f"{RIFF} pcm_s16be pcm_s24be pcm_s32be aac libopus libvorbis libspeex real_144 alac tta wavpack truehd mlp",
    "webm": "libopus libvorbis",
    "avi": f"{RIFF} aac libvorbis libspeex",
    "flv": "aac libmp3lame libspeex nellymoser adpcm_swf",
    "ts": f"{MPEG} aac eac3 libopus truehd",
    "m2ts": f"{MPEG} aac pcm_bluray",
    "mpg": f"{MPEG} pcm_s16be pcm_dvd",
    "asf": f"{RIFF} aac libvorbis libspeex",
    "wma": "wmav2",
    "ogg": "libopus libvorbis libspeex flac",
    "opus": "libopus",
    "mp3": "libmp3lame",
    "wav": RIFF,
    "w64": RIFF,
    "flac": "flac",
    "aac": "aac",
    "ac3": "ac3",
    "eac3": "eac3",
    "rm": "aac ac3 real_144",
    "wtv": f"{RIFF} libvorbis libspeex",
    "aiff": f"{BIG} pcm_u8 pcm_s16le pcm_alaw pcm_mulaw adpcm_ima_qt",
    "au": f"{BIG} pcm_alaw pcm_mulaw g722 g726le",
    "caf": APPLE.replace("pcm_u8 ", "") + " libopus",
}
# Arguments for encoders that do not accept stereo at 48 kHz.
TAKES = {"g723_1": "-ar 8000 -ac 1 -b:a 6300", "g722": "-ar 16000 -ac 1", "libspeex": "-ar 16000 -ac 1"}
TAKES |= {"nellymoser": "-ar 22050 -ac 1", "adpcm_swf": "-ar 22050 -ac 2"}
TAKES |= dict.fromkeys(("libgsm", "libgsm_ms", "g726", "g726le", "real_144"), "-ar 8000 -ac 1")


PICTURE = "-f lavfi -i testsrc2=size=96x64:rate=25:duration=1.2"
H264 = "-c:v libx264 -preset ultrafast -g 12"
DV = "-c:v dvvideo -s 720x576 -pix_fmt yuv420p -c:a pcm_s16le"
# With a picture beside the sound.
FILMS = {
    "h264.mp4": f"{H264} -c:a aac",
    "h264.mov": f"{H264} -c:a pcm_s16le",
    "h264.mkv": f"{H264} -c:a libopus",
    "h264.flv": f"{H264} -c:a aac",
    "h264.ts": f"{H264} -c:a aac",
    "h264.m2ts": f"{H264} -c:a ac3",
    "mpeg4.avi": "-c:v mpeg4 -c:a libmp3lame",
    "mpeg4.3gp": "-c:v mpeg4 -c:a aac -ar 16000 -ac 1",
    "mpeg2.ts": "-c:v mpeg2video -c:a mp2",
    "mpeg2.vob": "-c:v mpeg2video -c:a ac3",
    "mpeg2.wtv": "-c:v mpeg2video -c:a mp2",
    "mpeg2.mxf": "-c:v mpeg2video -c:a pcm_s16le",
    "mpeg1.mpg": "-c:v mpeg1video -c:a mp2",
    "vp8.webm": "-c:v libvpx -c:a libvorbis",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
    "theora.ogv": "-c:v libtheora -c:a libvorbis",
    "wmv2.wmv": "-c:v wmv2 -c:a wmav2",
    "flv1.flv": "-c:v flv1 -c:a libmp3lame -ar 44100",
    "rv20.rm": "-c:v rv20 -s 352x288 -c:a real_144 -ar 8000 -ac 1",
    "dv.dv": f"{DV} -ac 2",
    "dv.mov": DV,
    "mjpeg.avi": "-c:v mjpeg -c:a pcm_u8 -ar 11025 -ac 1",
    "index-first.mp4": f"{H264} -c:a aac -movflags +faststart",
    "fragments.mp4": f"{H264} -c:a aac -movflags +frag_keyframe+empty_moov",
    "dash.mp4": f"{H264} -c:a aac -movflags +dash+delay_moov -frag_duration 200000",
    "smooth.ismv": f"{H264} -c:a aac",
    "timecode.mov": f"{H264} -c:a aac -timecode 01:00:00:00",
    "live.mkv": f"{H264} -c:a aac -live 1",
}
# Those whose sound begins 0.7 s after the picture.
LATE = {"late.mp4": "aac", "late.mov": "pcm_s16le", "late.mkv": "libopus", "late.ts": "mp2", "late.avi": "libmp3lame"}
# Those whose timestamps jump by 2 s within the sound.
HOLE = {"hole.mp4": "aac", "hole.mkv": "pcm_s16le", "hole.ts": "mp2", "hole.webm": "libopus", "hole.asf": "wmav2"}
COVER = "-f lavfi -i testsrc2=size=96x64:duration=0.04 -map 0:a -map 1:v -c:v mjpeg -disposition:v attached_pic"
SUBTITLES = "-f srt -i {folder}/subtitles.srt -map 0:a -map 1:s -c:a aac"
TWO = "-f lavfi -i sine=330:duration=4 -map 0:a -map 1:a"
WIDE = {"wav": "pcm_s24le", "mp4": "aac", "flac": "flac", "webm": "libopus", "ogg": "libvorbis", "mov": "pcm_s16be"}
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 88200, 192000)
# Sound alone.
FORMS = {
    "cover.mp3": f"{COVER} -c:a libmp3lame",
    "cover.m4a": f"{COVER} -c:a aac",
    "cover.flac": f"{COVER} -c:a flac",
    "no-xing.mp3": "-write_xing 0 -b:a 128k",
    "id3v1.mp3": "-write_id3v1 1 -id3v2_version 3 -metadata title=noise",
    "low.mp3": "-ar 8000 -ac 1 -b:a 8k",
    "rf64.wav": "-rf64 always",
    "latm.ts": "-c:a aac -mpegts_flags latm",
    "opatom.mxf": "-f mxf_opatom -c:a pcm_s16le",
    "subtitles.mkv": SUBTITLES,
    "subtitles.mp4": f"{SUBTITLES} -c:s mov_text",
    "two.mp4": f"{TWO} -c:a aac -ac:a:1 6",
    "two.mov": f"{TWO} -c:a pcm_s16le",
    "two.mkv": f"{TWO} -c:a libvorbis -disposition:a:0 0 -disposition:a:1 default",
    "two.ts": f"{TWO} -c:a mp2",
    "two.avi": f"{TWO} -c:a libmp3lame",
    **{f"streamed.{kind}": "-seekable 0" for kind in ("flac", "wav", "mkv", "flv", "mp3", "au")},
    **{f"{rate}.wav": f"-ar {rate}" for rate in RATES},
    **{f"{rate}.m4a": f"-c:a aac -ar {rate}" for rate in (8000, 11025, 22050, 44100, 96000)},
    "192000.flac": "-ar 192000",
    "96000.mkv": "-c:a wavpack -ar 96000",
    **{f"{n}-channels.{kind}": f"-c:a {codec} -ac {n}" for kind, codec in WIDE.items() for n in (1, 6, 8)},
    # Not truehd: ffmpeg 9 does not decode the six channels that Debian's encoder writes.
    **{f"6-channels-{c}.mkv": f"-c:a {c} -ac 6" for c in ("ac3", "eac3", "dca", "mlp", "alac")},
}
# Seconds of sound.
BRIEF = {"wav": 0.01, "flac": 0.01, "mp3": 0.03, "m4a": 0.02, "opus": 0.02, "mkv": 0.05, "ts": 0.05, "wma": 0.1}
# No sound at all.
MUTE = {
    "mp4": H264,
    "mkv": H264,
    "webm": "-c:v libvpx",
    "avi": "-c:v mpeg4",
    "ts": "-c:v mpeg2video",
    "flv": "-c:v flv1",
}
# Of speech codecs that ffmpeg cannot write: frames of noise.
SPEECH = {"nb.amr": "nb.amr", "wb.amr": "wb.amr", "nb.3gp": "nb.amr", "wb.3gp": "wb.amr", "nb.mov": "nb.amr"}

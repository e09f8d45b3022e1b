"""`video2mp3 convert`."""

from pathlib import Path
from typing import Annotated

import typer

from . import config
from .commands import app, command
from .converting import Converter, Existing, Outcome
from .crew import Crew
from .output import Output
from .records import Records
from .report import Report
from .retrying import COMMAND, Stop
from .service import Service
from .tracking import Tracking
from .videos import Video, find

Where = Annotated[
    str | None, typer.Option("-o", "--output", metavar="DIR", help="Folder for the MP3s; `-` is standard output.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave out videos whose MP3 exists.")]
Videos = Annotated[
    list[Path],
    typer.Argument(metavar="FILE|DIR", help="Videos, folders of videos with all below them, `-` for standard input."),
]


@command(app, "convert")
def convert(
    out: Output,
    paths: Videos,
    *,
    output: Where = None,
    force: Force = False,
    skip_existing: SkipExisting = False,
    **options: str | None,
) -> None:
    """Convert videos, and download their MP3s.

    Waits until all are done. Whatever interrupts it, the same command goes on where it was: with the upload, the
    conversion or the download. docs/options.md explains the options of the MP3 with examples.
    """
    login, stop = config.require(), Stop()
    service = Service(login.url, login.token, stop, COMMAND)
    service.call("GET", "/auth/verify")
    videos = find(paths, output)
    records = Records(login.url, login.account)
    records.remove_old()
    wanted = {name: value for name, value in options.items() if value is not None}
    converter = Converter(service, records, wanted, Existing(force, skip_existing))
    with out.tracking() as tracking:
        report, work = Report(out, len(videos)), _Converting(converter, tracking).convert
        for video, outcome in Crew(work, stop).each(videos):
            report.add(video.label, outcome)
    report.close()


class _Converting:
    def __init__(self, converter: Converter, tracking: Tracking) -> None:
        self._converter = converter
        self._tracking = tracking

    def convert(self, video: Video) -> Outcome:
        with self._tracking.of(video.path.name if video.path else video.label) as tracker:
            return self._converter.convert(video, tracker)

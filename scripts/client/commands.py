"""What all commands have in common: the program itself, `--json` and `--quiet`, exit statuses."""

import inspect
import json
import os
import sys
from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Any

import typer

from .failures import MEANINGS, Failure, Interrupted, Kind
from .names import shown
from .output import Output
from .version import VERSION

AsJson = Annotated[bool, typer.Option("--json", help="Print each result as one JSON object on a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but failures.")]
# The texts of the API document, which a test compares.
OPTIONS: dict[str, str] = json.loads((files(__package__) / "options.json").read_text())
SHORT = {"quality": ["-q"]}
STATUSES = "\n".join(["  0  success", *(f"{int(kind):3}  {meaning}" for kind, meaning in MEANINGS.items())])
EPILOG = f"""\
\b
Exit status:
{STATUSES}

`video2mp3 COMMAND --help` explains a command. Environment: NO_COLOR turns colours off; SSL_CERT_FILE names the CAs to
trust instead of the machine's own; HTTPS_PROXY, HTTP_PROXY and NO_PROXY name proxies."""


def show_version(value: bool) -> None:  # noqa: FBT001  # typer calls it so
    if value:
        print(f"video2mp3 {VERSION}")
        raise typer.Exit


app = typer.Typer(
    help="Turn videos into MP3s, by a video2mp3 service.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def program(
    *,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=show_version)] = False,
) -> None:
    """Turn videos into MP3s, by a video2mp3 service."""


def command(group: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function, which gets an Output, and the MP3's options if it takes any keywords."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = [parameter for parameter in signature.parameters.values() if parameter.name != "out"]
        parameters = [parameter for parameter in own if parameter.kind is not parameter.VAR_KEYWORD]
        if len(parameters) < len(own):
            parameters += [_keyword(option, str | None, _option(option), default=None) for option in OPTIONS]
        parameters += [_keyword("as_json", AsJson, default=False), _keyword("quiet", Quiet, default=False)]

        def run(**given: Any) -> None:
            out = Output(as_json=given.pop("as_json"), quiet=given.pop("quiet"))
            try:
                function(out, **given)
                sys.stdout.flush()
            except Failure as failure:
                out.failure(failure)
                raise typer.Exit(int(failure.kind)) from failure
            except KeyboardInterrupt as error:
                out.failure(Interrupted())
                raise typer.Exit(int(Kind.INTERRUPTED)) from error
            except UnicodeEncodeError as error:
                out.failure(Failure(Kind.USAGE, "An argument or an input has bytes that are no UTF-8."))
                raise typer.Exit(int(Kind.USAGE)) from error
            except BrokenPipeError as error:
                forget_output()
                raise typer.Exit(int(Kind.FILE)) from error
            except OSError as error:
                forget_output()
                what = f"{shown(str(error.filename))}: " if error.filename else ""
                out.failure(Failure(Kind.FILE, f"{what}{error.strerror or error}."))
                raise typer.Exit(int(Kind.FILE)) from error

        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = function.__doc__
        group.command(name)(run)
        return function

    return decorate


def forget_output() -> None:
    """Let what standard output has not taken go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _keyword(name: str, kind: Any, option: object = None, *, default: object) -> inspect.Parameter:
    annotation = Annotated[kind, option] if option else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option(name: str) -> object:
    return typer.Option(*SHORT.get(name, []), f"--{name.replace('_', '-')}", help=OPTIONS[name], metavar="VALUE")

"""`make audit`: it passes only if locks and images were audited, and nothing was found."""

import shutil

import pytest

from tests.unit.supply.conftest import Checkout

AUDIT = "scripts/audit.sh"
FOUND = "Found 1 known vulnerability in 1 package"

# Stand-ins: each finds what is in the variables, and the control unless there is no source of advisories.
PIP_AUDIT = """
source {folder}/answers
if grep -q jinja2==2.4.1 "${{@: -1}}"; then echo "$locks_control" >&2; exit 1; fi
echo "$locks"; [[ -z $locks ]]
"""
TRIVY = """
source {folder}/answers
code=0
while (($#)); do
  case $1 in fs | image) kind=$1 ;; --exit-code) code=$2 ;; esac
  last=$1; shift
done
if [[ $kind == fs ]]; then grep -q jinja2==2.4.1 "$last/requirements.txt"; found=$images_control; else
  echo "$last" >>{folder}/scanned
  [[ $last != *"$unreadable"* || -z $unreadable ]] || {{ echo "FATAL no such image" >&2; exit 1; }}
  found=; [[ -z $vulnerable || $last != *"$vulnerable"* ]] || found=yes
fi
[[ -z $found ]] || exit "$code"
"""
ANSWERS = {"locks_control": FOUND, "locks": "", "images_control": "yes", "vulnerable": "", "unreadable": ""}


def answer(checkout: Checkout, **answers: str) -> None:
    """Let the stand-ins answer like this."""
    lines = [f"{name}='{value}'\n" for name, value in (ANSWERS | answers).items()]
    (checkout.home / "answers").write_text("".join(lines))


@pytest.fixture(autouse=True)
def sources(checkout: Checkout) -> None:
    """Sources of advisories that know the control and nothing else."""
    venv = checkout.root / ".local/venv"
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    checkout.program("pip-audit", PIP_AUDIT.format(folder=checkout.home))
    shutil.move(checkout.programs / "pip-audit", venv / "bin/pip-audit")
    checkout.program("trivy", TRIVY.format(folder=checkout.home))
    answer(checkout)


def test_audit_passes_where_both_sources_answer_and_nothing_is_found(checkout: Checkout) -> None:
    """The images of the page, of the functions and those of others are audited."""
    done = checkout.run(AUDIT)
    assert (done.returncode, done.stderr) == (0, "")
    scanned = (checkout.home / "scanned").read_text().split()
    repositories = {image.partition(":")[0] for image in scanned}
    own = {"dev.local/video2mp3/page", "dev.local/video2mp3/auth", "dev.local/video2mp3/sweep"}
    assert repositories == own | {"nginx", "mongo", "mysql", "rabbitmq", "axllent/mailpit"}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"locks_control": "not found on PyPI"}, "Nothing was audited: the package index has no vulnerability data"),
        ({"locks": FOUND}, "locks: FAILED"),
        ({"images_control": ""}, "No image was audited: trivy finds no advisory"),
        ({"vulnerable": "nginx"}, "has known vulnerabilities that an update fixes"),
        ({"unreadable": "video2mp3/auth"}, "was not audited"),
    ],
)
def test_audit_fails_with_the_reason(answers: dict[str, str], reason: str, checkout: Checkout) -> None:
    answer(checkout, **answers)
    done = checkout.run(AUDIT)
    assert done.returncode == 1
    assert reason in done.stderr


def test_audit_fails_without_trivy(checkout: Checkout) -> None:
    (checkout.programs / "trivy").unlink()
    done = checkout.run(AUDIT)
    assert done.returncode == 1
    assert "No image was audited: trivy is not installed." in done.stderr
    assert "locks: audited" in done.stdout


def test_other_images_are_audited_after_one_that_cannot_be_read(checkout: Checkout) -> None:
    answer(checkout, unreadable="video2mp3/auth", vulnerable="mailpit")
    done = checkout.run(AUDIT)
    assert "axllent/mailpit" in done.stderr
    assert len((checkout.home / "scanned").read_text().split()) == 8

"""`make sbom`: one CycloneDX document for each lock and each image."""

import json

from tests.unit.supply.conftest import Checkout
from tests.unit.supply.test_locks import pins

SBOM = "scripts/sbom.sh"
# A stand-in, which writes the document to the file that follows `--output`.
TRIVY = """
while (($#)); do
  if [[ $1 == --output ]]; then file=$2; fi
  image=$1; shift
done
[[ $image != *mongo* ]] || { echo "FATAL no such image" >&2; exit 1; }
echo "{}" >"$file"
"""


def test_sbom_of_a_lock_lists_every_package_with_its_hashes(checkout: Checkout) -> None:
    """Without trivy the SBOMs of the images are missing, and the command fails."""
    done = checkout.run(SBOM)

    assert done.returncode == 1
    assert "No SBOM of an image: trivy is not installed." in done.stderr
    document = json.loads(checkout.read(".local/sbom/lock-auth.cdx.json"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    components = {f"{it['name']}=={it['version']}".lower(): it for it in document["components"]}
    assert components.keys() == {pin.lower() for pin in pins("functions/auth/requirements.txt")}
    assert components["pymysql==1.2.4"]["purl"] == "pkg:pypi/pymysql@1.2.4"
    assert all(it["externalReferences"][0]["hashes"] for it in components.values())


def test_sbom_of_every_image_is_written_and_a_missing_image_is_reported(checkout: Checkout) -> None:
    checkout.program("trivy", TRIVY)

    done = checkout.run(SBOM)

    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["No SBOM of mongo"]
    written = {file.name for file in (checkout.root / ".local/sbom").glob("image-*")}
    names = ("page", "auth", "sweep", "nginx", "mysql", "rabbitmq", "mailpit")
    assert written == {f"image-{name}.cdx.json" for name in names}

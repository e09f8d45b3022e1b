"""All hostile files by family; the first of each family is its simplest."""

from tests.hostile import bombs, carried, damaged, manifests, names, playlists, texts
from tests.hostile.case import Case

FAMILIES: dict[str, list[Case]] = {
    "playlists": list(playlists.cases()),
    "DASH and IMF": list(manifests.dash()),
    "ffconcat": list(manifests.concatenations()),
    "SDP and RTP": list(manifests.sessions()),
    "data references": list(manifests.references()),
    "text and programs": list(texts.texts()),
    "pictures": list(texts.pictures()),
    "bombs in time": list(bombs.time()),
    "bombs in memory": list(bombs.memory()),
    "bombs in tracks": list(bombs.tracks()),
    "bombs in size": list(bombs.sizes()),
    "names": list(names.cases()),
    "carried by options": list(carried.cases()),
    "damaged and empty": list(damaged.cases()),
}

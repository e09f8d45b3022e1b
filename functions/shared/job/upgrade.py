"""Jobs that version 0.1 has written, brought to the schema of this version.

During a rollout, pods of both versions work on one store. So this is repeated by the sweeper at every tick, and each
document is upgraded by one atomic command: a lease is moved as it is, and belongs to one version at a time.
"""

from typing import Any

from pymongo.database import Database

from functions.shared.job.deliveries import Channel, path
from functions.shared.job.document import COLLECTION

OLD_FIELDS = ("mail", "told")


def upgrade(database: Database[dict[str, Any]]) -> int:
    """Upgrade every document that needs it; return how many. Safe to repeat and to run twice at a time.

    `mail` becomes `deliveries.mail`, with `mailed` as its `delivered`, and `told` becomes `republish`. `mailed` stays:
    notifiers of version 0.1 write it after every mail and look at it before they send one. Needs the rights to find
    and update jobs.
    """
    jobs, mail = database[COLLECTION], {"mail": {"$exists": True}}
    delivered = {"$ifNull": ["$mailed", f"${path(Channel.MAIL, 'delivered')}"]}
    moved = {name: f"$mail.{name}" for name in ("outcome", "tries", "lease", "at")}
    # $mergeObjects makes it a new map: $set would keep the fields that are there, which may be of an earlier end.
    new = {"$mergeObjects": [moved | {"republish": "$mail.told", "delivered": delivered}]}
    deliveries = jobs.update_many(mail, [{"$set": {f"deliveries.{Channel.MAIL}": new}}, {"$unset": "mail"}])
    told = {"told": {"$exists": True}}
    republish = jobs.update_many(told, [{"$set": {"republish": "$told"}}, {"$unset": "told"}])
    return deliveries.modified_count + republish.modified_count

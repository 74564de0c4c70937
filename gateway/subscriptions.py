"""What a gateway subscribes to at the broker."""

from gateway.entries import DATA, SENML
from gateway.ingest import LEAVES

__all__ = ["subscriptions"]

# Of which each member of a shared subscription gets its part. The rest comes to all of them: what is retained does not
# reach a shared subscription (MQTT 5, 4.8.2), and a reply belongs to the gateway that gave the command.
SHARED = (DATA, SENML)


def subscriptions(basin: str, shared_under: str | None) -> tuple[list[str], list[str]]:
    """Return the topics to subscribe to, and those to leave: a session outlives the settings it was made with."""
    topics, unwanted = [], []
    for leaf in LEAVES:
        topic = f"rg/1/{basin}/+/{leaf}"
        if shared_under is not None and leaf in SHARED:
            topics.append(f"$share/{shared_under}/{topic}")
            unwanted.append(topic)
        else:
            topics.append(topic)
    return topics, unwanted

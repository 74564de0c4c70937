"""Whether a broker keeps more for a client that is away than Mosquitto's default of 1,000 messages: it is tried."""

from gateway.mqtt import BrokerAddress

from .finding import Finding, ok, problem, warning
from .probe import Probe

__all__ = ["audit_queue"]

MESSAGES = 1_100  # and one before them
SILENCE_S = 1.0  # after which nothing more is expected to come
ADVICE = "set max_queued_messages 0 and max_queued_bytes 1073741824 in mosquitto.conf"


def audit_queue(address: BrokerAddress, client_id: str, topic: str) -> Finding:
    """Subscribe, go away, publish, come back and count. The broker acknowledges what it drops, so that only this tells.

    Raises OSError or ProbeRefused as a Probe does.
    """
    with Probe(address, client_id, keeps=True) as away:
        if away.is_session_present:
            return _untried("the broker gives all clients of this user one session, which is the gateway's")
        if not away.may_subscribe(topic):
            return _untried(f"{topic} may not be read")
    with Probe(address, f"{client_id}-sends", resumes=True) as sender:
        if sender.is_session_present:
            return _untried("the broker gives all clients of this user one session")
        # One alone at first: of many at once the answer that it is not authorised gets lost with the connection.
        if not sender.publish(topic, [b"first"]):
            return _untried(f"{topic} may not be written")
        is_taken = sender.publish(topic, [b"%d" % number for number in range(MESSAGES)])
    kept = 0
    with Probe(address, client_id, resumes=True) as back:
        while kept < 1 + MESSAGES and back.hear(SILENCE_S) is not None:
            kept += 1
    if not is_taken or kept < 1 + MESSAGES:
        detail = f"of {1 + MESSAGES} messages for a client that was away the broker kept {kept}"
        return problem("broker queue", f"{detail}; stations send the rest again, slowly", ADVICE)
    return ok("broker queue", f"all {1 + MESSAGES} messages for a client that was away were kept")


def _untried(reason: str) -> Finding:
    return warning("broker queue", f"how much is kept for a client that is away cannot be seen: {reason}", ADVICE)

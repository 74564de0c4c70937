"""What one contact is told, in the contact's language: pure functions of what is known."""

import json
from collections.abc import Sequence
from typing import Any

from gateway.alerts.channel import Message
from gateway.alerts.entries import RAISED, SUBSCRIBED, UNDELIVERED, Dispatch, Recipient
from gateway.alerts.flag_text import flag_lines, flag_subject
from gateway.alerts.plain import named, one_line, utc
from gateway.alerts.words import WORDS
from gateway.flags import flag_message
from rivergauge.basin import Basin, Contact

__all__ = ["Letters"]

TEST = "test"


class Letters:
    """Writes the messages of one gateway."""

    def __init__(self, basin: Basin, gateway: str) -> None:
        self._basin = basin
        self._gateway = gateway

    def write(
        self, dispatch: Dispatch, contact: Contact, peak_quality: int | None, refused: Sequence[Dispatch]
    ) -> Message:
        """Return the message of a dispatch.

        `peak_quality` is that of the flag's peak, None where it is not known; `refused` are the dispatches of the same
        alert that somebody's server did not take.
        """
        alert, words = dispatch.alert, WORDS[contact.language]
        places = self._places(contact, dispatch.recipient, alert.at_ms) | {"alert": str(alert.id)}
        facts: dict[str, Any] = {"kind": alert.kind, "why": dispatch.why, "alert": alert.id}
        if alert.flag is not None:
            facts["flag"] = json.loads(flag_message(alert.flag))
            subject = flag_subject(self._basin, alert.flag, alert.kind, contact.language)
            lines = flag_lines(self._basin, alert.flag, alert.kind, contact.language, peak_quality, alert.at_ms)
        else:
            subject = words[f"subject {alert.kind}"].format_map(places)
            lines = [words[alert.kind].format_map(places)]
        if dispatch.why != SUBSCRIBED:
            places |= {"subject": subject, "refusals": "; ".join(map(_refusal, refused))}
            subject = words[f"subject {dispatch.why}"].format_map(places)
            is_over = dispatch.why == UNDELIVERED and not refused
            lines = [words["delivered by now" if is_over else dispatch.why].format_map(places), "", *lines]
        end = "acknowledge" if alert.kind == RAISED else "number"
        lines += ["", *(words[key].format_map(places) for key in ("written", end))]
        return self._message(dispatch.id, alert.at_ms, subject, lines, contact, facts)

    def write_test(self, recipient: Recipient, contact: Contact, message_id: str, at_ms: int) -> Message:
        """Return a message that says it is a test."""
        words, places = WORDS[contact.language], self._places(contact, recipient, at_ms)
        subject = words[f"subject {TEST}"].format_map(places)
        lines = [words[TEST].format_map(places), "", words["written"].format_map(places)]
        return self._message(message_id, at_ms, subject, lines, contact, {"kind": TEST})

    def _message(
        self, message_id: str, at_ms: int, subject: str, lines: Sequence[str], contact: Contact, facts: dict[str, Any]
    ) -> Message:
        notice = named(self._basin.notice, contact.language, "")
        text = "\n".join([*([notice, ""] if notice else []), *lines, ""])
        who = {"gateway": self._gateway, "basin": self._basin.code, "contact": contact.name}
        return Message(message_id, at_ms, f"[{self._basin.code}] {subject}", text, facts | who)

    def _places(self, contact: Contact, recipient: Recipient, at_ms: int) -> dict[str, str]:
        alerts = self._basin.alerts
        return {
            "basin": named(self._basin.names, contact.language, self._basin.code),
            "gateway": self._gateway,
            "contact": contact.name,
            "channel": WORDS[contact.language][f"by channel {recipient.channel}"],
            "written_at": utc(at_ms),
            "proof_hours": str((alerts.proof_every_s or 0) // 3600),
            "within_minutes": str((alerts.acknowledge_within_s or 0) // 60),
        }


def _refusal(dispatch: Dispatch) -> str:
    return one_line(f"{dispatch.recipient.contact} ({dispatch.recipient.channel}): {dispatch.answer}")

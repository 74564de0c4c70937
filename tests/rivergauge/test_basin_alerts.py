"""Whom a flag reaches, in the basin file."""

from pathlib import Path

import pytest

from gateway.alerts.words import WORDS
from rivergauge.basin import Alerting, BasinError, Contact, load_basin
from rivergauge.basin.contacts import ALERT_LANGUAGES, CONTACTS_LIMIT

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
DUTY = '[[alerts.contact]]\nname = "duty"\nlanguage = "ru"\nemail = "duty@example.org"\n'
HEAD = '[[alerts.escalation]]\nname = "head"\nlanguage = "en"\nwebhook = "https://example.org/flags"\n'
WITHIN = "acknowledge_within_s = 1800\n"


def written(folder: Path, alerts: str) -> Path:
    path = folder / "basin.toml"
    path.write_text(EXAMPLE.read_text() + "\n[alerts]\n" + alerts)
    return path


def test_a_basin_without_contacts_alerts_nobody():
    assert load_basin(EXAMPLE).alerts == Alerting()


def test_the_contacts_that_the_example_offers_are_right_when_they_are_uncommented(tmp_path):
    text = EXAMPLE.read_text()
    start = text.index("# [alerts]")
    path = tmp_path / "basin.toml"
    end = text.index("\n\n", start)
    lines = [line.removeprefix("# ") for line in text[start:end].splitlines()]
    path.write_text(text[:start] + "\n".join(lines) + text[end:])
    alerts = load_basin(path).alerts
    assert len(alerts.contacts) == 4
    assert len({each.thresholds for each in alerts.contacts}) == 1, "every state is told of the same"
    assert alerts.escalation and alerts.proof_every_s


def test_contacts_are_read_with_what_they_are_told_of(tmp_path):
    of_some = 'thresholds = ["warning"]\nstations = ["akdzhar"]\ncountries = ["KZ", "UZ"]\n'
    alerts = load_basin(written(tmp_path, WITHIN + "proof_every_s = 604_800\n" + DUTY + of_some + HEAD)).alerts
    assert alerts == Alerting(
        (Contact("duty", "ru", "duty@example.org", None, ("warning",), ("akdzhar",), ("KZ", "UZ")),),
        (Contact("head", "en", None, "https://example.org/flags"),),
        acknowledge_within_s=1800,
        proof_every_s=604_800,
    )


MISTAKES = {
    "no contact": ("", "alerts.contact", "no contact", "at least one"),
    "no channel": (DUTY.replace("email", "# email"), "contact[duty].email", "neither email nor webhook", "at least"),
    "a language without words": (DUTY.replace('"ru"', '"kk"'), "contact[duty].language", '"kk"', "en, ru"),
    "no address": (DUTY.replace("@", " at "), "contact[duty].email", '"duty at example.org"', "one address"),
    "two addresses": (DUTY.replace("org", "org,a@b.c"), "contact[duty].email", "a@b.c", "one address"),
    "an address with a header": (DUTY.replace(".org", ".org\\nBcc: a@b.c"), "contact[duty].email", "Bcc", "one add"),
    "an address that is too long": (DUTY.replace("org", ".".join(["a" * 60] * 5)), "duty].email", "char", "254"),
    "a webhook of another kind": (DUTY + 'webhook = "ftp://x"\n', "contact[duty].webhook", "ftp", "https"),
    "a webhook without a host": (DUTY + 'webhook = "http://:80"\n', "contact[duty].webhook", "http", "a host"),
    "a webhook with a port that is none": (DUTY + 'webhook = "http://x:99999"\n', "duty].webhook", "99999", "such"),
    "a webhook with a broken address": (DUTY + 'webhook = "http://[::1"\n', "duty].webhook", "::1", "such"),
    "a threshold with a slip": (DUTY + 'thresholds = ["wach"]\n', "contact[duty].thresholds", '"wach"', "watch"),
    "a station that is not there": (DUTY + 'stations = ["osh"]\n', "contact[duty].stations", '"osh"', "akdzhar"),
    "a country that is not there": (DUTY + 'countries = ["XX"]\n', "contact[duty].countries", '"XX"', "KZ"),
    "nothing to be told of": (DUTY + "thresholds = []\n", "contact[duty].thresholds", "a list of 0", "for all"),
    "an unknown key": (DUTY + 'phone = "1"\n', "contact[duty].phone", "unknown key", "one of"),
    "a name again": (DUTY + DUTY, "contact[duty].name", "duty a second time", "no other"),
    "a name again for escalation": (WITHIN + DUTY + HEAD.replace("head", "duty"), "duty].name", "second", "no other"),
    "escalation without a time": (DUTY + HEAD, "alerts.acknowledge_within_s", "nothing", "such as 1800"),
    "a time without escalation": (WITHIN + DUTY, "alerts.escalation", "no contact", "no acknowledge_within_s"),
    "a time that is too short": ("acknowledge_within_s = 1\n" + DUTY + HEAD, "acknowledge_within_s", "1", "from 60"),
    "proofs that are too rare": ("proof_every_s = 31_536_000\n" + DUTY, "proof_every_s", "31536000", "2678400"),
    "too many": (
        "".join(DUTY.replace('"duty"', f'"duty-{n}"') for n in range(CONTACTS_LIMIT + 1)),
        "alerts.contact", f"{CONTACTS_LIMIT + 1} contacts", "at most",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("alerts", "path", "found", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(alerts, path, found, expected, tmp_path):
    with pytest.raises(BasinError) as raised:
        load_basin(written(tmp_path, alerts))
    (problem,) = raised.value.problems
    assert problem.path.endswith(path)
    assert problem.line
    assert found in problem.found
    assert expected in problem.expected


def test_a_password_in_a_webhook_is_refused_and_not_shown(tmp_path):
    with pytest.raises(BasinError) as raised:
        load_basin(written(tmp_path, DUTY + 'webhook = "https://duty:hunter2@example.org/"\n'))
    (problem,) = raised.value.problems
    assert "secrets are named in gateway.toml" in problem.expected
    assert "hunter2" not in str(problem)


def test_every_language_of_a_contact_has_words():
    assert sorted(WORDS) == sorted(ALERT_LANGUAGES)

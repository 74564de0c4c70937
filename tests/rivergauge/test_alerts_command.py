"""`rivergauge alerts`: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.alerts.entries import DELIVERED, Attempt
from gateway.alerts.herald import Herald
from gateway.journal import Journal
from gateway.observations import Flag
from rivergauge.basin import load_basin
from rivergauge.cli import app

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DONE, FAILED, WRONG_USE = 0, 1, 2
AT_MS = 1_775_001_600_000
FLAG = Flag(
    "syr-darya", "akdzhar", "watch", "level", "stage_m", "above", "raised",
    AT_MS, AT_MS, None, 1.25, AT_MS, 1.0, 0.8, "illustrative",
)  # fmt: skip


@pytest.fixture
def site(tmp_path, mail_server, receiver):
    """A folder as a user would have it, with two contacts."""
    alerts = (
        '\n[alerts]\n[[alerts.contact]]\nname = "duty"\nlanguage = "ru"\nemail = "duty@example.com"\n'
        f'[[alerts.contact]]\nname = "room"\nlanguage = "en"\nwebhook = "http://127.0.0.1:{receiver.port}/flags"\n'
    )
    (tmp_path / "basin.toml").write_text((DEPLOY / "basin.toml").read_text() + alerts)
    smtp = f'host = "127.0.0.1"\nport = {mail_server.port}\nsender = "gauges@example.org"\nsecurity = "none"\n'
    (tmp_path / "gateway.toml").write_text((DEPLOY / "gateway.toml").read_text() + f"\n[alerts.smtp]\n{smtp}")
    return tmp_path


@pytest.fixture
def raised(site):
    """The site after a flag that everyone was told of, of whom one has it."""
    journal = Journal(site / "data" / "journal.sqlite")
    journal.open()
    herald = Herald(load_basin(site / "basin.toml"), lambda: AT_MS, lambda: None)
    with journal.transaction() as transaction:
        herald.tell(transaction, FLAG)
    mail, _ = journal.alerts.dispatches()
    with journal.transaction() as transaction:
        transaction.alerts.add_attempt(mail.id, Attempt(AT_MS, DELIVERED, "250 OK"), AT_MS)
    journal.close()
    return site


@pytest.fixture
def alerts(site, monkeypatch):
    monkeypatch.chdir(site)

    def run(*arguments):
        finished = CliRunner().invoke(app, ["alerts", *arguments])
        assert finished.exception is None or isinstance(finished.exception, SystemExit), finished.exception
        return finished

    return run


def test_a_test_reaches_everyone_and_says_what_each_server_answered(alerts, mail_server, receiver):
    finished = alerts("test")
    assert finished.exit_code == DONE, finished.stderr
    assert finished.stdout == "duty by email: ok, taken by 127.0.0.1\nroom by webhook: ok, 204\n"
    assert "Проба" in mail_server.sent_to("duty@example.com")[0]["Subject"]
    assert receiver.posts[0][2]["kind"] == "test"


def test_a_test_of_one_contact_is_of_that_one_alone(alerts, mail_server, receiver):
    assert alerts("test", "--contact", "room").exit_code == DONE
    assert (len(mail_server.mails), len(receiver.posts)) == (0, 1)


def test_a_test_that_fails_says_so_for_each_and_ends_with_1(alerts, mail_server, receiver):
    mail_server.answers["RCPT"] = "550 no such user"
    receiver.answers.append((503, {}, "later"))
    finished = alerts("test")
    assert finished.exit_code == FAILED
    assert finished.stdout == "duty by email: REFUSED, 550 no such user\nroom by webhook: FAILED, 503 later\n"
    mail, hook = json.loads(alerts("test", "--json").stdout)
    assert mail == {"contact": "duty", "channel": "email", "result": "REFUSED", "answer": "550 no such user"}
    assert hook["result"] == "ok"


def test_a_contact_that_is_not_there_is_wrong_use_and_those_there_are_named(alerts):
    finished = alerts("test", "--contact", "dutty")
    assert finished.exit_code == WRONG_USE
    assert "duty, room" in finished.stderr


def test_without_contacts_a_test_says_what_to_write(alerts, site):
    (site / "basin.toml").write_bytes((DEPLOY / "basin.toml").read_bytes())
    finished = alerts("test")
    assert finished.exit_code == FAILED
    assert "[[alerts.contact]]" in finished.stderr


def test_what_is_open_is_listed_until_it_is_acknowledged_and_delivered(alerts, raised):
    mail, hook = json.loads(alerts("list", "--json").stdout)
    common = {
        "alert": 1, "at": "2026-04-01T00:00:00Z", "kind": "raised", "station": "akdzhar", "threshold": "watch",
        "acknowledged_by": None, "acknowledged_at": None, "why": "subscribed",
    }  # fmt: skip
    assert mail | common == mail
    assert (mail["contact"], mail["state"], mail["attempts"], mail["answer"]) == ("duty", "delivered", 1, "250 OK")
    assert mail["next_attempt_at"] is None
    assert (hook["channel"], hook["state"], hook["next_attempt_at"]) == ("webhook", "pending", "2026-04-01T00:00:00Z")
    finished = alerts("acknowledge", "1", "--by", "A. Usenova")
    assert (finished.exit_code, finished.stdout) == (DONE, "1 alert(s) acknowledged\n")
    (left,) = json.loads(alerts("list", "--json").stdout)
    assert (left["contact"], left["acknowledged_by"]) == ("room", "A. Usenova")
    assert len(json.loads(alerts("list", "--all", "--json").stdout)) == 2
    assert "A. Usenova" in alerts("list").stdout


def test_every_attempt_is_shown(alerts, raised):
    (attempt,) = json.loads(alerts("show", "1", "--json").stdout)
    assert attempt == {
        "alert": 1, "contact": "duty", "channel": "email", "why": "subscribed", "at": "2026-04-01T00:00:00Z",
        "result": "delivered", "answer": "250 OK",
    }  # fmt: skip
    finished = alerts("show", "7")
    assert finished.exit_code == FAILED
    assert "no alert 7" in finished.stderr and finished.stdout == ""


WRONG = {
    "an alert that is not there": (["7", "--by", "me"], FAILED, "no raised flag 7"),
    "nobody": (["1", "--by", " "], WRONG_USE, "expected a name"),
    "without a name": (["1"], WRONG_USE, "--by"),
}


@pytest.mark.parametrize(("arguments", "status", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_acknowledged_is_told(alerts, raised, arguments, status, said):
    finished = alerts("acknowledge", *arguments)
    assert finished.exit_code == status
    assert said in finished.stderr


def test_before_the_first_run_there_is_nothing_to_list(alerts):
    finished = alerts("list")
    assert finished.exit_code == FAILED
    assert "no journal yet" in finished.stderr

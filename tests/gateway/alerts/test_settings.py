"""[alerts] of gateway.toml: read, or refused with every mistake and its line."""

from pathlib import Path

import pytest

from gateway.alerts.settings import NONE, NOTHING_SAID, STARTTLS, TLS, AlertSettings, SmtpSettings
from gateway.settings import SettingsError, load_settings

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "gateway.toml"
SMTP = '[alerts.smtp]\nhost = "mail.example.org"\nport = 587\nsender = "gauges@example.org"\n'
LOGIN = 'username = "gauges"\npassword_file = "mail-password"\n'


@pytest.fixture
def load(tmp_path):
    def load_with(alerts):
        path = tmp_path / "gateway.toml"
        text = EXAMPLE.read_text()
        path.write_text(text[: text.index("# How the contacts")] + alerts)
        return load_settings(path).alerts

    return load_with


def test_what_the_example_offers_is_right_when_it_is_uncommented(load, tmp_path):
    text = EXAMPLE.read_text()
    lines = text[text.index("# [alerts]\n") :].splitlines()
    assert load("\n".join(line.removeprefix("# ") for line in lines)) == AlertSettings(
        SmtpSettings("mail.example.org", 587, "gauges@example.org", STARTTLS, "gauges", tmp_path / "mail-password"),
        tmp_path / "authorities.pem",
        {"basin-organisation": tmp_path / "webhook-token"},
    )


def test_nothing_needs_to_be_said(load):
    assert load("") == NOTHING_SAID
    assert load(SMTP).smtp == SmtpSettings("mail.example.org", 587, "gauges@example.org")


@pytest.mark.parametrize("security", [STARTTLS, TLS, NONE])
def test_each_security_is_taken(load, security):
    assert load(SMTP + f'security = "{security}"\n').smtp.security == security


MISTAKES = {
    "no host": (SMTP.replace("host", "hosts"), "host", "nothing", "the mail server's name"),
    "a port that is none": (SMTP.replace("587", "0"), "port", "0", "from 1"),
    "a sender with a name": (SMTP.replace("gauges@", "Gauges <gauges@"), "sender", "Gauges <", "the address"),
    "another security": (SMTP + 'security = "ssl"\n', "security", '"ssl"', "starttls, tls, none"),
    "a name without a password": (SMTP + 'username = "g"\n', "password_file", "nothing", "since username"),
    "a password without a name": (SMTP + 'password_file = "p"\n', "username", "nothing", "since password_file"),
    "a password in clear": (SMTP + LOGIN + 'security = "none"\n', "security", '"none"', "nobody reads the password"),
    "a password in the file": (SMTP + LOGIN + 'password = "secret"\n', "password", "unknown key", "password_file"),
    "a token in the file": ('[alerts]\nwebhook_token_files = "secret"\n', "webhook_token_files", '"secret"', "a table"),
    "an unknown key": ('[alerts]\nsms = "x"\n', "sms", "unknown key", "one of"),
}


@pytest.mark.parametrize(("alerts", "key", "found", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(load, alerts, key, found, expected):
    with pytest.raises(SettingsError) as raised:
        load(alerts)
    problem = next(each for each in raised.value.problems if each.path.rpartition(".")[2] == key)
    assert problem.line
    assert found in problem.found
    assert expected in problem.expected


def test_a_password_may_go_in_clear_within_this_machine(load):
    assert load(SMTP.replace("mail.example.org", "127.0.0.1") + LOGIN + 'security = "none"\n').smtp.username == "gauges"

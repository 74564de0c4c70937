"""One attempt by e-mail, against a strict server and against servers that misbehave."""

import ssl
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from gateway.alerts import mail as mail_module
from gateway.alerts.channel import Away, Delivered, Message, Refused
from gateway.alerts.mail import MailChannel
from gateway.alerts.settings import NONE, STARTTLS, TLS, SmtpSettings
from rivergauge.servers import free_port
from tests.fakes.mail_server import MailServer

# What the server of TLS from the first byte is not told by aiosmtpd.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SENDER, DUTY = "gauges@example.org", "duty@example.com"
TEXT = "At Upper the stage is at or above 1.000 m.\nПост Верхний: уровень воды не ниже 1.000 м.\n" + "long " * 300
MESSAGE = Message("0123abcd", 1_535_589_000_000, "[test] Превышение: «watch», Верхний" + " long" * 30, TEXT, {})


def no():
    return False


def never():
    raise AssertionError("TLS was asked for")


@pytest.fixture
def channel(settings):
    return MailChannel(settings.smtp, never, DUTY)


def test_a_mail_arrives_whole_under_the_name_of_its_dispatch(channel, mail_server):
    assert isinstance(channel.send(MESSAGE, no), Delivered)
    (mail,) = mail_server.sent_to(DUTY)
    assert mail["Message-ID"] == "<0123abcd@example.org>"
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (SENDER, DUTY, "auto-generated")
    assert mail["Subject"] == MESSAGE.subject
    assert parsedate_to_datetime(mail["Date"]).timestamp() * 1000 == MESSAGE.at_ms
    assert mail.get_content().replace("\r\n", "\n").rstrip() == TEXT.rstrip()


def test_the_same_message_is_the_same_bytes_at_every_attempt():
    assert mail_module.compose(MESSAGE, SENDER, DUTY) == mail_module.compose(MESSAGE, SENDER, DUTY)


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("RCPT", "550 no such user", Refused),
        ("RCPT", "450 greylisted", Away),
        ("MAIL", "553 not from here", Refused),
        ("MAIL", "452 disk full", Away),
        ("DATA", "554 looks like spam", Refused),
        ("DATA", "451 try again", Away),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_server_that_does_not_take_it_is_quoted(channel, mail_server, command, answer, kind):
    mail_server.answers[command] = answer
    assert channel.send(MESSAGE, no) == kind(answer)
    assert mail_server.mails == []


@pytest.fixture
def secured(certified, tmp_path):
    """Start a server that speaks TLS and asks for a password; return it with a channel to it."""
    folder, context = certified
    servers = []
    (tmp_path / "password").write_text("correct horse\n")

    def start(security):
        server = MailServer(free_port(), context, ("gateway", "correct horse"), is_tls_at_once=security == TLS)
        server.start()
        servers.append(server)
        settings = SmtpSettings("127.0.0.1", server.port, SENDER, security, "gateway", tmp_path / "password")
        return server, MailChannel(settings, lambda: ssl.create_default_context(cafile=folder / "ca.crt"), DUTY)

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("security", [STARTTLS, TLS])
def test_a_mail_goes_encrypted_and_with_a_password(secured, security):
    server, channel = secured(security)
    assert isinstance(channel.send(MESSAGE, no), Delivered)
    assert len(server.sent_to(DUTY)) == 1


@pytest.mark.parametrize("security", [STARTTLS, TLS])
def test_a_wrong_password_is_told_and_tried_again(secured, security, tmp_path):
    _, channel = secured(security)
    (tmp_path / "password").write_text("wrong")
    outcome = channel.send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert "535" in outcome.reason


def test_a_password_file_that_is_missing_is_named(secured, tmp_path):
    _, channel = secured(STARTTLS)
    (tmp_path / "password").unlink()
    outcome = channel.send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert str(tmp_path / "password") in outcome.reason


@pytest.mark.parametrize("security", [STARTTLS, TLS])
def test_a_server_that_nobody_vouches_for_gets_nothing(secured, security):
    server, channel = secured(security)
    stranger = MailChannel(channel._settings, ssl.create_default_context, DUTY)
    outcome = stranger.send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
    assert server.mails == []


def test_a_mail_never_goes_in_clear_where_encryption_was_asked_for(settings, mail_server):
    outcome = MailChannel(replace(settings.smtp, security=STARTTLS), ssl.create_default_context, DUTY).send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert "STARTTLS" in outcome.reason
    assert mail_server.mails == []


def test_certificates_that_cannot_be_read_are_told():
    settings = SmtpSettings("127.0.0.1", 1, SENDER, TLS)
    outcome = MailChannel(settings, lambda: ssl.create_default_context(cafile="/no/such/file"), DUTY).send(MESSAGE, no)
    assert isinstance(outcome, Away)


def hang(_connection, is_over):
    is_over.wait(30)


def trickle(connection, is_over):
    while not is_over.wait(0.02):
        connection.sendall(b"2")


def greet_then_hang(connection, is_over):
    connection.sendall(b"220 here\r\n")
    is_over.wait(30)


def greet_without_end(connection, _is_over):
    connection.sendall(b"220 here\r\n")
    while True:
        connection.sendall(b"250-more\r\n")


def take_all_but_never_say_so(connection, is_over):
    connection.sendall(b"220 here\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            if line == b".\r\n":
                is_over.wait(30)
            connection.sendall(b"354 go on\r\n" if line.startswith(b"DATA") else b"250 OK\r\n")


MISBEHAVIOURS = {
    "closes at once": (lambda connection, _: None),
    "says garbage": (lambda connection, _: connection.sendall(bytes(range(256)) * 40)),
    "says a line without end": (lambda connection, _: connection.sendall(b"220 " + b"x" * 100_000 + b"\r\n")),
    "is busy": (lambda connection, _: connection.sendall(b"421 come back later\r\n")),
    "wants nobody": (lambda connection, _: connection.sendall(b"554 no mail here\r\n")),
    "hangs": hang,
    "sends a byte now and then": trickle,
    "hangs after its greeting": greet_then_hang,
    "greets without end": greet_without_end,
    "never says that it took the mail": take_all_but_never_say_so,
}


@pytest.mark.parametrize("behave", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_a_server_that_misbehaves_is_left_within_the_deadline_and_tried_again(misbehaving, behave, monkeypatch):
    monkeypatch.setattr("gateway.alerts.smtp.SILENCE_LIMIT_S", 0.3)
    monkeypatch.setattr("gateway.alerts.smtp.ATTEMPT_LIMIT_S", 0.6)
    settings = SmtpSettings("127.0.0.1", misbehaving(behave), SENDER, NONE)
    outcome = MailChannel(settings, never, DUTY).send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert outcome.reason


def test_a_server_that_is_not_there_is_tried_again():
    outcome = MailChannel(SmtpSettings("127.0.0.1", free_port(), SENDER, NONE), never, DUTY).send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert "refused" in outcome.reason

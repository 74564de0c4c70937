"""One attempt by webhook, against a real HTTP server and against servers that misbehave."""

import ssl
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from gateway.alerts import webhook as webhook_module
from gateway.alerts.channel import Away, Delivered, Message, Refused
from gateway.alerts.webhook import WebhookChannel
from rivergauge.servers import free_port
from tests.fakes.webhook_receiver import WebhookReceiver

NOW_MS = 1_535_589_000_000
MESSAGE = Message("0123abcd", NOW_MS, "Превышение", "Пост Верхний\n", {"kind": "raised", "flag": {"peak": 1.25}})


def no():
    return False


def never():
    raise AssertionError("TLS was asked for")


def channel_to(port, token_file=None, path="/flags?from=basin"):
    return WebhookChannel(f"http://127.0.0.1:{port}{path}", never, token_file, lambda: NOW_MS)


def test_a_message_arrives_as_json_under_the_name_of_its_dispatch(receiver):
    assert channel_to(receiver.port).send(MESSAGE, no) == Delivered("204")
    ((path, headers, body),) = receiver.posts
    assert path == "/flags?from=basin"
    assert (headers["Idempotency-Key"], headers["Content-Type"]) == ("0123abcd", "application/json")
    assert "Authorization" not in headers
    assert body == {
        "version": 1, "id": "0123abcd", "written_at": "2018-08-30T00:30:00Z", "subject": "Превышение",
        "text": "Пост Верхний\n", "kind": "raised", "flag": {"peak": 1.25},
    }  # fmt: skip


def test_a_token_is_read_from_its_file_each_time(receiver, tmp_path):
    token_file = tmp_path / "token"
    channel = channel_to(receiver.port, token_file)
    assert isinstance(channel.send(MESSAGE, no), Away), "the file is not there yet"
    token_file.write_text("s3cret\n")
    assert isinstance(channel.send(MESSAGE, no), Delivered)
    assert receiver.posts[0][1]["Authorization"] == "Bearer s3cret"


in_a_minute = format_datetime(datetime.fromtimestamp(NOW_MS / 1000 + 60, UTC), usegmt=True)
ANSWERS = {
    "200 with a text": ((200, {}, "thanks"), Delivered("200 thanks")),
    "202": ((202, {}, ""), Delivered("202")),
    "301": ((301, {"Location": "http://127.0.0.1:1/"}, "moved"), Refused("301 moved")),
    "400": ((400, {}, "bad"), Refused("400 bad")),
    "401": ((401, {}, "who?"), Refused("401 who?")),
    "404": ((404, {}, ""), Refused("404")),
    "408": ((408, {}, ""), Away("408")),
    "409": ((409, {}, ""), Away("409")),
    "410": ((410, {}, ""), Refused("410")),
    "429 for some seconds": ((429, {"Retry-After": "120"}, ""), Away("429", 120.0)),
    "503 until a time": ((503, {"Retry-After": in_a_minute}, ""), Away("503", 60.0)),
    "503 until nobody knows when": ((503, {"Retry-After": "soon"}, ""), Away("503")),
    "503 until a day beyond all numbers": ((503, {"Retry-After": f"{'9' * 20} Jan 2020 1:1:1"}, ""), Away("503")),
    "503 for ever": ((503, {"Retry-After": "9" * 400}, ""), Away("503", 999_999_999.0)),
    "500 with much to say": ((500, {}, "a\n\x1b[31m" + "b" * 10_000), Away("500 a [31m" + "b" * 293)),
}


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_understood(receiver, answer, outcome):
    receiver.answers.append(answer)
    assert channel_to(receiver.port).send(MESSAGE, no) == outcome


def test_a_message_goes_encrypted_to_one_who_is_vouched_for_and_to_nobody_else(certified):
    folder, context = certified
    receiver = WebhookReceiver(tls=context)
    receiver.start()
    url = f"https://127.0.0.1:{receiver.port}/"
    try:
        known = WebhookChannel(url, lambda: ssl.create_default_context(cafile=folder / "ca.crt"), None, lambda: NOW_MS)
        assert known.send(MESSAGE, no) == Delivered("204")
        stranger = WebhookChannel(url, ssl.create_default_context, None, lambda: NOW_MS)
        outcome = stranger.send(MESSAGE, no)
    finally:
        receiver.stop()
    assert isinstance(outcome, Away)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
    assert len(receiver.posts) == 1


def test_certificates_that_cannot_be_read_are_told():
    def unreadable():
        return ssl.create_default_context(cafile="/no/such/file")

    assert isinstance(WebhookChannel("https://127.0.0.1:1/", unreadable, None, lambda: NOW_MS).send(MESSAGE, no), Away)


def hang(_connection, is_over):
    is_over.wait(30)


def trickle(connection, is_over):
    while not is_over.wait(0.02):
        connection.sendall(b"H")


def take_request(connection):
    with connection.makefile("rb") as request:
        headers = {}
        while (line := request.readline()) != b"\r\n":
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        request.read(int(headers["Content-Length"]))


def answer_without_end(connection, is_over):
    take_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    while not is_over.wait(0.02):
        connection.sendall(b"x")


MISBEHAVIOURS = {
    "closes at once": (lambda connection, _: None),
    "says garbage": (lambda connection, _: connection.sendall(bytes(range(256)) * 400)),
    "says a line without end": (lambda connection, _: connection.sendall(b"HTTP/1.1 200 " + b"x" * 100_000)),
    "sends headers without end": (lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 999)),
    "cuts its answer off": (lambda connection, _: connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Len")),
    "hangs": hang,
    "sends a byte now and then": trickle,
}


@pytest.mark.parametrize("behave", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_a_server_that_misbehaves_is_left_within_the_deadline_and_tried_again(misbehaving, behave, monkeypatch):
    monkeypatch.setattr(webhook_module, "SILENCE_LIMIT_S", 0.3)
    monkeypatch.setattr(webhook_module, "ATTEMPT_LIMIT_S", 0.6)
    outcome = channel_to(misbehaving(behave)).send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert outcome.reason


def answer_with_broken_chunks(connection, _is_over):
    take_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")


@pytest.mark.parametrize("behave", [answer_without_end, answer_with_broken_chunks], ids=["without end", "broken"])
def test_a_server_that_has_said_200_has_it_whatever_it_says_next(misbehaving, behave, monkeypatch):
    monkeypatch.setattr(webhook_module, "SILENCE_LIMIT_S", 2.0)
    monkeypatch.setattr(webhook_module, "ATTEMPT_LIMIT_S", 2.0)
    assert isinstance(channel_to(misbehaving(behave)).send(MESSAGE, no), Delivered)


def test_a_server_that_is_not_there_is_tried_again():
    outcome = channel_to(free_port()).send(MESSAGE, no)
    assert isinstance(outcome, Away)
    assert "refused" in outcome.reason

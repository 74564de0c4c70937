"""Whoever reaches the page cannot take the gateway's file descriptors, nor keep others from being answered."""

import socket
from urllib.request import urlopen

import pytest

from gateway.page import Page
from gateway.settings import WebSettings
from gateway.stores.embedded import EmbeddedStore
from gateway.web import bounded_connection

LIMIT_S = 10.0


class Unwatched:
    def hindrances(self):
        return []

    def remarks(self):
        return []

    def metrics(self):
        return ""


@pytest.fixture
def page(basin, tmp_path):
    reader = EmbeddedStore(tmp_path / "none.sqlite")
    page = Page(WebSettings("127.0.0.1", 0), reader, basin, tmp_path, lambda: 0, Unwatched())
    page.start()
    yield page
    page.stop()


@pytest.fixture
def connect(page):
    opened = []

    def open_connection():
        port = int(page.url.rstrip("/").rpartition(":")[2])
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S))
        return opened[-1]

    yield open_connection
    for each in opened:
        each.close()


def is_cut(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_client_that_sends_half_a_request_keeps_nobody_waiting_and_is_cut_in_the_end(page, connect, monkeypatch):
    monkeypatch.setattr(bounded_connection, "LIFE_LIMIT_S", 1.0)
    slow = connect()
    slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    with urlopen(f"{page.url}healthz", timeout=LIMIT_S) as answer:
        assert answer.status == 200
    assert is_cut(slow)


def test_more_connections_than_may_be_open_are_cut_and_the_next_one_is_taken_when_there_is_room(
    page, connect, monkeypatch, until
):
    monkeypatch.setattr(bounded_connection, "CONNECTIONS_LIMIT", 3)
    first = [connect() for _ in range(3)]
    for each in first:
        each.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert each.recv(12) == b"HTTP/1.1 200"
    assert is_cut(connect())
    first[0].close()

    def is_answered():
        try:
            with urlopen(f"{page.url}healthz", timeout=LIMIT_S) as answer:
                return answer.status == 200
        except OSError:
            return False

    until(is_answered, "there is room again")

"""gateway.toml: read, or refused with every mistake and its line."""

import re
from itertools import count
from pathlib import Path

import pytest

from gateway.ownership_settings import OwnershipSettings
from gateway.rate_limits import RateLimits
from gateway.settings import (
    AFTER_STORE,
    EmbeddedSettings,
    SettingsError,
    TlsSettings,
    WebSettings,
    load_settings,
)
from gateway.store_settings import INFLUXDB_1, INFLUXDB_2, INFLUXDB_3, VICTORIA_METRICS

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "deploy" / "gateway.toml"
LEAST = """\
[gateway]
name = "gateway-1"
basin = "basin.toml"
keys = "keys"
journal = "journal.sqlite"
bulletins = "bulletins"

[broker]
host = "127.0.0.1"
port = 1883

[[store]]
name = "embedded"
kind = "embedded"
path = "observations.sqlite"
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return load_settings(path)

    return load_text


def test_the_example_that_users_copy_is_right():
    settings = load_settings(EXAMPLE)
    assert settings.receipts_after == AFTER_STORE
    assert settings.basin == EXAMPLE.parent / "basin.toml"
    assert settings.web.host == "127.0.0.1"


def test_every_store_that_the_example_offers_is_right_when_it_is_uncommented(load):
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines() if "=" in line or "[" in line]
    lines = [line for line in lines if not line.startswith("shared_subscription")]  # which excludes [ownership]
    numbers = count()
    text = re.sub('name = "influxdb"', lambda _: f'name = "influxdb-{next(numbers)}"', "\n".join(lines))
    settings = load(text)
    embedded, *servers = settings.stores
    assert isinstance(embedded, EmbeddedSettings)
    assert [store.api for store in servers] == [INFLUXDB_2, INFLUXDB_1, INFLUXDB_3, VICTORIA_METRICS]
    assert all(store.secret_file is not None for store in servers)
    assert settings.broker.password_file.name == "broker-password"
    assert settings.broker.tls.ca_file.name == "ca.crt"


def test_tls_may_be_with_a_certificate_or_with_a_password(load, tmp_path):
    assert load(LEAST).broker.tls is None
    with_password = LEAST.replace("port = 1883", 'port = 8883\nusername = "g"\n[broker.tls]\nca_file = "ca.crt"')
    assert load(with_password).broker.tls == TlsSettings(tmp_path / "ca.crt")
    with_certificate = with_password.replace('ca.crt"', 'ca.crt"\ncertificate_file = "g.crt"\nkey_file = "g.key"')
    assert load(with_certificate).broker.tls == TlsSettings(*(tmp_path / name for name in ("ca.crt", "g.crt", "g.key")))


def test_a_page_for_others_has_names_and_a_token(load, tmp_path):
    web = load(LEAST + '[web]\nhost = "0.0.0.0"\nport = 80\nhosts = ["g.example.org"]\ntoken_file = "token"\n').web
    assert web == WebSettings("0.0.0.0", 80, ("g.example.org",), tmp_path / "token")


def test_a_standby_names_its_own_stations_and_whom_it_stands_in_for(load):
    assert load(LEAST).ownership is None and not load(LEAST).has_company
    settings = load(LEAST + '[ownership]\nown = []\nstandby_for = ["gateway-2"]\n')
    assert settings.ownership == OwnershipSettings((), ("gateway-2",)) and settings.has_company


def test_a_limit_that_is_not_given_is_far_above_what_a_station_sends(load):
    assert load(LEAST).limits == RateLimits(60_000, 1_000_000)
    assert load(LEAST + "[limits]\nmessages_per_minute = 600\n").limits == RateLimits(600, 1_000_000)


def test_a_path_is_relative_to_the_file(load, tmp_path):
    assert load(LEAST).embedded == EmbeddedSettings("embedded", tmp_path / "observations.sqlite")


@pytest.mark.parametrize(
    ("found", "instead", "expected"),
    [
        ("port = 1883", "port = 99999", "gateway.toml:10: broker.port: found 99999, expected a whole number from 1"),
        ("port = 1883", 'port = "1883"', "gateway.toml:10: broker.port"),
        ('name = "gateway-1"', 'name = "Gateway 1"', "gateway.toml:2: gateway.name"),
        ('keys = "keys"', "", "gateway.keys: found nothing, expected the folder of the stations' keys"),
        ('kind = "embedded"', 'kind = "embeded"', "gateway.toml:14: store[embedded].kind"),
        ('path = "observations.sqlite"', 'paths = "x"', "store[embedded].paths: found unknown key paths"),
        ("[[store]]", "[[stores]]", "no store, expected at least one [[store]] table"),
        ("[broker]", "[broker", "text that is not TOML"),
        (
            LEAST[LEAST.index("[[store]]") :],
            '[[store]]\nname = "i"\nkind = "influxdb1"\nurl = "http://h"\ndatabase = "d"\n'
            '[web]\nhost = "localhost"\nport = 1\n',
            "found a page, expected a [[store]] with kind",
        ),
        (LEAST[-1:], LEAST[LEAST.index("[[store]]") - 1 :], "a second time"),
        (LEAST[-1:], '\n[web]\nhost = "10.0.0.5"\nport = 80\n', 'found "10.0.0.5" without token_file, expected one of'),
        (
            LEAST[-1:], '\n[web]\nhost = "0.0.0.0"\nport = 80\ntoken_file = "t"\n',
            "web.hosts: found nothing, expected the names that the page is reached by",
        ),
        ("port = 1883", 'port = 1883\n[broker.tls]\ncertificate_file = "c"', "broker.tls.ca_file: found nothing"),
        ("port = 1883", 'port = 1883\n[broker.tls]\nca_file = "ca"\nkey_file = "k"', "broker.tls.certificate_file"),
        (LEAST[-1:], '\n[ownership]\nstandby_for = ["gateway-2"]\n', "ownership.own: found nothing"),
        (
            LEAST[-1:], '\n[ownership]\nown = []\nstandby_for = ["gateway-1"]\n',
            'ownership: found standby_for "gateway-1", which is this gateway, expected the names of others',
        ),
        (LEAST[-1:], '\n[ownership]\nown = ["Upper"]\n', "ownership.own: found a list of 1"),
        (
            "[broker]", 'receipts_after = "journal"\n[ownership]\n[broker]',
            'gateway.receipts_after: found "journal" beside another gateway, expected "store"',
        ),
        (
            "[broker]", 'receipts_after = "journal"\n[broker]\nshared_subscription = "ingest"',
            'gateway.receipts_after: found "journal" beside another gateway, expected "store"',
        ),
        (LEAST[-1:], "\n[limits]\nmessages_per_minute = 0\n", "limits.messages_per_minute: found 0"),
        ("[broker]", '[ownership]\n[broker]\nshared_subscription = "i"', "ownership: found a table beside"),
    ],
    ids=[
        "port out of range", "port a text", "a name that is no id", "a missing key", "an unknown kind",
        "an unknown key", "no store", "no TOML", "a page without a store to read", "a store twice",
        "a page for others without a token", "a page everywhere without a name",
        "TLS without an authority", "a key without certificate",
        "a standby that says nothing of its own stations", "a standby for itself", "an id that is none",
        "receipts too early for two gateways",
        "receipts too early for a share", "a limit of nothing",
        "an owner that shares",
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(load, found, instead, expected):
    assert found in LEAST
    start = LEAST.rindex(found)
    with pytest.raises(SettingsError) as refused:
        load(LEAST[:start] + instead + LEAST[start + len(found) :])
    assert any(expected in str(problem) for problem in refused.value.problems), str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"no-such-file\.toml"):
        load_settings(tmp_path / "no-such-file.toml")

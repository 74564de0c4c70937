"""Makes what the settings name: the broker's address and the stores, each with its secrets read from their files."""

import ssl

from gateway.mqtt import BrokerAddress
from gateway.settings import INFLUXDB_2, BrokerSettings, EmbeddedSettings, InfluxSettings, TlsSettings
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.influxdb import connect_v1, connect_v2
from gateway.stores.store import Store

__all__ = ["broker_address", "make_store"]


def broker_address(broker: BrokerSettings) -> BrokerAddress:
    """Return where the broker is and how to be admitted; raise OSError naming a file that cannot be used."""
    password = broker.password_file.read_text().strip() if broker.password_file else None
    tls = _tls_context(broker.tls) if broker.tls else None
    return BrokerAddress(broker.host, broker.port, broker.username, password, tls)


def make_store(settings: EmbeddedSettings | InfluxSettings) -> Store:
    """Return the store, not yet open; raise OSError for a secret that cannot be read."""
    if isinstance(settings, EmbeddedSettings):
        return EmbeddedStore(settings.path, settings.name)
    secret = settings.secret_file.read_text().strip() if settings.secret_file else ""
    if settings.api == INFLUXDB_2:
        return connect_v2(settings.name, settings.url, settings.database, settings.organisation, secret)
    return connect_v1(settings.name, settings.url, settings.database, settings.username, secret)


def _tls_context(tls: TlsSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:  # of which ssl.SSLError is one
        raise OSError(f"{tls.ca_file}: {error}; expected certificates of authorities in PEM") from error
    if tls.certificate_file is not None:
        try:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
        except OSError as error:
            files = f"{tls.certificate_file}, {tls.key_file}"
            raise OSError(f"{files}: {error}; expected a certificate and its key in PEM") from error
    return context

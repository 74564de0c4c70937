"""Makes what the settings name: the broker's address and the stores, each with its secrets read from their files."""

import ssl
from collections.abc import Callable

from gateway.mqtt import BrokerAddress
from gateway.settings import BrokerSettings, EmbeddedSettings, InfluxSettings, TlsSettings
from gateway.store_settings import INFLUXDB_1, INFLUXDB_2, INFLUXDB_3, VICTORIA_METRICS
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.influxdb import connect_v1, connect_v2, connect_v3
from gateway.stores.store import Store
from gateway.stores.victoria_metrics import connect_victoria

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
    return CONNECTORS[settings.api](settings, secret)


CONNECTORS: dict[str, Callable[[InfluxSettings, str], Store]] = {
    INFLUXDB_1: lambda to, secret: connect_v1(to.name, to.url, to.database, to.username, secret),
    INFLUXDB_2: lambda to, secret: connect_v2(to.name, to.url, to.database, to.organisation, secret),
    INFLUXDB_3: lambda to, secret: connect_v3(to.name, to.url, to.database, secret),
    VICTORIA_METRICS: lambda to, secret: connect_victoria(to.name, to.url, to.username, secret),
}


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

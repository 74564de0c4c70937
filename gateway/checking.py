"""Whether a gateway could run: files, keys, and that broker and stores can be reached."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.keys import KeyFileError, Keys
from gateway.settings import EmbeddedSettings, Settings
from rivergauge.basin import Basin

__all__ = ["Finding", "check_gateway"]

CONNECT_LIMIT_S = 5.0
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Finding:
    what: str
    is_well: bool
    detail: str


def check_gateway(settings: Settings, basin: Basin) -> list[Finding]:
    """Return one finding for each thing the gateway needs."""
    return [*_keys(settings, basin), *_loggers(basin), *_folders(settings), *_servers(settings)]


def _keys(settings: Settings, basin: Basin) -> Iterator[Finding]:
    keys = Keys(settings.keys)
    for station in basin.stations:
        if not station.sensors:
            continue  # another maker's logger alone, which has no key
        what = f"keys of {station.id}"
        try:
            known = keys.of(basin.code, station.id)
        except KeyFileError as error:
            yield Finding(what, False, str(error))
            continue
        if station.key_id.encode() in known:
            yield Finding(what, True, f"{len(known)} valid")
        else:
            file = settings.keys / basin.code / f"{station.id}.key"
            yield Finding(what, False, f"{file}: expected a line `{station.key_id} hex`, as the basin file names it")


def _loggers(basin: Basin) -> Iterator[Finding]:
    for station in basin.stations:
        if station.senml:
            detail = (
                f"{len(station.senml)} values, taken from whoever may write to its topic: nothing proves the sender"
            )
            yield Finding(f"SenML of {station.id}", True, detail)


def _folders(settings: Settings) -> Iterator[Finding]:
    paths = {"journal": settings.journal}
    paths |= {f"store {each.name}": each.path for each in settings.stores if isinstance(each, EmbeddedSettings)}
    for what, path in paths.items():
        folder = _nearest_folder(path)
        is_writable = os.access(folder, os.W_OK)
        yield Finding(what, is_writable, f"{path}" if is_writable else f"{folder} cannot be written by this user")


def _servers(settings: Settings) -> Iterator[Finding]:
    yield _reach("broker", settings.broker.host, settings.broker.port)
    for store in settings.stores:
        if not isinstance(store, EmbeddedSettings):
            address = urlsplit(store.url)
            port = address.port or DEFAULT_PORTS[address.scheme]
            yield _reach(f"store {store.name}", address.hostname or "", port)


def _reach(what: str, host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), CONNECT_LIMIT_S):
            return Finding(what, True, f"{host}:{port} accepts connections")
    except OSError as error:
        return Finding(what, False, f"{host}:{port}: {error}; expected a server that listens there")


def _nearest_folder(path: Path) -> Path:
    """Return the folder that holds the path, or the nearest one above that is there."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())

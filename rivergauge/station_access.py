"""How a station reaches network and broker: what the flasher adds to its configuration, and the secret files."""

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from firmware.flash import PlanError, PlannedFile
from firmware.station.trust import (
    AUTHORITY_PATH,
    CERTIFICATE_PATH,
    FILE_LIMIT,
    MUTUAL,
    PASSWORD_PATH,
    PRIVATE_KEY_PATH,
    SERVER,
)

__all__ = ["StationAccess", "station_access"]

WIFI_PATH = "/network.json"


@dataclass(frozen=True)
class StationAccess:
    """`broker` goes into the configuration beside host and port, `files` onto the board."""

    broker: dict[str, str]
    files: tuple[PlannedFile, ...]


def station_access(
    station: str, broker_folder: Path | None, username: str | None, password_file: Path | None, wifi_file: Path | None
) -> StationAccess:
    """Read what proves who is who from the folder of `rivergauge broker config`; raise PlanError.

    Without the folder there is no TLS. A station with a user name has a password, else a certificate.
    """
    if (username is None) != (password_file is None):
        raise PlanError("--username and --password-file go together: expected both or neither")
    broker: dict[str, str] = {}
    files = []
    if broker_folder is not None:
        broker["tls"] = MUTUAL if username is None else SERVER
        files.append(PlannedFile(AUTHORITY_PATH, _certificate(broker_folder / "ca.crt")))
        if username is None:
            files.append(PlannedFile(CERTIFICATE_PATH, _certificate(broker_folder / "stations" / f"{station}.crt")))
            files.append(PlannedFile(PRIVATE_KEY_PATH, _private_key(broker_folder / "stations" / f"{station}.key")))
    if username is not None and password_file is not None:
        broker["username"] = username
        files.append(PlannedFile(PASSWORD_PATH, _read(password_file).rstrip(b"\r\n")))
    if wifi_file is not None:
        files.append(PlannedFile(WIFI_PATH, _wifi(wifi_file)))
    for file in files:
        if len(file.data) > FILE_LIMIT:
            raise PlanError(f"{file.path}: found {len(file.data)} bytes, expected at most {FILE_LIMIT} on a board")
    return StationAccess(broker, tuple(files))


def _certificate(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(_read(path)).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise PlanError(f"{path}: expected a certificate in PEM, as `rivergauge broker config` writes it") from None


def _private_key(path: Path) -> bytes:
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):
        raise PlanError(f"{path}: expected a private key in PEM, as `rivergauge broker config` writes it") from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _wifi(path: Path) -> bytes:
    try:
        settings = json.loads(_read(path))
        names = {"ssid": settings["ssid"], "password": settings["password"]}
    except (ValueError, KeyError, TypeError):
        raise PlanError(f'{path}: expected {{"ssid": ..., "password": ...}}') from None
    return json.dumps(names, ensure_ascii=False).encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}; expected a file that can be read") from None

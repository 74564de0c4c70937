"""The audit of keys and secrets: those that are needed are there, and nobody else can read them."""

import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.keys import KeyFileError, Keys
from gateway.settings import EmbeddedSettings, Settings
from rivergauge.basin import Basin, Station

from .finding import Finding, ok, problem, warning

__all__ = ["audit_keys", "audit_loggers", "audit_secrets"]

ROOT = 0


def audit_keys(settings: Settings, basin: Basin) -> Iterator[Finding]:
    """Yield one finding for each station that has a key."""
    keys = Keys(settings.keys)
    for station in basin.stations:
        if station.sensors:  # else it is another maker's logger alone, which has no key
            yield _key(settings.keys, keys, basin.code, station)


def audit_loggers(settings: Settings, basin: Basin) -> Iterator[Finding]:
    """Yield one finding for each station whose other logger the basin file names."""
    for station in basin.stations:
        if station.senml:
            yield _logger(settings, station)


def audit_secrets(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each secret that cannot be used, or that other users can read."""
    broker, web = settings.broker, settings.web
    files = {"broker password": broker.password_file, "broker TLS key": broker.tls.key_file if broker.tls else None}
    files |= {"page token": web.token_file if web else None}
    smtp, token_files = settings.alerts.smtp, settings.alerts.webhook_token_files
    files |= {"mail password": smtp.password_file if smtp else None}
    files |= {f"webhook token of {name}": path for name, path in token_files.items()}
    for store in settings.stores:
        if not isinstance(store, EmbeddedSettings):
            files[f"secret of store {store.name}"] = store.secret_file
    for what, path in files.items():
        if path is None:
            continue
        if not path.is_file():
            yield problem(what, f"{path}: found nothing", "write the secret into this file, with mode 600")
        elif not _is_private(path):
            yield problem(what, f"{path} can be read by other users", f"chmod 600 {path}")


def _logger(settings: Settings, station: Station) -> Finding:
    what = f"SenML of {station.id}"
    if not settings.accept_unauthenticated:
        advice = "set accept_unauthenticated = true in gateway.toml, or take [[station.senml]] out of the basin file"
        return warning(what, "its packs become dead letters: nothing proves who sent them", advice)
    flags = [each.variable for each in station.senml if each.raises_flags]
    detail = f"{len(station.senml)} values, taken from whoever may write to its topic: nothing proves the sender"
    if flags:
        advice = "let nobody but the logger write to its topic, or take raises_flags out"
        return warning(what, f"{detail}, and {', '.join(flags)} may raise flags", advice)
    return ok(what, detail)


def _key(folder: Path, keys: Keys, basin: str, station: Station) -> Finding:
    what = f"keys of {station.id}"
    path = folder / basin / f"{station.id}.key"
    advice = f"`rivergauge station flash` makes it with the station; or add a line `{station.key_id} <64 hex digits>`"
    try:
        known = keys.of(basin, station.id)
    except KeyFileError as error:
        return problem(what, str(error), "correct the file; the gateway sees it at once")
    if station.key_id.encode() not in known:
        found = f"only {', '.join(each.decode() for each in known)}" if known else "no key"
        return problem(what, f"{path}: found {found}, expected {station.key_id}, as the basin file names it", advice)
    if not _is_private(path):
        return warning(what, f"{path} can be read by other users, who could speak for the station", f"chmod 600 {path}")
    return ok(what, f"{len(known)} valid")


def _is_private(path: Path) -> bool:
    status = path.stat()
    # systemd gives a unit's credentials by an access list, which shows as rights of the group root.
    is_shared = status.st_mode & stat.S_IRWXG and status.st_gid != ROOT
    return not (is_shared or status.st_mode & stat.S_IRWXO)

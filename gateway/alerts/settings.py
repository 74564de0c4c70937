"""[alerts] of gateway.toml: the mail server, and the secrets that webhooks ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rivergauge.basin.contacts import EMAIL_PATTERN
from rivergauge.basin.document import Table

__all__ = ["NONE", "NOTHING_SAID", "STARTTLS", "TLS", "AlertSettings", "SmtpSettings", "read_alert_settings"]

STARTTLS, TLS, NONE = "starttls", "tls", "none"
PORT_LIMIT = 65_535
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class SmtpSettings:
    """The server that mail is handed to; `security` is STARTTLS, TLS (from the first byte) or NONE."""

    host: str
    port: int
    sender: str
    security: str = STARTTLS
    username: str | None = None  # both or neither
    password_file: Path | None = None


@dataclass(frozen=True)
class AlertSettings:
    """`ca_file` says whose word is believed on who a server is, None for the authorities of the system.

    `webhook_token_files` are by the contact's name.
    """

    smtp: SmtpSettings | None = None
    ca_file: Path | None = None
    webhook_token_files: Mapping[str, Path] = field(default_factory=dict)


NOTHING_SAID = AlertSettings()


def read_alert_settings(root: Table, folder: Path) -> AlertSettings:
    """Return what [alerts] says, nothing where there is none; paths are relative to `folder`."""
    if "alerts" not in root:
        return NOTHING_SAID
    table = root.take_table("alerts", "a table [alerts]")
    ca_file = folder / table.take_text("ca_file", "certificates of authorities") if "ca_file" in table else None
    smtp = None
    if "smtp" in table:
        smtp = _read_smtp(table.take_table("smtp", "a table with host, port and sender"), folder)
    token_files: dict[str, Path] = {}
    if "webhook_token_files" in table:
        files = table.take_table("webhook_token_files", "a table with a file for each contact's name")
        token_files = {name: folder / files.take_text(name, "a file with the token") for name in files.keys}
    table.refuse_unknown()
    return AlertSettings(smtp, ca_file, token_files)


def _read_smtp(table: Table, folder: Path) -> SmtpSettings:
    has_login = "username" in table or "password_file" in table
    smtp = SmtpSettings(
        host=table.take_text("host", "the mail server's name or address"),
        port=table.take_integer("port", 1, PORT_LIMIT),
        sender=table.take_text("sender", "the address that mail is from, such as gauges@example.org", EMAIL_PATTERN),
        security=table.take_choice("security", [STARTTLS, TLS, NONE]) if "security" in table else STARTTLS,
        username=table.take_text("username", "a name, since password_file is there") if has_login else None,
        password_file=folder / table.take_text("password_file", "a file, since username is there")
        if has_login
        else None,
    )
    if smtp.security == NONE and has_login and smtp.host not in LOOPBACK:
        table.note("security", f'"{NONE}"', f"{STARTTLS} or {TLS}, so that nobody reads the password on the way")
    table.refuse_unknown()
    return smtp

"""The audit of alerts: whoever is to be told can be, as far as that shows without telling anybody anything."""

import ssl
from collections.abc import Iterator

from gateway.alerts.settings import AlertSettings, SmtpSettings
from gateway.alerts.smtp import FAULTS, reason_of, session
from gateway.settings import Settings
from rivergauge.basin import Basin

from .finding import Finding, ok, problem, warning

__all__ = ["audit_alerts"]

MAIL_SERVER = "mail server"


def audit_alerts(settings: Settings, basin: Basin) -> Iterator[Finding]:
    """Yield findings on contacts and the mail server, at which it logs in and sends nothing."""
    everyone = basin.alerts.everyone
    if not everyone:
        yield ok("alerts", "nobody is told of flags: the basin file names no contact")
        return
    yield ok("alerts", f"{len(everyone)} contacts; `rivergauge alerts test` sends a message to each")
    smtp = settings.alerts.smtp
    mailed = [each.name for each in everyone if each.email is not None]
    if smtp is not None:
        yield _mail_server(smtp, settings.alerts)
    elif mailed:
        yield problem(
            MAIL_SERVER, f"none, and there is mail for: {', '.join(mailed)}", "name it in gateway.toml: [alerts.smtp]"
        )
    unused = sorted(settings.alerts.webhook_token_files.keys() - {each.name for each in everyone if each.webhook})
    if unused:
        yield warning(
            "webhook tokens",
            f"of no contact with a webhook: {', '.join(unused)}",
            "name them in gateway.toml, [alerts.webhook_token_files], as the basin file does",
        )


def _mail_server(smtp: SmtpSettings, alerts: AlertSettings) -> Finding:
    where = f"{smtp.host}:{smtp.port}"
    try:
        with session(smtp, lambda: ssl.create_default_context(cafile=alerts.ca_file), lambda: False) as client:
            client.quit()
    except FAULTS as error:
        return problem(
            MAIL_SERVER, f"{where}: {reason_of(error)}", "correct [alerts.smtp] in gateway.toml, or the server"
        )
    return ok(MAIL_SERVER, f"{where} takes mail from this gateway ({smtp.security})")

"""A gateway with one contact that ends as by a power cut (SIGKILL) while it tells that contact of a flag.

    python -m tests.gateway.alerts.killed_alerting FOLDER BASIN BROKER_PORT MAIL_PORT STEP MOMENT

kills at the first time that STEP begins (MOMENT "before") or has ended ("after").
"""

import sys
import threading
from dataclasses import replace
from pathlib import Path

from gateway.alerts.courier import Courier
from gateway.alerts.herald import Herald
from gateway.alerts.mail import MailChannel
from gateway.alerts.settings import NONE, AlertSettings, SmtpSettings
from gateway.service import Service
from gateway.settings import BrokerSettings, EmbeddedSettings, Settings
from rivergauge.basin import Alerting, Basin, Contact, load_basin
from tests.fakes.publisher import NOW_MS
from tests.gateway.killed_gateway import STEPS, kill_at

ALERT_STEPS = {"tell": (Herald, "tell"), "send": (MailChannel, "send"), "keep": (Courier, "_keep")}
DUTY = Contact("duty", "en", "duty@example.com")


def with_duty(basin: Basin) -> Basin:
    return replace(basin, alerts=Alerting((DUTY,)))


def mail_settings(port: int) -> AlertSettings:
    return AlertSettings(SmtpSettings("127.0.0.1", port, "gauges@example.org", NONE))


def main() -> None:
    folder, basin, broker_port, mail_port, step, moment = sys.argv[1:]
    STEPS.update(ALERT_STEPS)
    kill_at(step, moment, 1)
    at = Path(folder)
    settings = Settings(
        name="gateway-1",
        basin=Path(basin),
        keys=at / "keys",
        journal=at / "journal.sqlite",
        bulletins=at / "bulletins",
        broker=BrokerSettings("127.0.0.1", int(broker_port)),
        stores=(EmbeddedSettings("embedded", at / "observations.sqlite"),),
        alerts=mail_settings(int(mail_port)),
    )
    Service(settings, with_duty(load_basin(basin)), now_ms=lambda: NOW_MS).start()
    threading.Event().wait(60)


if __name__ == "__main__":
    main()

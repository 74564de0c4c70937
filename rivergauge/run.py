"""`rivergauge run`: the gateway as a service of the machine."""

import logging
import os
import queue
import signal
import sqlite3
import time

import typer

from gateway.complaints import Complaint
from gateway.notify import Notifier
from gateway.service import Service
from gateway.settings import Settings, load_settings
from rivergauge.basin import Basin, ConfigurationError, load_basin
from rivergauge.gateway_commands import DEFAULT_CONFIG, FAILED, ConfigOption

__all__ = ["run"]

LOOK_EVERY_S = 5.0  # how often progress is looked at, at least
LOOKS_PER_WATCHDOG = 3
ENDING = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; SIGHUP has it read its settings and the basin file again.

    Example: rivergauge run --config deploy/gateway.toml
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()
    for each in (*ENDING, signal.SIGHUP):
        signal.signal(each, lambda number, _frame: asked.put(number))
    notifier = Notifier(os.environ)
    settings = load_settings(config)
    service = _start(settings, load_basin(settings.basin))
    notifier.ready(_status(settings, service))
    while (number := _follow(service, notifier, asked)) not in ENDING:
        notifier.reloading()
        try:
            settings = load_settings(config)
            basin = load_basin(settings.basin)
        except ConfigurationError as error:
            log.error("nothing is changed, because of mistakes:\n%s", "\n".join(map(str, error.problems)))
        else:
            # Stopping and starting is the one way that every fault test has proven; messages wait at the broker.
            service.stop()
            service = _start(settings, basin)
        notifier.ready(_status(settings, service))
    notifier.stopping()
    service.stop()
    log.info("gateway %s has ended on %s", settings.name, signal.Signals(number).name)


def _start(settings: Settings, basin: Basin) -> Service:
    """Return the running service, or end the command where it cannot run."""
    service = Service(settings, basin, now_ms=lambda: time.time_ns() // 1_000_000)
    try:
        service.start()
    except (OSError, sqlite3.Error) as error:
        typer.echo(f"the gateway cannot start: {error}", err=True)
        raise typer.Exit(FAILED) from None
    log.info("gateway %s is running%s", settings.name, f", page at {service.web_url}" if service.web_url else "")
    return service


def _follow(service: Service, notifier: Notifier, asked: queue.SimpleQueue[int]) -> int:
    """Feed the watchdog as long as the stages get on; return the signal that ends the wait."""
    stall = Complaint(log, "work does not get on", time.monotonic)
    look_every_s = min(LOOK_EVERY_S, notifier.watchdog_s / LOOKS_PER_WATCHDOG)
    while True:
        try:
            return asked.get(timeout=look_every_s)
        except queue.Empty:
            stalled = service.stalled()
        if stalled:
            stall.raise_(f"{', '.join(stalled)}; the watchdog is not fed")
            notifier.say(f"stalled: {', '.join(stalled)}")
        else:
            stall.clear()
            notifier.alive()


def _status(settings: Settings, service: Service) -> str:
    return f"gateway {settings.name}" + (f", page at {service.web_url}" if service.web_url else "")

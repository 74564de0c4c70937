"""`rivergauge run`: the gateway as a service of the machine."""

import logging
import os
import queue
import signal
import sqlite3
import sys
import time
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from gateway.collecting import collect_rarely
from gateway.complaints import Complaint
from gateway.log_lines import JsonLines, KeyValueLines, Repetitions
from gateway.notify import Notifier
from gateway.service import Service
from gateway.settings import Settings, load_settings
from rivergauge.basin import Basin, ConfigurationError, load_basin
from rivergauge.failures import told
from rivergauge.gateway_commands import DEFAULT_CONFIG, FAILED, ConfigOption

__all__ = ["run"]

LOOK_EVERY_S = 5.0  # how often progress is looked at, at least
LOOKS_PER_WATCHDOG = 3
ENDING = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


class LogFormat(Enum):
    KEYS = "keys"
    JSON = "json"


FormatOption = Annotated[
    LogFormat, typer.Option("--log-format", help="Words `key=value`, or JSON objects, a line each.")
]


def run(config: ConfigOption = DEFAULT_CONFIG, log_format: FormatOption = LogFormat.KEYS) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; SIGHUP has it read its settings and the basin file again.

    Example: rivergauge run --config deploy/gateway.toml
    """
    repetitions = _write_log(log_format)
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()
    for each in (*ENDING, signal.SIGHUP):
        signal.signal(each, lambda number, _frame: asked.put(number))
    notifier = Notifier(os.environ)
    settings = load_settings(config)
    collect_rarely()
    service = _start(settings, _make(settings, load_basin(settings.basin)))
    notifier.ready(_status(settings, service))
    while (number := _follow(service, notifier, repetitions, asked)) not in ENDING:
        notifier.reloading()
        try:
            settings, service = _reload(config, settings, service)
        except ConfigurationError as error:
            for problem in error.problems:
                log.error("nothing is changed, because of a mistake: %s", problem)
            service.note_refused([str(problem) for problem in error.problems])
        notifier.ready(_status(settings, service))
    notifier.stopping()
    service.stop()
    log.info("gateway %s has ended on %s", settings.name, signal.Signals(number).name)


def _make(settings: Settings, basin: Basin) -> Service:
    """Return the service, not started; raise ConfigurationError where the two files do not fit together."""
    return Service(settings, basin, now_ms=lambda: time.time_ns() // 1_000_000)


def _start(settings: Settings, service: Service) -> Service:
    """Return the service, running, or end the command where it cannot run."""
    try:
        service.start()
    except (OSError, sqlite3.Error) as error:
        typer.echo(f"the gateway cannot start: {told(error)}", err=True)
        raise typer.Exit(FAILED) from None
    _tell_start(settings, service)
    return service


def _tell_start(settings: Settings, service: Service) -> None:
    log.info("gateway %s is running%s", settings.name, f", page at {service.web_url}" if service.web_url else "")


def _reload(config: Path, settings: Settings, service: Service) -> tuple[Settings, Service]:
    """Return the settings and the service that go on; raise ConfigurationError where a file has mistakes."""
    changed = load_settings(config)
    basin = load_basin(changed.basin)
    if changed == settings and service.can_take_up(basin):
        service.take_up(basin)
        log.info("gateway %s goes on with the basin file as it is now", settings.name)
        return settings, service
    # What belongs to the server has changed: stopping and starting is the one way that every fault test has proven.
    successor = _make(changed, basin)
    service.stop()
    try:
        successor.start()
    except (OSError, sqlite3.Error) as error:
        # What only shows when it starts: a secret that is not there, an address that is taken.
        log.error("nothing is changed, because it cannot run with the changed settings: %s", told(error))
        service = _start(settings, service)
        service.note_refused([told(error)])
        return settings, service
    _tell_start(changed, successor)
    return changed, successor


def _follow(service: Service, notifier: Notifier, repetitions: Repetitions, asked: queue.SimpleQueue[int]) -> int:
    """Feed the watchdog as long as the stages get on; return the signal that ends the wait."""
    stall = Complaint(log, "work does not get on", time.monotonic)
    look_every_s = min(LOOK_EVERY_S, notifier.watchdog_s / LOOKS_PER_WATCHDOG)
    while True:
        try:
            return asked.get(timeout=look_every_s)
        except queue.Empty:
            stalled = service.stalled()
        repetitions.tell()
        if stalled:
            stall.raise_(f"{', '.join(stalled)}; the watchdog is not fed")
            notifier.say(f"stalled: {', '.join(stalled)}")
        else:
            stall.clear()
            notifier.alive()


def _write_log(log_format: LogFormat) -> Repetitions:
    """Have the log written to standard error; return what is to be asked now and then for what it holds back."""
    stream = os.fstat(sys.stderr.fileno())
    is_under_systemd = os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"  # systemd.exec(5)
    repetitions = Repetitions(time.monotonic)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format is LogFormat.JSON else KeyValueLines(is_under_systemd))
    handler.addFilter(repetitions)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return repetitions


def _status(settings: Settings, service: Service) -> str:
    return f"gateway {settings.name}" + (f", page at {service.web_url}" if service.web_url else "")

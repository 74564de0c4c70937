# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Commands of gateways, carried out. Each answers (outcome, detail, facts).

To add a command: a function here, its name in COMMANDS, and a line in docs for whoever gives it.
"""

from protocol.commands import DONE, EXPIRED, FAILED, UNKNOWN_COMMAND, Reply, decode_command, encode_reply

RANGE_LIMIT = 10_000  # records of one send-range: more than a queue of 512 KiB holds


class Station:
    """What commands may reach; `wants_reset` says that one asked for a new start after this exchange."""

    def __init__(self, board, configuration, trial, orders, memory, queue, clock, power, counters):
        self.board = board
        self.configuration = configuration
        self.trial = trial
        self.orders = orders
        self.memory = memory
        self.queue = queue
        self.clock = clock
        self.power = power
        self.counters = counters
        self.wants_reset = False


def carry_out(payload, station):
    """Return the reply to a command, or None for one that is not newer than those before it."""
    command = decode_command(payload)
    if not station.orders.accept(command.gateway, command.command_no):
        return None
    outcome, detail, facts = _outcome(command, station)
    memory = station.memory
    return encode_reply(
        Reply(memory.boot_no, memory.next_message_no(), command.gateway, command.command_no, outcome, detail, facts)
    )


def _outcome(command, station):
    if command.name not in COMMANDS:
        return UNKNOWN_COMMAND, command.name, {}
    utc_ms = station.clock.utc_ms()
    if utc_ms is None:
        return FAILED, "the clock is not set, so the command may have expired", {}
    if utc_ms >= command.expires_at_ms:
        return EXPIRED, "", {"now_ms": utc_ms}
    try:
        return COMMANDS[command.name](command.arguments, station)
    except KeyError as error:
        return FAILED, "expected the argument %s" % error.args[0], {}
    except TypeError:
        return FAILED, "expected arguments of another type", {}


def _set_interval(arguments, station):
    if station.trial.has_candidate():
        # It may have intervals of its own, and may be given up: nobody could tell what those ordered would replace.
        return FAILED, "a configuration is on trial: wait for its event", {}
    if station.orders.set_intervals(arguments["record_every_s"], arguments["send_every_s"], station.configuration):
        return DONE, "", {}
    return FAILED, "expected record_every_s to divide a day and send_every_s", {}


def _send_range(arguments, station):
    """Send records again, whoever receipted them, in the exchanges that follow; those overwritten are told as lost."""
    first, last = arguments["first"], arguments["last"]
    if not 1 <= first <= last < first + RANGE_LIMIT:
        return FAILED, "expected first and last, at most %d records" % RANGE_LIMIT, {}
    held = sum(1 for _ in station.queue.held_between(first, last))
    station.orders.set_range_again(first, last)
    return DONE, "", {"held": held, "not_held": last - first + 1 - held}


def _maintenance(arguments, station):
    station.orders.set_test(arguments["on"] == 1)
    return DONE, "", {}


def _new_configuration(arguments, station):
    from .reconfiguration import take_configuration

    return take_configuration(arguments, station)


def _new_rating(arguments, station):
    from .reconfiguration import take_rating

    return take_rating(arguments, station)


def _report_health(_arguments, station):
    from .health import health_facts

    facts = health_facts(
        station.board, station.memory, station.queue, station.clock, station.power, station.counters
    )  # fmt: skip
    return DONE, "", facts


def _reboot(_arguments, station):
    station.wants_reset = True
    return DONE, "", {}


COMMANDS = {
    "maintenance": _maintenance,
    "new-configuration": _new_configuration,
    "new-rating": _new_rating,
    "reboot": _reboot,
    "report-health": _report_health,
    "send-range": _send_range,
    "set-interval": _set_interval,
}

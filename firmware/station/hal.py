# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What the station asks of its hardware; each board implements `Board`.

The law this file keeps: the application reaches hardware, time and the network through a `Board` and nothing else.
Every call that may block takes a deadline in monotonic milliseconds and returns at the latest then.
"""

# Why the processor started; `Board.reset_cause` returns one of these.
POWER_ON = 1
DEEP_SLEEP = 2
WATCHDOG = 3
SOFT_RESET = 4
BROWN_OUT = 5

RTC_MEMORY_BYTES = 1024  # what every supported board keeps through deep sleep and loses with power


class HardwareError(Exception):
    """The board could not do what was asked; `reason` is a short word for logs, such as "no-network"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class SerialPort:
    """An open UART."""

    def read_into(self, buffer, deadline_ms):
        """Return how many bytes were read into `buffer`: at least 1, or 0 when the deadline passed first."""
        raise NotImplementedError

    def write(self, data):
        """Send all of `data`; return when its last bit has left. A half-duplex line may bring an echo of it."""
        raise NotImplementedError

    def send_break(self, low_ms):
        """Hold the line at space for at least `low_ms`, then let it mark; return soon after that."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


class Network:
    """A way to the internet: the board's own radio, or a modem."""

    def join(self, deadline_ms):
        """Return when the network is up, at once where it is; raise HardwareError."""
        raise NotImplementedError

    def leave(self):
        """Switch the radio off; nothing where it is off."""
        raise NotImplementedError


class Link:
    """A connected byte stream to the broker."""

    def read_into(self, buffer, deadline_ms):
        """Return how many bytes were read: at least 1, or 0 at the deadline; raise HardwareError when closed."""
        raise NotImplementedError

    def write(self, data, deadline_ms):
        """Write all of `data`, or raise HardwareError when the link is closed or the deadline passed."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


def link_failure(error):
    """Return the HardwareError for what reading or writing a link's stream raised; TLS gives its reason."""
    if isinstance(error, ValueError):  # the certificate was refused, in words
        return HardwareError("tls: " + str(error).strip().replace("\n", "; "))
    code = error.args[0] if error.args else 0
    if isinstance(code, int) and code < 0:  # of the TLS library; errors of sockets are above 0
        return HardwareError("tls: refused, error -0x%x" % -code)
    return HardwareError("closed")


class FlashRegion:
    """A stretch of raw NOR flash: erase sets every bit of a block to 1, programming can only clear bits."""

    block_bytes = 4096
    block_count = 0

    def read_into(self, offset, buffer):
        raise NotImplementedError

    def program(self, offset, data):
        """Clear bits; `data` lies inside one 256-byte page."""
        raise NotImplementedError

    def erase(self, block_no):
        raise NotImplementedError


class Board:
    """One board; the file system with the application and its configuration is mounted at `/`."""

    name = ""
    join_ms = 15_000  # what to allow `join_network`

    def reset_cause(self):
        raise NotImplementedError

    def monotonic_ms(self):
        """Return milliseconds since power came on; runs on through deep sleep, never steps, never wraps."""
        raise NotImplementedError

    def utc_ms(self):
        """Return Unix time in ms from the board's clock, or None when it was never set since power came on."""
        raise NotImplementedError

    def set_utc_ms(self, utc_ms):
        raise NotImplementedError

    def rtc_memory(self):
        """Return the bytes kept through deep sleep; empty after power was lost."""
        raise NotImplementedError

    def set_rtc_memory(self, data):
        """Keep at most RTC_MEMORY_BYTES through the next deep sleep."""
        raise NotImplementedError

    def sleep_until(self, monotonic_ms):
        """Idle with the processor on."""
        raise NotImplementedError

    def deep_sleep_until(self, monotonic_ms):
        """End this run; the application starts again at the given time. Does not return."""
        raise NotImplementedError

    def reset(self):
        """Start again at once. Does not return."""
        raise NotImplementedError

    def feed_watchdog(self):
        raise NotImplementedError

    def set_power(self, switch_no, on):
        """Switch a sensor's supply."""
        raise NotImplementedError

    def battery_v(self):
        """Return the supply voltage in V, or None when the board cannot measure it."""
        raise NotImplementedError

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        """Return the SerialPort; `parity` is None, 0 for even or 1 for odd."""
        raise NotImplementedError

    def pulses(self, input_no):
        """Return the pulses counted at an input since power came on, awake and asleep; HardwareError if none can be."""
        raise NotImplementedError

    def use_modem(self, settings):
        """Reach the network by a cellular modem from now on; `settings` as `modem.Modem` takes them."""
        raise NotImplementedError

    def join_network(self, deadline_ms):
        """Bring the network up, at once where it is; raise HardwareError."""
        raise NotImplementedError

    def open_link(self, host, port, deadline_ms, secure=None):
        """Bring the network up and connect; raise HardwareError("no-network" | "refused" | "timeout").

        `secure(connected)` returns the stream to use in the place of the connected, non-blocking socket.
        """
        raise NotImplementedError

    def exchange_datagram(self, host, port, request, deadline_ms):
        """Bring the network up, send a UDP datagram and return the one that answers it, of 512 bytes at most.

        Raise HardwareError("no-network" | "refused" | "timeout").
        """
        raise NotImplementedError

    def close_network(self):
        raise NotImplementedError

    def queue_flash(self):
        """Return the FlashRegion that holds the record queue."""
        raise NotImplementedError

    def random_bytes(self, count):
        raise NotImplementedError

"""A cellular modem at its serial port (ITU-T V.250, 3GPP TS 27.007), as strict as the slowest of them."""

from math import ceil

from firmware.virtual.sensors.instrument import AnsweringInstrument

__all__ = ["CellModem"]

BOOT_MS = 4000
SIM_MS = 2500  # after boot
REGISTER_MS = 6000  # after boot
DIAL_MS = 1500
ANSWER_MS = 30
GUARD_MS = 1000  # of silence before and after the escape
LINE_LIMIT = 128
BITS = 10  # of a character


class CellModem(AnsweringInstrument):
    """Knows one access point name; `is_online` in data mode, `dialled` counts. It forgets all at power-off."""

    baud = 115_200
    frame = "8N1"
    faults = (
        "silent",  # until the power is switched off and on: no answer to a command
        "no-sim",
        "pin",
        "not-registered",
        "denied",
        "no-carrier",
    )

    def __init__(self, apn: str) -> None:
        super().__init__()
        self.dialled = 0
        self.is_online = False
        self.times_powered = 0
        self._apn = apn
        self._reset(None)

    def set_power(self, on: bool, at_ms: int) -> None:
        was_on = self._powered_at_ms is not None
        super().set_power(on, at_ms)
        if on and not was_on:
            self.times_powered += 1
            self._reset(at_ms)
        elif not on:
            self.is_online = False

    def _reset(self, at_ms: int | None) -> None:
        self._ready_ms = None if at_ms is None else at_ms + BOOT_MS
        self._is_stuck = at_ms is not None and self._fails("silent")
        self._echoes = True
        self._context: str | None = None
        self._line = b""
        self._heard_ms = 0.0
        self._escape_ms: float | None = None  # when the escape ended, while it lacks its guard time

    def receive(self, data: bytes, began_ms: float, ended_ms: float) -> None:
        silence_ms, self._heard_ms = began_ms - self._heard_ms, ended_ms
        if self._ready_ms is None or began_ms < self._ready_ms or self._is_stuck:
            return  # what comes before it is up is lost
        if self.is_online:
            # It is data, unless three pluses stand alone.
            if self._escape_ms is not None and silence_ms >= GUARD_MS:
                self.is_online = False
            else:
                self._escape_ms = ended_ms if data == b"+++" and silence_ms >= GUARD_MS else None
                return
        at_ms = ceil(ended_ms) + ANSWER_MS
        if self._echoes:
            self._answer(data, at_ms)
        self._line = (self._line + data)[-LINE_LIMIT:]
        while b"\r" in self._line:
            command, self._line = self._line.split(b"\r", 1)
            self._obey(command.decode("ascii", "replace").strip().upper(), at_ms)

    def _obey(self, command: str, at_ms: int) -> None:
        assert self._ready_ms is not None
        up_ms = at_ms - self._ready_ms
        if command in ("AT", "ATH"):
            self._lines(at_ms, "OK")
        elif command == "ATE0":
            self._echoes = False
            self._lines(at_ms, "OK")
        elif command == "AT+CPIN?":
            self._lines(at_ms, *self._sim(up_ms))
        elif command == "AT+CSQ":
            self._lines(at_ms, "+CSQ: 17,99" if up_ms >= REGISTER_MS else "+CSQ: 99,99", "OK")
        elif command in ("AT+CREG?", "AT+CEREG?"):
            self._lines(at_ms, f"+{command[3:-1]}: 0,{self._registration(up_ms)}", "OK")
        elif command.startswith("AT+CGDCONT="):
            self._context = command.removeprefix("AT+CGDCONT=")
            self._lines(at_ms, "OK")
        elif command == "AT+CFUN=0":
            self._lines(at_ms + 500, "OK")
        elif command == "ATD*99***1#":
            self._dial(up_ms, at_ms + DIAL_MS)
        else:
            self._lines(at_ms, "ERROR")

    def _sim(self, up_ms: int) -> tuple[str, ...]:
        if self._fails("no-sim"):
            return ("+CME ERROR: 10",)
        if self._fails("pin"):
            return ("+CPIN: SIM PIN", "OK")
        return ("+CPIN: READY", "OK") if up_ms >= SIM_MS else ("+CME ERROR: 14",)  # SIM busy

    def _registration(self, up_ms: int) -> int:
        if self._fails("denied"):
            return 3
        return 5 if up_ms >= REGISTER_MS and not self._fails("not-registered") else 2

    def _dial(self, up_ms: int, at_ms: int) -> None:
        is_known = self._context == f'1,"IP","{self._apn.upper()}"'
        if up_ms < REGISTER_MS or not is_known or self._fails("no-carrier"):
            self._lines(at_ms, "NO CARRIER")
            return
        self.dialled += 1
        self.is_online = True
        self._escape_ms = None
        self._lines(at_ms, "CONNECT 115200")

    def _lines(self, at_ms: int, *lines: str) -> None:
        self._answer(b"".join(b"\r\n" + line.encode() + b"\r\n" for line in lines), at_ms)

    def _answer(self, data: bytes, at_ms: int) -> None:
        self._say(data, at_ms + ceil(len(data) * BITS * 1000 / self.baud))

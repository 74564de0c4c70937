"""A station that reaches its broker by a cellular modem: what is dialled, and what it does when a step fails.

The modem's commands are simulated byte for byte; in data mode sockets of this machine stand for PPP.
"""

import pytest

from firmware.virtual.host import Bench, Clock, TimeServer, count_records
from firmware.virtual.sensors import CellModem
from rivergauge.basin import station_configuration
from rivergauge.servers import Mosquitto
from tests.firmware.virtual.small_applications import START_MS, rising_river
from tests.firmware.virtual.whole_station import BASIN, STATION, black_box, flash, gateway_at

HOUR_MS = 3_600_000
BEFORE_MS = 60_000  # from power-on to the first instant
PORT, SWITCH, APN = 3, 3, "internet.example"


class Chain:
    """A station, its modem, a broker and the fake of a gateway."""

    def __init__(self, micropython, mosquitto, firmware, folder, apn=APN):
        self.broker = Mosquitto(folder / "broker", mosquitto)
        self.broker.start()
        self.gateway = gateway_at(self.broker.port)
        self.bench = Bench(Clock(START_MS - BEFORE_MS), micropython, folder / "stations")
        self.time_server = TimeServer(self.bench.clock.now_ms)
        self.time_server.start()
        self.modem = CellModem(APN)
        broker = {"host": "127.0.0.1", "port": self.broker.port}
        time_server = {"host": "127.0.0.1", "port": self.time_server.port}
        configuration = station_configuration(BASIN, STATION, broker, time_server)
        configuration["modem"] = {"port": PORT, "power_switch": SWITCH, "apn": apn}
        self.station = self.bench.add_station(STATION, rising_river(), configuration["sensors"])
        self.station.connect(PORT, SWITCH, self.modem)
        flash(self.station, firmware, configuration)
        self.station.start()

    def run(self, until_hour=1):
        """Let everything happen up to a little after this hour from the start."""
        self.bench.run_until(START_MS + until_hour * HOUR_MS + 2 * BEFORE_MS)

    def close(self):
        self.bench.close()
        self.time_server.stop()
        self.gateway.stop()
        self.broker.stop()


@pytest.fixture
def chain_of(part, whole_firmware, tmp_path):
    chains = []

    def make(**changes):
        chains.append(Chain(part("micropython"), part("mosquitto"), whole_firmware, tmp_path, **changes))
        return chains[-1]

    yield make
    for chain in chains:
        chain.close()


def test_every_record_goes_by_the_modem_which_is_off_between(chain_of):
    chain = chain_of()
    chain.run()
    assert chain.gateway.record_nos() == [1, 2, 3, 4, 5]
    assert chain.modem.dialled == 6, "one call for time and birth at power-on, and one for each record"
    assert not chain.modem.is_online
    assert chain.bench.unanswered_waits == 0


def test_a_modem_that_hangs_is_switched_off_and_on_once(chain_of):
    chain = chain_of()
    chain.modem.fail("silent", times=1)
    chain.run()
    assert chain.gateway.record_nos() == [1, 2, 3, 4, 5]
    assert chain.modem.times_powered == 7
    assert "modem-silent" not in black_box(chain.station), "the call that met it hanging was made all the same"


# fault: what the black box says; each passes after the first hour
FAULTS = {
    "silent": "modem-silent",
    "no-sim": "sim: +CME ERROR: 10",
    "pin": "sim: asks for SIM PIN",
    "not-registered": "no-network",
    "denied": "registration-denied",
    "no-carrier": "modem: NO CARRIER",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_modem_that_fails_is_told_of_measuring_goes_on_and_nothing_is_lost(chain_of, fault):
    chain = chain_of()
    chain.modem.fail(fault)
    chain.run()
    assert chain.gateway.record_nos() == [] and count_records(chain.station.flash) == 5
    chain.modem.fail(fault, times=0)
    chain.run(until_hour=3)
    assert sorted(chain.gateway.record_nos()) == list(range(1, count_records(chain.station.flash) + 1))
    assert FAULTS[fault] in black_box(chain.station)


def test_a_wrong_access_point_name_gets_no_carrier(chain_of):
    chain = chain_of(apn="another.example")
    chain.run()
    assert chain.gateway.record_nos() == []
    assert "NO CARRIER" in black_box(chain.station)

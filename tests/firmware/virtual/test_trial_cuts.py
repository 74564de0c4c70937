"""Power cuts while a new configuration arrives, is tried and kept: one that serves is always there.

The whole station in the real MicroPython, its files on littlefs, its flash cut inside an operation: at every one by
`make trials`, at some by `make test`.
"""

import json
import os

from firmware.virtual.host import Bench, Clock
from protocol.messages import Command, encode_command
from protocol.text_parts import split_text
from rivergauge.basin import station_configuration
from rivergauge.servers import Mosquitto
from tests.firmware.virtual.small_applications import START_MS, rising_river
from tests.firmware.virtual.whole_station import BASIN, STATION, flash, gateway_at

QUARTER_MS = 900_000
TRIAL_WAKES = 3  # the command comes, the candidate is tried, its outcome is told
CUTS = int(os.environ.get("TRIAL_CUTS", "4"))  # spread evenly over the operations of a trial


class Chain:
    def __init__(self, micropython, mosquitto, firmware, folder):
        self.broker = Mosquitto(folder / "broker", mosquitto)
        self.broker.start()
        self.gateway = gateway_at(self.broker.port)
        self.bench = Bench(Clock(START_MS - 60_000), micropython, folder / "stations")
        self.table = station_configuration(BASIN, STATION, {"host": "127.0.0.1", "port": self.broker.port})
        self.station = self.bench.add_station(STATION, rising_river(days=30), self.table["sensors"])
        flash(self.station, firmware, self.table)
        self.station.start()
        self.commands = 0

    def run_quarters(self, count):
        now_ms = self.bench.clock.now_ms()
        self.bench.run_until((now_ms // QUARTER_MS + count) * QUARTER_MS + 120_000)

    def give_configuration(self, configuration_no):
        for part in split_text(json.dumps({**self.table, "configuration_no": configuration_no})):
            self.commands += 1
            expires_at_ms = self.bench.clock.now_ms() + 86_400_000
            command = Command("gw-1", self.commands, expires_at_ms, "new-configuration", part)
            self.gateway.say("command", encode_command(command))

    def operations_of_a_trial(self):
        before = self.station.flash.operations
        self.give_configuration(2)
        self.run_quarters(TRIAL_WAKES)
        assert self.gateway.events[-1].name == "configuration-kept"
        return self.station.flash.operations - before

    def close(self):
        self.bench.close()
        self.gateway.stop()
        self.broker.stop()


def test_a_power_cut_at_any_flash_operation_of_a_trial_leaves_a_configuration_that_serves(
    part, whole_firmware, tmp_path
):
    chain = Chain(part("micropython"), part("mosquitto"), whole_firmware, tmp_path)
    try:
        chain.run_quarters(2)
        operations = chain.operations_of_a_trial()
        step = max(1, operations // CUTS)
        in_force = 2
        for configuration_no, operation in enumerate(range(1, operations + 1, step), 3):
            chain.give_configuration(configuration_no)
            chain.station.cut_power_at_flash_write(operation)
            chain.run_quarters(TRIAL_WAKES + 1)
            chain.gateway.batches.clear()
            chain.run_quarters(1)
            assert chain.gateway.batches, f"no record came after a cut in operation {operation}"
            found = chain.gateway.batches[-1].configuration_no
            assert found in (in_force, configuration_no), operation
            in_force = found
        assert chain.station.power_cuts >= min(CUTS, operations) // 2
        print(f"{chain.station.power_cuts} cuts in {operations} operations; the last configuration is {in_force}")
    finally:
        chain.close()

# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The sensors a station can read: each kind names the module of its driver, which is loaded only where it is used.

A driver module has `open_sensors(list of settings)`: a driver for each, or one for several that share a line.
A driver has
    channels()                  [(sensor_no, variable, statistic, exponent, interval_s)]: what one record holds of it
    warm_up_ms, span_ms         how long after power the sensor answers well, and how long one measurement takes
    measure(board, centre_ms)   one (mantissa, quality) or (None, null reason) per channel, centred on a monotonic time;
                                returns whatever happens on the line, at the latest soon after the span
    faults                      what went wrong on the line in this wake
To add a sensor: docs/add-a-sensor.md.
"""

_RANGE = ("burst", "zero_distance_m")

# kind: (module of the driver, members of its settings beside those that all have)
KINDS = {
    "maxbotix-hrxl": ("maxbotix", _RANGE),
    "maxbotix-hrxl-wrl": ("maxbotix", _RANGE),
    "maxbotix-xl": ("maxbotix", _RANGE),
    "geolux-lx80": ("geolux", _RANGE),
    "geolux-lx80-modbus": ("geolux_modbus", _RANGE + ("modbus_address",)),
    "keller-30": ("keller", ("burst", "stage_at_zero_m", "modbus_address", "barometer")),
    "ott-pls": ("sdi12_bus", ("stage_at_zero_m", "sdi12_address")),
    "vegapuls-c21": ("sdi12_bus", ("zero_distance_m", "sdi12_address")),
    "sommer-rq30": ("sdi12_bus", ("stage_at_zero_m", "sdi12_address")),
    "tipping-bucket": ("tipping_bucket", ("mm_per_pulse",)),
}


def open_sensors(all_settings):
    """Return the drivers for all settings; opens no port yet."""
    by_module = {}
    modules = []  # in their order: MicroPython's dict has none
    for settings in all_settings:
        module = KINDS[settings.kind][0]
        if module not in by_module:
            by_module[module] = []
            modules.append(module)
        by_module[module].append(settings)
    drivers = []
    for name in modules:
        module = __import__(__name__ + "." + name, None, None, ["open_sensors"])
        drivers += module.open_sensors(by_module[name])
    return drivers

# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The sensors a station can read: each kind names the module of its driver, which is loaded only where it is used.

A driver module has `open_sensor(settings)`; what that returns has
    channels()                  [(sensor_no, variable, statistic, exponent, interval_s)]: what one record holds of it
    warm_up_ms, span_ms         how long after power the sensor answers well, and how long one measurement takes
    measure(board, centre_ms)   one (mantissa, quality) or (None, null reason) per channel, centred on a monotonic time;
                                returns whatever happens on the line, at the latest soon after the span
To add a sensor: a module here, its kind in this table and in rivergauge.basin, a simulated one in firmware/virtual.
"""

KINDS = {
    "maxbotix-hrxl": "maxbotix",
    "maxbotix-hrxl-wrl": "maxbotix",
    "maxbotix-xl": "maxbotix",
}


def open_sensor(settings):
    """Return the driver for the settings' kind; opens no port yet."""
    module = __import__(__name__ + "." + KINDS[settings.kind], None, None, ["open_sensor"])
    return module.open_sensor(settings)

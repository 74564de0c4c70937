# Shared dialect: runs on MicroPython and CPython.
"""Codes for how good a value is, why one is missing, and how good the clock was."""

# QARTOD primary flags (IOOS QARTOD, Manual for Real-Time Quality Control of Water Level Data).
GOOD = 1
NOT_EVALUATED = 2
SUSPECT = 3
FAIL = 4
MISSING = 9

QUALITIES = (GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING)

# Why a value is null. NOT_SCHEDULED is not a failure: the channel was not due in that record and nothing is stored.
NOT_SCHEDULED = 0
NO_READING = 1  # the sensor did not answer before its deadline
OUT_OF_RANGE = 2  # the sensor answered with its full scale or a value outside its range
SENSOR_ERROR = 3  # the sensor reported an error, or its answers failed their checksum
NOT_DATED = 4  # measured, but the instant cannot be told
NO_POWER = 5  # not measured to save the battery
OUTSIDE_RATING = 6  # the stage lies outside the rating table
TOO_FEW_VALID = 7  # a burst had too few valid readings for the statistic
STATION_OFF = 8  # the station had no power at that instant, or failed before it could measure

NULL_REASONS = (
    NOT_SCHEDULED,
    NO_READING,
    OUT_OF_RANGE,
    SENSOR_ERROR,
    NOT_DATED,
    NO_POWER,
    OUTSIDE_RATING,
    TOO_FEW_VALID,
    STATION_OFF,
)

# The clock that dated the records.
SYNCHRONISED = 0
HOLDOVER = 1  # set once, and running on its own for longer than the configuration trusts it
UNSYNCHRONISED = 2  # never set since power came on: the times are a guess, a revision may follow

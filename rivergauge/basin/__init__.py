"""The basin file: what it says, and every mistake in it with its line."""

from .alerting import Alerting, Contact
from .configuration import station_configuration
from .model import Adaptive, Basin, GaugeDatum, Neighbour, Sampling, SenmlName, Sensor, Station, Threshold
from .problems import BasinError, ConfigurationError, Problem
from .validator import load_basin

__all__ = [
    "Adaptive",
    "Alerting",
    "Basin",
    "BasinError",
    "ConfigurationError",
    "Contact",
    "GaugeDatum",
    "Neighbour",
    "Problem",
    "Sampling",
    "SenmlName",
    "Sensor",
    "Station",
    "Threshold",
    "load_basin",
    "station_configuration",
]

"""A Mosquitto for a basin: its settings, who may use which topic, and certificates to prove who is who."""

from .access import FLAG_READER, access_rules, gateway_user, station_user
from .certificates import Certificates, Name
from .folder import BrokerFolder, write_broker_folder
from .mosquitto import KEEPING, Listener, mosquitto_settings

__all__ = [
    "FLAG_READER",
    "KEEPING",
    "BrokerFolder",
    "Certificates",
    "Listener",
    "Name",
    "access_rules",
    "gateway_user",
    "mosquitto_settings",
    "station_user",
    "write_broker_folder",
]

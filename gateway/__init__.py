"""The gateway service: from MQTT messages to observations, flags and receipts."""

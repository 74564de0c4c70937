"""Where observations are kept: the embedded store and InfluxDB."""

"""Commands to stations: given on the command line, sent by the running gateway, and what the stations replied."""

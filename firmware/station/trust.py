# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""TLS to the broker: whose word is believed on who it is, and what proves to it who the station is.

The flasher writes the files, in DER, since boards have no decoder for PEM. A certificate holds between two dates, so
without a date there is no connection: ask a time server first.
"""

from .hal import HardwareError

SERVER = "server"  # the broker shows a certificate
MUTUAL = "mutual"  # and the station one of its own

AUTHORITY_PATH = "/authority.der"
CERTIFICATE_PATH = "/certificate.der"
PRIVATE_KEY_PATH = "/private_key.der"
PASSWORD_PATH = "/password.bin"

FILE_LIMIT = 4096  # bytes of one of these files


def secured(connected, host, way, root):
    """Return the TLS stream over a connected, non-blocking socket; the handshake is made by what is written first.

    The broker's certificate must come from the station's authority and name `host`.
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(read_secret(root + AUTHORITY_PATH))
    if way == MUTUAL:
        context.load_cert_chain(read_secret(root + CERTIFICATE_PATH), read_secret(root + PRIVATE_KEY_PATH))
    return context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)


def read_secret(path):
    """Return what a file of the flasher holds, or raise HardwareError."""
    try:
        with open(path, "rb") as file:
            return file.read(FILE_LIMIT)
    except OSError:
        raise HardwareError("no file %s: flash the station again" % path)

"""What a store's server asks for with Retry-After."""

import pytest

from gateway.stores.http_server import RETRY_AFTER_LIMIT_S, seconds


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-1", None),
        ("1.5", None),
        ("", None),
        ("\u00b2", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("9999999", RETRY_AFTER_LIMIT_S),
        ("9" * 400, RETRY_AFTER_LIMIT_S),
    ],
)
def test_a_server_may_ask_for_an_hour_at_most_and_nothing_else_is_understood(header, expected_s):
    assert seconds(header) == expected_s

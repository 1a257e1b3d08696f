"""The broker's URL: which kind of broker it names, and TLS that verifies the server unless the URL says otherwise."""

import ssl
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

#: What a URL says of TLS in its query, and what the client of AMQP calls it.
AMQP_NAMES: Final = {"ssl_ca_certs": "ca_certs", "ssl_certfile": "certfile", "ssl_keyfile": "keyfile"}
CHECKS: Final = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


class Address(NamedTuple):
    """A URL as kombu takes it, and beside it the options of TLS that it would not read from there."""

    url: str
    tls: dict[str, object] | None


def is_redis(url: str) -> bool:
    """Say whether a URL names a Redis or Valkey; else it is RabbitMQ or another broker of AMQP."""
    return url.startswith(("redis", "sentinel", "valkey", "socket"))


def address(url: str) -> Address:
    """Let a TLS connection verify the server: of itself, kombu would trust whoever answers.

    Raises: ValueError when the URL asks for a check that there is not.
    """
    plain, _, query = url.partition("?")
    asked = dict(parse_qsl(query))
    if url.startswith("rediss://"):
        return Address(f"{plain}?{urlencode({'ssl_cert_reqs': 'required', **asked})}", None)
    if not url.startswith("amqps://"):
        return Address(url, None)
    check = asked.pop("ssl_cert_reqs", "required")
    if check not in CHECKS:
        raise ValueError(f"ssl_cert_reqs={check} in the broker URL; it can be {', '.join(CHECKS)}")
    # Without a name to compare with, any certificate of the same authority would do; None stands for the URL's host.
    tls: dict[str, object] = {"cert_reqs": CHECKS[check], "server_hostname": None}
    tls |= {name: asked.pop(word) for word, name in AMQP_NAMES.items() if word in asked}
    if check == "none":
        del tls["server_hostname"]
    return Address(f"{plain}?{urlencode(asked)}" if asked else plain, tls)

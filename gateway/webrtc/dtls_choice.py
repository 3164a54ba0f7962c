"""Which library speaks DTLS: wolfSSL where it was built, else OpenSSL.  The one place that chooses.

`python -m gateway.sources.wolfssl.build` makes wolfSSL; where its source can't be had there is no extension.  One that
is there and broken is an error: whoever built it expects DTLS 1.3.
"""

from __future__ import annotations

import importlib.util
import logging

from gateway.webrtc.dtls import DtlsIdentity, DtlsServer

log = logging.getLogger(__name__)

EXTENSION = "gateway.webrtc._wolfssl"


def has_wolfssl() -> bool:
    return importlib.util.find_spec(EXTENSION) is not None


def new_dtls_server(identity: DtlsIdentity | None = None) -> DtlsServer:
    """Make a server with a new certificate, unless one is given."""
    identity = identity or DtlsIdentity()
    # Imported here: without wolfSSL the one can't be, and aiortc is much to load for nothing.
    if has_wolfssl():
        from gateway.webrtc.dtls_wolfssl import WolfSslServer  # noqa: PLC0415

        return WolfSslServer(identity)
    from gateway.webrtc.dtls_openssl import OpenSslServer  # noqa: PLC0415

    log.warning("wolfSSL was not built, so browsers get no DTLS 1.3; `make build` says why")
    return OpenSslServer(identity)

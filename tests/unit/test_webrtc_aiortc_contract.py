"""What `gateway.webrtc.dtls` relies on in aiortc, name by name: private parts that a release may change.

When one of these fails, aiortc has changed: read its rtcdtlstransport.py anew and mend `gateway/webrtc/dtls.py`.
"""

from __future__ import annotations

import inspect

import pytest
from aiortc import rtcdtlstransport as aiortc_dtls
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport

MEND = "aiortc has changed; mend gateway/webrtc/dtls.py"


class Wire:
    role = "controlled"


def make() -> RTCDtlsTransport:
    return RTCDtlsTransport(Wire(), [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["_do_handshake", "_validate_peer_identity", "_setup_srtp", "_write_ssl", "_set_state"]
)
def test_the_steps_that_are_replaced_or_extended_are_there_and_called(name: str):
    assert callable(getattr(RTCDtlsTransport, name, None)), MEND
    source = inspect.getsource(aiortc_dtls)
    assert f"self.{name}(" in source, MEND


def test_the_order_of_the_start():
    source = inspect.getsource(RTCDtlsTransport.start)
    steps = [
        "State.CONNECTING",
        "_do_handshake()",
        "_validate_peer_identity(",
        "_setup_srtp()",
        "State.CONNECTED",
        "_task",
    ]
    places = [source.find(step) for step in steps]
    assert -1 not in places, MEND
    assert places == sorted(places), MEND


def test_the_fields_are_there():
    transport = make()
    for field in ("_ssl", "_task", "_srtp_profiles", "_rx_srtp", "_tx_srtp"):
        assert hasattr(transport, field), f"{field}: {MEND}"
    assert transport.state == "new", MEND
    transport._set_state(aiortc_dtls.State.FAILED)
    assert transport.state == "failed", MEND


def test_without_srtp_sessions_rtp_is_left_alone():
    assert "and self._rx_srtp" in inspect.getsource(RTCDtlsTransport._recv_next), MEND


def test_the_ice_transport_is_asked_for_three_things_only():
    source = inspect.getsource(RTCDtlsTransport)
    for foreign in ("transport.on(", "transport._connection", "transport.start(", "transport.state"):
        assert foreign not in source, MEND


def test_keys_are_cut_as_rfc_5764_says():
    material = bytes(range(60))
    profile = aiortc_dtls.SRTP_AES128_CM_SHA1_80
    assert (profile.key_length, profile.salt_length) == (16, 14), MEND
    # Section 4.2: client key, server key, client salt, server salt.
    assert profile.get_key_and_salt(material, 0) == material[:16] + material[32:46], MEND
    assert profile.get_key_and_salt(material, 1) == material[16:32] + material[46:60], MEND


def test_the_certificate_makes_its_context_where_we_expect_it():
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == ["self", "srtp_profiles"], MEND
    assert "_create_ssl_context(" in inspect.getsource(RTCDtlsTransport.start), MEND

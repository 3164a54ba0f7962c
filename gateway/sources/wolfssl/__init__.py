"""How wolfSSL is built, which speaks DTLS 1.3 for `gateway.webrtc`: our settings and the library in the cache.

``python -m gateway.sources.wolfssl.build`` does it all; see docs/decisions/0047-dtls-1-3-by-wolfssl.md.
"""

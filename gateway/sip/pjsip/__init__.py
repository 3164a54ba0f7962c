"""How pjsua2 is built: where PJSIP's source comes from, our settings and additions, the wheel in the cache.

``python -m gateway.sip.pjsip.build --cache DIR`` does it all; see docs/decisions/0031-how-pjsip-is-built.md.
"""

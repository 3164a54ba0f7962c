"""Zentrale's gateway: the edges, the sessions and the media plane round the distributor in ``acd_core``.

Imports point down only: ``app`` > ``web``, ``api`` > ``sip | webrtc | chat | storage`` > ``session`` > ``routing`` >
``media`` > ``protocol`` > ``config`` > ``model``.  import-linter holds the order.
"""

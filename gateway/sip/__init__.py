"""The SIP edge: telephone trunks, spoken through pjsua2 (signalling only; RTP is the media plane's).

Nothing is imported here: ``gateway.sip.pjsip.build`` must run on a machine where pjsua2 does not exist yet.
"""

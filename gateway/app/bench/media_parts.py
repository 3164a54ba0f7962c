"""The names of what ``zentrale bench media`` measures; apart, so that the command line need not load what measures."""

ROWS = ("relay", "relay_gcm", "transcode")
"""Each can be measured beside a peer."""

PARTS = (*ROWS, "recording", "flat", "handshakes", "churn")
PEERS = ("rtpengine",)
SECONDS = 10.0

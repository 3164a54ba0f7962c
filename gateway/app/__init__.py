"""The composition root and the command line: what is wired together here knows everything; nothing knows it."""

"""One TOML file, read once at the start, checked completely, and handed out in slices.

``load(path)`` is the only way in; nobody else reads the file or the environment.  `gateway.config.schema` holds the
shape, `gateway.config.loader` reads and checks, `gateway.config.locate` knows on which line a key stands.
"""

"""Measurements of the running parts, for `zentrale bench`."""

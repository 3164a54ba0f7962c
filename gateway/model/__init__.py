"""The words that every part of the gateway shares: ids, time, errors, domain events and the ports that edges implement.

Nothing here does anything; it is imported by everything and imports nothing of the project.
"""

"""Contacts, transcripts and passwords in SQL, behind the ports `Store` and `Accounts`.

`open_stores` is the way in.  Events are appended by one writer thread that takes everything waiting into one
transaction (`writer`); `projection` says which rows an event writes; `tables` is the shape, `migrations` brings older
databases to it.  SQLite is the default; what only SQLite knows is in `sqlite`.
"""

from gateway.storage.stores import Stores, open_stores

__all__ = ["Stores", "open_stores"]

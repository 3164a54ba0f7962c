"""Brings a database of any age to the present shape, in one transaction, before anything else touches it."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from gateway.model.errors import InternalError

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it is at in its modules: of two databases opened at once, one got the other's tables."""


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing.  Raises `InternalError` when the database is newer than this program."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _ONE_AT_A_TIME, engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise InternalError(
                f"the database {engine.url.database} was written by a newer Zentrale ({error}); "
                "start that version, or choose another storage.directory"
            ) from error

"""How a database gets from one shape to the next: Alembic's environment, and a module for each step in ``versions``.

A new step: change `gateway.storage.tables`, write ``versions/vNNNN_name.py`` with ``upgrade()`` by hand like
the others, and run the storage tests: they compare what the steps build with the tables.
"""

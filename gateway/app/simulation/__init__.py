"""The parts of `zentrale simulate`: the scenario file, the table, the picture."""

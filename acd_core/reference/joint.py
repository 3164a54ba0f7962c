"""Joint assignment: the Hungarian method with potentials, on integers (Kuhn 1955; by shortest augmenting paths).

Exact, in rows^2 * columns steps; the rules name this very procedure, so that two implementations agree where several
assignments have the same sum.
"""

from __future__ import annotations


def assign(values: list[list[int]]) -> list[int]:
    """Column of each row, by the highest sum of values; there must be as many columns as rows at least."""
    rows, columns = len(values), len(values[0])
    assert rows <= columns
    row_potential = [0] * (rows + 1)
    column_potential = [0] * (columns + 1)
    row_of = [0] * (columns + 1)
    """Row (from 1) of each column (from 1), 0: none.  Column 0 stands for the row that is being placed."""
    for row in range(1, rows + 1):
        row_of[0] = row
        _place(values, row_of, row_potential, column_potential)
    assigned = [0] * rows
    for column in range(1, columns + 1):
        if row_of[column]:
            assigned[row_of[column] - 1] = column - 1
    return assigned


def _place(values: list[list[int]], row_of: list[int], row_potential: list[int], column_potential: list[int]) -> None:
    """Find the shortest augmenting path for the row at column 0, and take it."""
    columns = len(row_of)
    slack: list[int | None] = [None] * columns
    came_from = [0] * columns
    seen = [False] * columns
    column = 0
    while True:
        seen[column] = True
        row, delta, nearest = row_of[column], None, 0
        for other in range(1, columns):
            if seen[other]:
                continue
            cost = -values[row - 1][other - 1] - row_potential[row] - column_potential[other]
            known = slack[other]
            if known is None or cost < known:
                slack[other], came_from[other], known = cost, column, cost
            if delta is None or known < delta:
                delta, nearest = known, other
        assert delta is not None
        for other in range(columns):
            if seen[other]:
                row_potential[row_of[other]] += delta
                column_potential[other] -= delta
            else:
                known = slack[other]
                slack[other] = None if known is None else known - delta
        column = nearest
        if row_of[column] == 0:
            break
    while column:
        previous = came_from[column]
        row_of[column] = row_of[previous]
        column = previous

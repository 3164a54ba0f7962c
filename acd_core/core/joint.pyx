# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Joint assignment of a matching window: rule 11.3, step by step as `acd_core.reference.joint` has it.

The Hungarian method with potentials; which of several equally good assignments comes out is part of the rules.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

cdef int64_t UNKNOWN = <int64_t>1 << 62


cdef void find_path(
    int64_t* values,
    int columns,
    int* row_of,
    int64_t* row_potential,
    int64_t* column_potential,
    int64_t* slack,
    int* came_from,
    bint* seen,
) noexcept:
    """Find the shortest augmenting path for the row at column 0, and take it.  Rows and columns count from 1."""
    cdef int column = 0, other, nearest, row, previous
    cdef int64_t cost, delta
    for other in range(columns + 1):
        slack[other] = UNKNOWN
        came_from[other] = 0
        seen[other] = False
    while True:
        seen[column] = True
        row = row_of[column]
        delta = UNKNOWN
        nearest = 0
        for other in range(1, columns + 1):
            if seen[other]:
                continue
            cost = -values[(row - 1) * columns + other - 1] - row_potential[row] - column_potential[other]
            if cost < slack[other]:
                slack[other] = cost
                came_from[other] = column
            if slack[other] < delta:
                delta = slack[other]
                nearest = other
        for other in range(columns + 1):
            if seen[other]:
                row_potential[row_of[other]] += delta
                column_potential[other] -= delta
            elif slack[other] != UNKNOWN:
                slack[other] -= delta
        column = nearest
        if row_of[column] == 0:
            break
    while column:
        previous = came_from[column]
        row_of[column] = row_of[previous]
        column = previous


cdef list assign(list values, int columns):
    """Column of each row of ``values``, by the highest sum; at least as many columns as rows."""
    cdef int rows = <int>len(values)
    cdef int row, column
    cdef int64_t* numbers = <int64_t*>calloc(
        <size_t>rows * columns + rows + 1 + 2 * (columns + 1), sizeof(int64_t)
    )
    cdef int* links = <int*>calloc(3 * (columns + 1), sizeof(int))
    cdef int64_t* row_potential = numbers + <size_t>rows * columns
    cdef int64_t* column_potential = row_potential + rows + 1
    cdef list assigned = [0] * rows
    try:
        if numbers is NULL or links is NULL:
            raise MemoryError("the distributor can't get memory for a joint assignment")
        for row in range(rows):
            for column in range(columns):
                numbers[row * columns + column] = values[row][column]
        for row in range(1, rows + 1):
            links[0] = row
            find_path(
                numbers,
                columns,
                links,
                row_potential,
                column_potential,
                column_potential + columns + 1,
                links + columns + 1,
                <bint*>(links + 2 * (columns + 1)),
            )
        for column in range(1, columns + 1):
            if links[column]:
                assigned[links[column] - 1] = column - 1
        return assigned
    finally:
        free(numbers)
        free(links)

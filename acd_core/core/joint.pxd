cdef list assign(list values, int columns)

"""Where the sources come from of what is built once for a machine; no part of the running gateway."""

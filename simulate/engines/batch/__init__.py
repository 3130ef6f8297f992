"""The batch engine: the same patients as the SimPy engine, compiled, one after the other."""

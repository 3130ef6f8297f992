"""How quick the simulator is, and where the time goes: `make bench`."""

"""The mathematics of single-arm phase II designs with a binary endpoint: bounds, and what they do.

It knows nothing of scenarios and simulates nothing, so that theory stands beside the simulation as
an independent check. Patients respond or not, each with the same probability, and every response is
known at once: delay is what only the simulation has.
"""

"""Estimating a scenario's parameters from published facts, with a joint posterior."""

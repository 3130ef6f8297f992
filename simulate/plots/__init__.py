"""Figures of simulated trials: each draws what it is given, and computes nothing."""

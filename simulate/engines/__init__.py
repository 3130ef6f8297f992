"""Engines: they decide in which order rules are called, and nothing else.

An engine takes a plan, a seed and a replicate number, and returns the whole truth of one trial up
to the plan's horizon. It never sees a data cut.
"""

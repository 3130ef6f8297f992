"""The mathematics of group-sequential designs: bounds, power, and what a trial may expect.

It knows nothing of scenarios and simulates nothing, so that theory stands beside the simulation as
an independent check. The statistic is Z, positive where the experimental arm is better; the hazard
ratio is experimental over control, below 1 where it is better. Levels are one-sided.
"""

"""What theory expects of a randomised trial with plain survival models; nothing is simulated here.

From the scenario to survival by arm, patients and events by calendar day, the days of the looks,
bounds and power. The mathematics of sequential designs is in :mod:`simulate.sequential`.
"""

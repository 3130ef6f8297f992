"""Several hypotheses in one trial: graphs that say how alpha passes on when one is rejected.

After Bretz, Maurer, Brannath and Posch (2009), and with looks after Maurer and Bretz (2013). The
family-wise error is the probability to reject any hypothesis that is true; each of these procedures
is a shortcut of a closed test and keeps it at alpha, whatever the tests' dependence.
"""

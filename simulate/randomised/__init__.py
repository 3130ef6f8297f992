"""A randomised trial run many times: its operating characteristics, what-ifs and tables."""

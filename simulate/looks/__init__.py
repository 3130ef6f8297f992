"""The looks of a randomised trial: when the data are cut, what they say, and what is decided."""

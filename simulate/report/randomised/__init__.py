"""The report of a randomised trial: its design, what it would find, and how trials went."""

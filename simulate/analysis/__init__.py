"""How one data cut, and thousands of them, are analysed: the trial's statistics."""

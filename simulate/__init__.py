"""Patient-level simulation of oncology trials."""

"""The report: tables, figures and provenance of a run in one self-contained file."""

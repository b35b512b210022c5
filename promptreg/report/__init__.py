"""The report: what a registry holds and how it does, as one file without a server."""

"""A prompt registry that is nothing but a git repository.

Importing this package imports neither pygit2, duckdb nor pyarrow: public names load on first use.
"""

__version__ = "0.1.0"

"""All Parquet, Delta Lake and DuckDB access: the only importer of pyarrow, deltalake and duckdb.

Nothing here is imported until somebody reads metrics: applications that log load none of it.
"""

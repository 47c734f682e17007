"""Shows that DuckDB reads an exported CSV file, without being told how: prints how many rows it has.

    rows_of.py FILE.csv
"""

import sys

import duckdb

print(duckdb.execute("SELECT count(*) FROM read_csv(?)", [sys.argv[1]]).fetchone()[0])

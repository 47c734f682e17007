"""Shows that DuckDB reads an exported cells.csv, and what the cells sum up to.

    sums_of_cells.py cells.csv

Prints one JSON object for each agency, year, table, row and column: these, and `sum`.
"""

import json
import sys

import duckdb

rows = duckdb.execute(
    """
    SELECT agency, year, "table", "row", "column", sum(CAST(value AS DECIMAL(38, 2)))
    FROM read_csv(?, header = true, all_varchar = true)
    WHERE value IS NOT NULL AND value <> ''
    GROUP BY ALL ORDER BY ALL
    """,
    [sys.argv[1]],
).fetchall()
for agency, year, table, row, column, total in rows:
    cell = {"agency": agency, "year": year, "table": table, "row": row, "column": column, "sum": float(total)}
    print(json.dumps(cell, ensure_ascii=False))

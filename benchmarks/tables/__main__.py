"""Write the tables of all documents anew from docs/results: `python -m benchmarks.tables`."""

from benchmarks.tables.documents import DOCUMENTS, tables
from benchmarks.tables.markdown import filled

if __name__ == "__main__":
    makers = tables()
    for path in DOCUMENTS:
        path.write_text(filled(path.read_text(), makers))

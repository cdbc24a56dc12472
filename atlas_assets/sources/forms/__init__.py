"""The forms that files have beside CSV, JSONL, Parquet and NPY: one module for each, all of them in ``registry``.

A form recognises its files by their first bytes and makes one plain file of what they hold, which is then read like any
other; so what ``atlas new`` sees is what ``atlas run`` reads. Nothing here decides what a column means.
"""

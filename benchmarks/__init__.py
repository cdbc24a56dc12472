"""Side-by-side measurements of Atlas against other libraries on the same data: ``python -m benchmarks --help``.

``measure`` runs each competitor in a process of its own, ``report`` prints and writes the comparison, ``data`` knows
the cases. One module per benchmark beside them, with one function ``run`` that returns rows.
"""

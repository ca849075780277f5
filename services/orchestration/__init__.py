"""Functions `ingest` and `outcome`: how jobs start, and how their ends are recorded.

Not here: what is done by a schedule.
"""

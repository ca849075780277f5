"""The pictures and tables of docs/architecture.md, drawn from the synthesised program and from the imports.

Where things stand on a page is laid out by hand, as data; what there is and what joins it is read. A thing
without a place and a place without a thing are errors.

Not here: anything that a service or the program imports.
"""

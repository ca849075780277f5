"""Media work as a library: local files in, local files out.

Not here: AWS, SQL, jobs, the environment of a task; who needs the work brings files and numbers.
"""

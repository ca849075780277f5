"""Media work as a library: local files in, local files out; nothing here knows AWS, SQL or a job."""

"""The chunks of long jobs and the files they share."""

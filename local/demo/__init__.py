"""The demonstration: one real clip through the whole platform, with a report to check it by."""

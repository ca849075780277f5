"""The API function beside a FastAPI twin, over the same data."""

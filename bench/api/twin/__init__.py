"""The five measured endpoints as FastAPI, SQLAlchemy and Mangum would usually have them."""

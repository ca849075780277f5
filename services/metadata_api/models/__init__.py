"""What the API accepts and what it answers, as types that also make its OpenAPI document."""

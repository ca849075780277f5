"""Commands of the people who maintain and deploy the platform."""

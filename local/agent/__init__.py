"""Local Fargate: an ECS agent over public APIs and the task-token broker beside it."""

"""Functions `webhooks` and `webhook-sender`: signed calls that tell other systems about jobs.

The signatures are those of Standard Webhooks. Not here: the making of endpoints, which is the API's.
"""

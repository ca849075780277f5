"""Jobs: how they come to be, begin, are worked on, end and are read.

Not here: the words that people are told, and the chunks of a job.
"""

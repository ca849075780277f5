"""Who may do what at the root of the file system that tasks share."""

# The container's user; the image creates it and owns /scratch as it.
TASK_USER_ID = 10001
# The sweep's group on the shared file system; its user is that of the tasks, whose files it deletes.
SWEEP_GROUP_ID = 10002
# EFS gives a directory its owner and mode only when it makes it: another mode needs another path.
SHARED_ROOT_PATH = "/jobs"
# Nobody mounts as root, so nobody changes the mode. The sweep lists what is here. Tasks, who are others, make
# and find what they know the name of and cannot list: a tool that was taken over finds no other job.
SHARED_ROOT_OWNER_ID = 0
SHARED_ROOT_PERMISSIONS = "0773"

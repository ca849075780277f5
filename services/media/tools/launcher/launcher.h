/* What the parts of the launcher share. docs/adr/0022 says why this is a program of its own. */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MOST_PATHS 4096

enum access { ACCESS_READ, ACCESS_EXECUTE, ACCESS_WRITE, ACCESS_DEVICE };

struct granted {
    enum access access;
    const char *path;
};

enum network { NETWORK_SHARED, NETWORK_OWN, NETWORK_OWN_BY_USER };

struct plan {
    struct granted paths[MOST_PATHS];
    size_t count;
    const char *directory;
    enum network network;
    bool landlock;
    bool mounts;
    bool leaves_root;
    uid_t user;
};

/* Tells the worker what went wrong through the status pipe and ends; the tool is never started. */
_Noreturn void fail(const char *step, const char *subject);

/* Gives the process a network of its own with nothing in it. */
void take_network(enum network network);

/* Makes the granted paths reachable where a directory above them is closed to the tools' user. */
void open_ways(const struct plan *plan);

/* Empties the bounding set, and leaves root for the tools' user. */
void leave_root(const struct plan *plan);

/* Takes every capability that is left. */
void drop_capabilities(void);

/* 0 where the kernel has no Landlock. */
int landlock_version(void);

/* Leaves the granted paths and no others. */
void close_files(const struct plan *plan);

/* Leaves the system calls of computing, threads and files; every other one answers ENOSYS. */
void close_calls(void);

#endif

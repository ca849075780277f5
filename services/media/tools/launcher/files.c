/* Landlock: the granted paths and no others; no TCP, no abstract sockets, no signals out of the fence. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12; the kernel says by its version whether it knows them. */
#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_AND_CONNECT 3ULL
#define SCOPE_SOCKETS_AND_SIGNALS 3ULL

struct attributes {
    uint64_t files, network, scoped;
};

#define OF_FILES                                                                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE |       \
     FS_IOCTL_DEV)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                                     \
    (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                        \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER)

int landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static uint64_t known_files(int version) {
    int highest = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
    return (1ULL << highest) - 1;
}

static uint64_t rights(enum access access) {
    switch (access) {
    case ACCESS_READ: return READING;
    case ACCESS_EXECUTE: return READING | LANDLOCK_ACCESS_FS_EXECUTE;
    case ACCESS_WRITE: return WRITING;
    case ACCESS_DEVICE: return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    }
    return 0;
}

static void allow(int rules, const struct granted *granted, uint64_t known) {
    struct stat found;
    int file = open(granted->path, O_PATH | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return; /* the tool will say so in its own words */
    if (file < 0 || fstat(file, &found) != 0)
        fail("grant", granted->path);
    struct landlock_path_beneath_attr rule = {.allowed_access = rights(granted->access) & known, .parent_fd = file};
    if (!S_ISDIR(found.st_mode))
        rule.allowed_access &= OF_FILES;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        fail("grant", granted->path);
    close(file);
}

void close_files(const struct plan *plan) {
    int version = landlock_version();
    struct attributes handled = {
        .files = known_files(version),
        .network = version >= 4 ? NET_BIND_AND_CONNECT : 0,
        .scoped = version >= 6 ? SCOPE_SOCKETS_AND_SIGNALS : 0,
    };
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
    if (rules < 0)
        fail("close the files", NULL);
    for (size_t index = 0; index < plan->count; index++)
        allow(rules, &plan->paths[index], handled.files);
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        fail("close the files", NULL);
    close(rules);
}

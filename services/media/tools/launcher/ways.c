/*
 * Ways to the granted paths for a user who is not root.
 *
 * A checkout in /root or a directory of mode 0700 is closed to that user. In a mount namespace of this process alone,
 * the uppermost closed directory is covered by an empty one in which only the granted paths exist.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#endif

static bool is_closed(const struct stat *found, uid_t user) {
    mode_t needed = found->st_uid == user ? S_IXUSR : found->st_gid == user ? S_IXGRP : S_IXOTH;
    return (found->st_mode & needed) == 0;
}

/* Finds the uppermost directory above `path` that the user cannot pass; false when there is none. */
static bool closed_above(const char *path, uid_t user, char *above) {
    strcpy(above, path);
    for (char *slash = strchr(above + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct stat found;
        *slash = '\0';
        if (stat(above, &found) != 0)
            return false;
        if (is_closed(&found, user))
            return true;
        *slash = '/';
    }
    return false;
}

static void make_place(const char *path, bool is_directory) {
    char part[PATH_MAX];
    strcpy(part, path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST && errno != EROFS)
            fail("make a way to", path);
        *slash = '/';
    }
    if (is_directory) {
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            fail("make a way to", path);
        return;
    }
    int file = open(part, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (file < 0)
        fail("make a way to", path);
    close(file);
}

static void place(int tree, const char *path) {
    struct stat found;
    if (fstat(tree, &found) != 0)
        fail("look at", path);
    make_place(path, S_ISDIR(found.st_mode));
    if (syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        fail("lead to", path);
}

static bool is_any_closed(const struct plan *plan, char *above) {
    for (size_t index = 0; index < plan->count; index++)
        if (strlen(plan->paths[index].path) < PATH_MAX && closed_above(plan->paths[index].path, plan->user, above))
            return true;
    return false;
}

void open_ways(const struct plan *plan) {
    static int trees[MOST_PATHS];
    static char above[PATH_MAX];
    if (!is_any_closed(plan, above))
        return;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        fail("take mounts of its own", NULL);
    /* Every path is held before the first directory is covered. */
    for (size_t index = 0; index < plan->count; index++) {
        const char *path = plan->paths[index].path;
        trees[index] = -1;
        if (strlen(path) >= PATH_MAX || !closed_above(path, plan->user, above))
            continue;
        trees[index] = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
        if (trees[index] < 0 && errno != ENOENT)
            fail("hold", path);
    }
    for (size_t index = 0; index < plan->count; index++) {
        const char *path = plan->paths[index].path;
        if (trees[index] < 0)
            continue;
        if (closed_above(path, plan->user, above) &&
            mount("tmpfs", above, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0)
            fail("cover", above);
        place(trees[index], path);
        close(trees[index]);
    }
}

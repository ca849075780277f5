/* Network, user and capabilities. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_map(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
        fail("map the user", path);
    close(file);
}

static void take_user_namespace(void) {
    char users[64], groups[64];
    snprintf(users, sizeof users, "%u %u 1", geteuid(), geteuid());
    snprintf(groups, sizeof groups, "%u %u 1", getegid(), getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        fail("take a network of its own", NULL);
    write_map("/proc/self/setgroups", "deny");
    write_map("/proc/self/uid_map", users);
    write_map("/proc/self/gid_map", groups);
}

void take_network(enum network network) {
    if (network == NETWORK_OWN_BY_USER)
        take_user_namespace();
    else if (network == NETWORK_OWN && unshare(CLONE_NEWNET) != 0)
        fail("take a network of its own", NULL);
}

static void empty_bounding_set(void) {
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM)
            fail("empty the bounding set", NULL);
}

void leave_root(const struct plan *plan) {
    empty_bounding_set();
    if (setgroups(0, NULL) != 0 || setresgid(plan->user, plan->user, plan->user) != 0 ||
        setresuid(plan->user, plan->user, plan->user) != 0)
        fail("leave root", NULL);
}

void drop_capabilities(void) {
    empty_bounding_set(); /* a user namespace gave it back; elsewhere an ordinary user may not, and need not */
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct nothing[2] = {{0}, {0}};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        fail("drop ambient capabilities", NULL);
    if (syscall(SYS_capset, &header, nothing) != 0)
        fail("drop capabilities", NULL);
}

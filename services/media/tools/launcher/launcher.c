/*
 * Fences a media tool in and becomes it: `media-fence OPTIONS -- PROGRAM ARGUMENTS`.
 *
 * Everything happens in one process between the worker's fork and the tool's first instruction, so the process id
 * stays and no Python runs there. What fails is written to the status descriptor, which the tool never has: the
 * worker can tell a fence that did not start from a tool that failed.
 *
 * `media-fence --offer` prints what this kernel offers to this user.
 */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NOT_FENCED 125

static int status_descriptor = STDERR_FILENO;

_Noreturn void fail(const char *step, const char *subject) {
    dprintf(status_descriptor, "%s%s%s: %s", step, subject ? " " : "", subject ? subject : "", strerror(errno));
    _exit(EXIT_NOT_FENCED);
}

static unsigned long long number(const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno == 0 && (end == text || *end != '\0' || *text == '-'))
        errno = EINVAL;
    if (errno != 0)
        fail("read the number", text);
    return value;
}

static void limit(int resource, unsigned long long soft, unsigned long long hard) {
    struct rlimit wanted = {.rlim_cur = soft, .rlim_max = hard};
    struct rlimit present;
    if (getrlimit(resource, &present) != 0)
        fail("read a limit", NULL);
    /* A machine that allows less than we want allows enough: raising it would take a privilege. */
    if (wanted.rlim_max > present.rlim_max)
        wanted.rlim_max = present.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max)
        wanted.rlim_cur = wanted.rlim_max;
    if (setrlimit(resource, &wanted) != 0)
        fail("set a limit", NULL);
}

static void grant(struct plan *plan, enum access access, const char *path) {
    if (plan->count == MOST_PATHS) {
        errno = E2BIG;
        fail("grant", path);
    }
    plan->paths[plan->count++] = (struct granted){.access = access, .path = path};
}

enum { SPACE = 256, FILE_SIZE, PROCESSOR, PROCESSES, STATUS, OFFER };

static const struct option OPTIONS[] = {
    {"read", required_argument, NULL, 'r'},      {"execute", required_argument, NULL, 'x'},
    {"write", required_argument, NULL, 'w'},     {"device", required_argument, NULL, 'd'},
    {"directory", required_argument, NULL, 'c'}, {"network", required_argument, NULL, 'n'},
    {"landlock", no_argument, NULL, 'l'},        {"mounts", no_argument, NULL, 'm'},
    {"user", required_argument, NULL, 'u'},      {"address-space", required_argument, NULL, SPACE},
    {"file-size", required_argument, NULL, FILE_SIZE}, {"processor-seconds", required_argument, NULL, PROCESSOR},
    {"processes", required_argument, NULL, PROCESSES}, {"status", required_argument, NULL, STATUS},
    {"offer", no_argument, NULL, OFFER},         {NULL, 0, NULL, 0},
};

static bool own_network(enum network network) {
    pid_t child = fork();
    if (child == 0) {
        status_descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
        take_network(network);
        _exit(0);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static _Noreturn void offer(void) {
    /* Root in a user namespace could not become the tools' user, who is not mapped there. */
    bool by_user = geteuid() != 0;
    const char *network = own_network(NETWORK_OWN)                     ? "own"
                          : by_user && own_network(NETWORK_OWN_BY_USER) ? "user"
                                                                       : "shared";
    printf("network=%s landlock=%d\n", network, landlock_version());
    exit(0);
}

static enum network network_named(const char *name) {
    if (strcmp(name, "own") == 0)
        return NETWORK_OWN;
    if (strcmp(name, "user") == 0)
        return NETWORK_OWN_BY_USER;
    errno = EINVAL;
    fail("give the network", name);
}

/* The limits come last: they count from the moment they are set, also for this program. */
struct limits {
    unsigned long long space, file_size, processor, processes;
};

static void take_option(int option, struct plan *plan, struct limits *limits) {
    switch (option) {
    case 'r': grant(plan, ACCESS_READ, optarg); break;
    case 'x': grant(plan, ACCESS_EXECUTE, optarg); break;
    case 'w': grant(plan, ACCESS_WRITE, optarg); break;
    case 'd': grant(plan, ACCESS_DEVICE, optarg); break;
    case 'c': plan->directory = optarg; break;
    case 'n': plan->network = network_named(optarg); break;
    case 'l': plan->landlock = true; break;
    case 'm': plan->mounts = true; break;
    case 'u': plan->leaves_root = true; plan->user = (uid_t)number(optarg); break;
    case SPACE: limits->space = number(optarg); break;
    case FILE_SIZE: limits->file_size = number(optarg); break;
    case PROCESSOR: limits->processor = number(optarg); break;
    case PROCESSES: limits->processes = number(optarg); break;
    case STATUS:
        status_descriptor = (int)number(optarg);
        if (fcntl(status_descriptor, F_SETFD, FD_CLOEXEC) != 0)
            fail("take the status descriptor", optarg);
        break;
    case OFFER: offer();
    default: errno = EINVAL; fail("read the options", NULL);
    }
}

static void be_killed_first(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "1000", 4) != 4)
        fail("offer the tool to the kernel when memory is short", NULL);
    close(file);
}

static void set_limits(const struct limits *limits) {
    limit(RLIMIT_AS, limits->space, limits->space);
    limit(RLIMIT_FSIZE, limits->file_size, limits->file_size);
    limit(RLIMIT_CPU, limits->processor, limits->processor + 5);
    limit(RLIMIT_NPROC, limits->processes, limits->processes);
    limit(RLIMIT_CORE, 0, 0);
}

/* A copy of a tool that the worker has just made may still be open for writing in a child that it starts now. */
static void become(char **command) {
    const struct timespec moment = {.tv_nsec = 10000000};
    for (int attempt = 0; attempt < 100; attempt++) {
        execv(command[0], command);
        if (errno != ETXTBSY)
            return;
        nanosleep(&moment, NULL);
    }
}

int main(int count, char **arguments) {
    static struct plan plan;
    const pid_t worker = getppid();
    struct limits limits = {RLIM_INFINITY, RLIM_INFINITY, 3600, 4096};
    opterr = 0;
    for (int option; (option = getopt_long(count, arguments, "+", OPTIONS, NULL)) != -1;)
        take_option(option, &plan, &limits);
    if (optind >= count || plan.directory == NULL) {
        errno = EINVAL;
        fail("find the program or its directory", NULL);
    }
    be_killed_first();
    take_network(plan.network);
    if (plan.mounts)
        open_ways(&plan);
    if (plan.leaves_root)
        leave_root(&plan);
    drop_capabilities();
    if (chdir(plan.directory) != 0)
        fail("enter the directory", plan.directory);
    if (access(arguments[optind], X_OK) != 0)
        fail("reach the program", arguments[optind]);
    set_limits(&limits);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("give up new privileges", NULL);
    /* A change of user clears it, so it comes after; a worker that ended before it is no longer the parent. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        fail("die with the worker", NULL);
    if (getppid() != worker)
        return EXIT_NOT_FENCED;
    if (plan.landlock)
        close_files(&plan);
    close_calls();
    become(arguments + optind);
    fail("start", arguments[optind]);
}

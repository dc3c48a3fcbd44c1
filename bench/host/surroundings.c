/* SPDX-License-Identifier: MIT */
/*
 * surroundings.c - namespaces, the trial's folder, its name and its token.
 */
#include "host/surroundings.h"

#include "host/namespaces.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the POSIX message queues of one trial may take: two, with ten messages of 1 MiB each. */
#define MQ_BYTES ((rlim_t)32 << 20)

/* A /tmp and a /dev/shm that nobody else sees; what is mounted here reaches no other namespace. */
static int furnish_mounts(void) {
    static const char *const places[] = {"/tmp", "/dev/shm"};
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (mount("ipcbench", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
            return -errno;
    return 0;
}

static int enter_mounts(struct problem *problem) {
    int error = namespaces_enter(CLONE_NEWNS, furnish_mounts, true);
    int why = error == -ENOTRECOVERABLE ? errno : -error;
    if (error == 0)
        return 0;
    if (why == EINVAL)
        return problem_set(problem, EOPNOTSUPP,
                           "it needs a /tmp and a /dev/shm of its own, which a plain chroot can't "
                           "have: make its folder a mount point (mount --rbind DIR DIR) before");
    return problem_set(problem, EOPNOTSUPP,
                       "it needs a /tmp and a /dev/shm of its own, and mounts are forbidden here "
                       "(%s); run as root or allow user namespaces (sysctl "
                       "user.max_user_namespaces and, on Ubuntu, "
                       "kernel.apparmor_restrict_unprivileged_userns=0)",
                       strerror(why));
}

/* A new namespace has the kernel's defaults, whatever the host was set to. Its own limits bind
 * nobody else, so they are raised as far as a trial may need: the largest message, and some of
 * these. Where that is forbidden, the transports' limits say so. */
static void raise_limits(void) {
    static const struct {
        const char *path, *value;
    } limits[] = {{"/proc/sys/fs/mqueue/msgsize_max", "1048576"},
                  {"/proc/sys/kernel/msgmax", "1048576"},
                  {"/proc/sys/kernel/msgmnb", "4194304"}};
    struct rlimit queues;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        (void)namespaces_write(limits[i].path, limits[i].value);
    if (getrlimit(RLIMIT_MSGQUEUE, &queues) == 0 && queues.rlim_cur < MQ_BYTES) {
        queues.rlim_cur = MQ_BYTES;
        queues.rlim_max = queues.rlim_max < MQ_BYTES ? MQ_BYTES : queues.rlim_max;
        (void)setrlimit(RLIMIT_MSGQUEUE, &queues);
    }
}

/* Without a namespace of their own the objects are the host's, bear the trial's name, and are left
 * to cleanup and to the sweep. */
static void enter_objects(struct surroundings *s) {
    int error = namespaces_enter(CLONE_NEWIPC, NULL, true);
    if (error == 0)
        raise_limits();
    if (error == 0)
        (void)snprintf(s->objects_text, sizeof s->objects_text, "private (%s)", namespaces_way());
    else
        (void)snprintf(s->objects_text, sizeof s->objects_text, "host (private: %s)",
                       strerror(-error));
}

/* TMPDIR may stand below a /tmp that was just hidden by another. */
static int make_folder(unsigned needs, struct surroundings *s, struct problem *problem) {
    const char *base = needs & IPC_MOUNTS ? "/tmp" : folder_base();
    int error = folder_make(&s->folder, base, s->name);
    if (error == 0)
        return 0;
    return problem_set(problem, -error,
                       "can't make a folder for the trial in %s (%s); name one that can be written "
                       "to by the variable TMPDIR",
                       base, strerror(-error));
}

static void make_name(struct surroundings *s) {
    uint32_t unique = 0;
    (void)!getrandom(&unique, sizeof unique, 0);
    (void)snprintf(s->name, sizeof s->name, "ipcbench-%d-%08x", (int)getpid(), unique);
}

int surroundings_enter(unsigned needs, enum network_mode mode, struct surroundings *s,
                       struct problem *problem) {
    int error = 0;
    *s = (struct surroundings){.network = {.for_transport = {.public_ipv4 = NULL}}};
    make_name(s);
    if (needs & IPC_MOUNTS)
        error = enter_mounts(problem);
    if (error == 0 && (needs & IPC_OBJECTS))
        enter_objects(s);
    if (error == 0 && (needs & IPC_NETWORK))
        error = network_enter(mode, &s->network, problem);
    if (error == 0 && (needs & IPC_FOLDER))
        error = make_folder(needs, s, problem);
    return error;
}

void surroundings_give(const struct surroundings *s, unsigned needs, struct ipc_link *link) {
    link->name = s->name;
    link->folder = needs & IPC_FOLDER ? s->folder.path : NULL;
    link->network = needs & IPC_NETWORK ? &s->network.for_transport : NULL;
    (void)!getrandom(link->token, sizeof link->token, 0);
}

void surroundings_note(const struct surroundings *s,
                       void (*note)(void *notes, const char *name, const char *value),
                       void *notes) {
    if (s->network.namespace_text[0] != '\0')
        note(notes, "namespace", s->network.namespace_text);
    if (s->objects_text[0] != '\0')
        note(notes, "ipc namespace", s->objects_text);
}

void surroundings_leave(struct surroundings *s) {
    folder_remove(&s->folder);
    network_leave(&s->network);
}

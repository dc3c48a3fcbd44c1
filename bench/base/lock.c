/* SPDX-License-Identifier: MIT */
/*
 * lock.c - flock(2) on a folder, and who holds it by /proc/locks.
 */
#include "base/lock.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 50000000 /* between two tries */

/* Unlike a trial's folder it needs no room for the path of a socket. */
static const char *lock_folder(void) {
    const char *base = getenv("TMPDIR");
    return base != NULL && base[0] == '/' && access(base, R_OK | X_OK) == 0 ? base : "/tmp";
}

/* "1: FLOCK  ADVISORY  WRITE 1234 00:2d:33 0 EOF"; 0 where the kernel doesn't tell. */
static int holder_of(int fd) {
    struct stat folder;
    char line[256];
    int holder = 0;
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL)
        return 0;
    while (fstat(fd, &folder) == 0 && fgets(line, sizeof line, locks) != NULL) {
        int process;
        unsigned major, minor;
        uint64_t inode;
        if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %d %x:%x:%" SCNu64, &process, &major, &minor,
                   &inode) == 4 &&
            inode == folder.st_ino && major == major(folder.st_dev) &&
            minor == minor(folder.st_dev)) {
            holder = process;
            break;
        }
    }
    (void)fclose(locks);
    return holder;
}

static int say_busy(int fd, struct problem *problem) {
    char who[32] = "";
    int holder = holder_of(fd);
    if (holder > 0)
        (void)snprintf(who, sizeof who, " (process %d)", holder);
    return problem_set(problem, EBUSY,
                       "another run%s is measuring, as the lock on %s says, and two at once would "
                       "spoil each other's numbers",
                       who, lock_folder());
}

int lock_take(struct lock *lock, uint64_t wait_ns, struct problem *problem) {
    static const struct timespec pause = {.tv_nsec = PAUSE_NS};
    uint64_t end_ns = clock_system_ns() + wait_ns;
    lock->fd = open(lock_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->fd < 0)
        return 0;
    while (flock(lock->fd, LOCK_EX | LOCK_NB) < 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        if (clock_system_ns() < end_ns) {
            (void)nanosleep(&pause, NULL);
            continue;
        }
        int result = say_busy(lock->fd, problem);
        lock_release(lock);
        return result;
    }
    return 0;
}

void lock_release(struct lock *lock) {
    if (lock->fd >= 0)
        (void)close(lock->fd);
    lock->fd = -1;
}

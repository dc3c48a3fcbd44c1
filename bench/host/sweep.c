/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - looks through the places where kernel objects have names.
 *
 * An object is ours when it bears a trial's name, belongs to this user, and nobody else may use it
 * (mode 0600, or 0700 for a folder). It is left over when the process of that name is gone. In a
 * container that shares /dev/shm with another but not the process numbers, a trial that runs there
 * would look dead here; folders are locked against that, the rest can't be.
 */
#include "host/sweep.h"

#include "base/folder.h"
#include "helper.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>

#define PREFIX "ipcbench-"

pid_t sweep_process(const char *name) {
    static const char hex[] = "0123456789abcdef";
    char *end = NULL;
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
        return 0;
    const char *number = name + sizeof PREFIX - 1;
    if (strspn(number, "0123456789") == 0 || strspn(number, "0123456789") > 9)
        return 0;
    long process = strtol(number, &end, 10);
    bool random_follows = *end == '-' && strspn(end + 1, hex) >= 8;
    return random_follows ? (pid_t)process : 0;
}

pid_t sweep_process_of_key(key_t key) {
    unsigned number = (unsigned)key;
    return number >> 23 == IPC_KEY_MARK ? (pid_t)(number & 0x3fffff) : 0;
}

static bool is_dead(pid_t process) {
    return process > 0 && kill(process, 0) < 0 && errno == ESRCH;
}

/* ---- files and folders ---- */

static bool is_left_over(int folder, const char *name) {
    struct stat status;
    return is_dead(sweep_process(name)) &&
           fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static bool remove_file(int folder, const char *name) {
    char path[PATH_MAX];
    if (unlinkat(folder, name, 0) == 0)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int length = snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path && folder_remove_unused(path);
}

static size_t sweep_folder(const char *path) {
    DIR *folder = opendir(path);
    const struct dirent *item;
    size_t removed = 0;
    while (folder != NULL && (item = readdir(folder)) != NULL)
        if (is_left_over(dirfd(folder), item->d_name))
            removed += remove_file(dirfd(folder), item->d_name);
    if (folder != NULL)
        (void)closedir(folder);
    return removed;
}

/* ---- SysV objects: by their place in the kernel's table ---- */

static bool is_ours(const struct ipc_perm *permission) {
    return permission->cuid == geteuid() && (permission->mode & 0777) == 0600 &&
           is_dead(sweep_process_of_key(permission->__key));
}

static size_t sweep_queues(void) {
    struct msqid_ds queue = {.msg_qnum = 0};
    struct msginfo info;
    size_t removed = 0;
    int last = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);
    for (int i = 0; i <= last; i++) {
        int id = msgctl(i, MSG_STAT, &queue);
        if (id >= 0 && is_ours(&queue.msg_perm))
            removed += msgctl(id, IPC_RMID, NULL) == 0;
    }
    return removed;
}

/* semctl's last argument, which the caller has to declare (semctl(2)). */
union semaphore_argument {
    int value;
    struct semid_ds *set;
    struct seminfo *info;
};

static size_t sweep_semaphores(void) {
    struct semid_ds set = {.sem_nsems = 0};
    struct seminfo info;
    size_t removed = 0;
    int last = semctl(0, 0, SEM_INFO, (union semaphore_argument){.info = &info});
    for (int i = 0; i <= last; i++) {
        int id = semctl(i, 0, SEM_STAT, (union semaphore_argument){.set = &set});
        if (id >= 0 && is_ours(&set.sem_perm))
            removed += semctl(id, 0, IPC_RMID) == 0;
    }
    return removed;
}

static size_t sweep_segments(void) {
    struct shmid_ds segment = {.shm_nattch = 0};
    struct shm_info info;
    size_t removed = 0;
    int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);
    for (int i = 0; i <= last; i++) {
        int id = shmctl(i, SHM_STAT, &segment);
        if (id >= 0 && segment.shm_nattch == 0 && is_ours(&segment.shm_perm))
            removed += shmctl(id, IPC_RMID, NULL) == 0;
    }
    return removed;
}

size_t sweep(void) {
    return sweep_folder("/dev/shm") + sweep_folder("/dev/mqueue") + sweep_folder(folder_base()) +
           sweep_queues() + sweep_semaphores() + sweep_segments();
}

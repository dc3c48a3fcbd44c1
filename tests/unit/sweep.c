/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - what a dead process left under a trial's name or key goes; what a living one has, what
 * has another name, what others may use, and what is locked stays.
 */
#include "host/sweep.h"

#include "base/folder.h"
#include "helper.h"
#include "host/surroundings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

struct fixture {
    char base[64]; /* TMPDIR */
    pid_t dead;    /* the number of a process that is gone */
};

static int set_up(void **state) {
    static struct fixture f;
    f = (struct fixture){.base = "/tmp/sweep-test-XXXXXX"};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    (void)waitpid(child, NULL, 0);
    f.dead = child;
    *state = &f;
    return mkdtemp(f.base) == NULL || setenv("TMPDIR", f.base, 1) != 0;
}

static int tear_down(void **state) {
    const struct fixture *f = *state;
    return !folder_remove_unused(f->base);
}

static void path_of(char path[128], const char *folder, pid_t process, const char *suffix) {
    (void)snprintf(path, 128, "%s/ipcbench-%d-0123abcd%s", folder, (int)process, suffix);
}

static void make_file(const char *path, mode_t mode) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

static void names_tell_their_process(void **state) {
    (void)state;
    assert_int_equal(sweep_process("ipcbench-123-0123abcd"), 123);
    assert_int_equal(sweep_process("ipcbench-123-0123abcd.sock"), 123);
    assert_int_equal(sweep_process("ipcbench-123-0123abc"), 0);
    assert_int_equal(sweep_process("ipcbench-123"), 0);
    assert_int_equal(sweep_process("ipcbench--0123abcd"), 0);
    assert_int_equal(sweep_process("ipcbench-99999999999-0123abcd"), 0);
    assert_int_equal(sweep_process("my-ipcbench-123-0123abcd"), 0);
    assert_int_equal(sweep_process(""), 0);
}

static void keys_tell_their_process(void **state) {
    const struct ipc_link link = {.name = "ipcbench-4194303-0123abcd"};
    const struct ipc_link other = {.name = "ipcbench-77-0123abcd"};
    (void)state;
    assert_int_equal(sweep_process_of_key(ipc_key(&link)), 4194303);
    assert_int_equal(sweep_process_of_key(ipc_key(&other)), 77);
    assert_int_equal(sweep_process_of_key(ipc_key_of(&other, 1)), 77);
    assert_int_not_equal(ipc_key_of(&other, 1), ipc_key(&other));
    assert_int_equal(sweep_process_of_key(77), 0);
    assert_int_equal(sweep_process_of_key(IPC_PRIVATE), 0);
}

static void shared_memory_of_the_dead_goes(void **state) {
    const struct fixture *f = *state;
    char dead[128], alive[128], open_to_all[128], foreign[128];
    if (access("/dev/shm", W_OK) != 0) {
        (void)printf("skipped: there is no /dev/shm to write to\n");
        skip();
    }
    path_of(dead, "/dev/shm", f->dead, ".mem");
    path_of(alive, "/dev/shm", getpid(), ".mem");
    path_of(open_to_all, "/dev/shm", f->dead, ".all");
    (void)snprintf(foreign, sizeof foreign, "/dev/shm/other-%d-0123abcd", (int)f->dead);
    make_file(dead, 0600);
    make_file(alive, 0600);
    make_file(open_to_all, 0666);
    make_file(foreign, 0600);
    assert_true(sweep() >= 1);
    assert_false(exists(dead));
    assert_true(exists(alive));
    assert_true(exists(open_to_all));
    assert_true(exists(foreign));
    assert_int_equal(unlink(alive) | unlink(open_to_all) | unlink(foreign), 0);
}

static void a_folder_of_the_dead_goes_with_all_in_it(void **state) {
    const struct fixture *f = *state;
    char folder[128], file[160], outside[128], link[160];
    path_of(folder, f->base, f->dead, "");
    (void)snprintf(file, sizeof file, "%s/socket", folder);
    (void)snprintf(link, sizeof link, "%s/link", folder);
    (void)snprintf(outside, sizeof outside, "%s/precious", f->base);
    assert_int_equal(mkdir(folder, 0700), 0);
    make_file(file, 0600);
    make_file(outside, 0600);
    assert_int_equal(symlink(outside, link), 0);
    assert_true(sweep() >= 1);
    assert_false(exists(folder));
    assert_true(exists(outside));
}

static void a_locked_folder_stays(void **state) {
    const struct fixture *f = *state;
    struct folder folder;
    char name[64];
    (void)snprintf(name, sizeof name, "ipcbench-%d-0123abcd", (int)f->dead);
    assert_int_equal(folder_make(&folder, folder_base(), name), 0);
    (void)sweep();
    assert_true(exists(folder.path));
    folder_remove(&folder);
    assert_string_equal(folder.path, "");
}

/* RLIMIT_NOFILE as a fault may set it: nothing can be opened, and so nothing can be listed. */
static void an_empty_folder_goes_without_a_descriptor(void **state) {
    struct folder folder;
    struct rlimit files;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int error = folder_make(&folder, folder_base(), "ipcbench-no-descriptor");
    struct folder made = folder;
    bool was = exists(made.path);
    folder_remove(&folder);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(error, 0);
    assert_int_equal(made.lock, -1);
    assert_true(was);
    assert_false(exists(made.path));
}

static void system_v_objects_of_the_dead_go(void **state) {
    const struct fixture *f = *state;
    char dead_name[64], own_name[64];
    (void)snprintf(dead_name, sizeof dead_name, "ipcbench-%d-0123abcd", (int)f->dead);
    (void)snprintf(own_name, sizeof own_name, "ipcbench-%d-0123abcd", (int)getpid());
    const struct ipc_link dead = {.name = dead_name}, own = {.name = own_name};
    int flags = IPC_CREAT | IPC_EXCL | 0600;
    int queue = msgget(ipc_key(&dead), flags);
    if (queue < 0 && errno == ENOSYS)
        skip();
    int second = msgget(ipc_key_of(&dead, 1), flags);
    int set = semget(ipc_key(&dead), 2, flags);
    int segment = shmget(ipc_key(&dead), 4096, flags);
    int mine = msgget(ipc_key(&own), flags);
    int nameless = msgget(IPC_PRIVATE, flags);
    assert_true(queue >= 0 && second >= 0 && set >= 0 && segment >= 0 && mine >= 0 &&
                nameless >= 0);
    assert_true(sweep() >= 4);
    assert_int_equal(msgget(ipc_key(&dead), 0), -1);
    assert_int_equal(msgget(ipc_key_of(&dead, 1), 0), -1);
    assert_int_equal(semget(ipc_key(&dead), 0, 0), -1);
    assert_int_equal(shmget(ipc_key(&dead), 0, 0), -1);
    assert_int_equal(msgctl(mine, IPC_RMID, NULL), 0);
    assert_int_equal(msgctl(nameless, IPC_RMID, NULL), 0);
}

static void surroundings_leave_nothing(void **state) {
    struct surroundings s;
    struct problem problem = {""};
    struct ipc_link link = {.wait = IPC_BLOCK};
    (void)state;
    assert_int_equal(surroundings_enter(IPC_FOLDER, NETWORK_AUTO, &s, &problem), 0);
    surroundings_give(&s, IPC_FOLDER, &link);
    assert_int_equal(sweep_process(link.name), getpid());
    assert_null(link.network);
    struct stat status;
    assert_int_equal(stat(link.folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    char file[160];
    (void)snprintf(file, sizeof file, "%s/left", link.folder);
    make_file(file, 0600);
    surroundings_leave(&s);
    assert_false(exists(file));
}

/* In a child, since there is no way back out of a namespace. */
static int in_private_places(void) {
    struct surroundings s;
    struct problem problem = {""};
    const char *marks[] = {"/tmp/sweep-test-private", "/dev/shm/sweep-test-private"};
    int error = surroundings_enter(IPC_MOUNTS | IPC_OBJECTS, NETWORK_AUTO, &s, &problem);
    if (error)
        return error == -EOPNOTSUPP ? 77 : 1;
    for (size_t i = 0; i < 2; i++)
        make_file(marks[i], 0600);
    return s.objects_text[0] != '\0' && msgget(0x1234567, IPC_CREAT | 0600) >= 0 ? 0 : 1;
}

static void private_places_are_nobody_elses(void **state) {
    int status = 0;
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(in_private_places());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
    assert_false(exists("/tmp/sweep-test-private"));
    assert_false(exists("/dev/shm/sweep-test-private"));
    assert_int_equal(msgget(0x1234567, 0), -1);
}

static void touch(const char *path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

/* Deep folders go, links go but not what they lead to, and what is another user's stays. */
static void a_removal_stays_within_its_folder(void **state) {
    const struct fixture *f = *state;
    struct folder folder;
    char path[300], victim[100];
    (void)snprintf(victim, sizeof victim, "%s/victim", f->base);
    assert_int_equal(mkdir(victim, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/file", victim);
    touch(path);
    const int rounds = geteuid() == 0 ? 2 : 1; /* who isn't root can't give it away */
    for (int theirs = 0; theirs < rounds; theirs++) {
        assert_int_equal(folder_make(&folder, f->base, "ours"), 0);
        char deep[200];
        (void)snprintf(deep, sizeof deep, "%s/a", folder.path);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(mkdir(deep, 0700), 0);
            (void)snprintf(path, sizeof path, "%s/link", deep);
            assert_int_equal(symlink(victim, path), 0);
            strcat(deep, "/b");
        }
        if (theirs)
            assert_int_equal(chown(folder.path, 12345, 12345), 0);
        (void)snprintf(path, sizeof path, "%s", folder.path);
        folder_remove(&folder);
        assert_int_equal(access(path, F_OK), theirs ? 0 : -1);
        if (theirs) {
            assert_int_equal(chown(path, geteuid(), getegid()), 0);
            assert_true(folder_remove_unused(path));
        }
    }
    (void)snprintf(path, sizeof path, "%s/file", victim);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(victim), 0);
}

static void a_base_where_others_rename_is_not_used(void **state) {
    const struct fixture *f = *state;
    assert_string_equal(folder_base(), f->base);
    assert_int_equal(chmod(f->base, 0777), 0);
    assert_string_equal(folder_base(), "/tmp");
    assert_int_equal(chmod(f->base, 01777), 0);
    assert_string_equal(folder_base(), f->base);
    assert_int_equal(chmod(f->base, 0700), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removal_stays_within_its_folder),
        cmocka_unit_test(a_base_where_others_rename_is_not_used),
        cmocka_unit_test(names_tell_their_process),
        cmocka_unit_test(keys_tell_their_process),
        cmocka_unit_test(shared_memory_of_the_dead_goes),
        cmocka_unit_test(a_folder_of_the_dead_goes_with_all_in_it),
        cmocka_unit_test(a_locked_folder_stays),
        cmocka_unit_test(an_empty_folder_goes_without_a_descriptor),
        cmocka_unit_test(system_v_objects_of_the_dead_go),
        cmocka_unit_test(surroundings_leave_nothing),
        cmocka_unit_test(private_places_are_nobody_elses),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

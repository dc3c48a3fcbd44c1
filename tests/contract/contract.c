/* SPDX-License-Identifier: MIT */
/*
 * contract.c - the suite that every transport must pass, driven by transport.h alone: each name,
 * each wait, each size; ends as processes (for ASan) or as threads (for TSan); setup without ends,
 * ends that are killed, and setup with few descriptors to spare. Each case is a process tree of its
 * own with a deadline, so that a crash or a hang is one failure. Prints TAP.
 *
 *   contract FOLDER [--threaded] [NAME | NAME:KNOBS]
 */
#include "scene.h"

#include "trial/ability.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 60000, SPARE_DESCRIPTORS = 12, SURE_DEPTH = 8, SURE_BYTES = 64 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SPARE_STEP = 4 }; /* a process of theirs takes long to end */
#else
enum { SPARE_STEP = 1 };
#endif

static const char *const wait_names[IPC_WAITS] = {"block", "spin", "park"};

struct tally {
    unsigned passed, failed, skipped;
};

static void report(struct tally *tally, int code, const char *title, const char *text) {
    unsigned number = tally->passed + tally->failed + tally->skipped + 1;
    if (code == 0)
        (void)printf("ok %u - %s\n", number, title);
    else if (code == SCENE_SKIPPED)
        (void)printf("ok %u - %s # SKIP %s\n", number, title, text);
    else
        (void)printf("not ok %u - %s\n  # %s\n", number, title, text);
    *(code == 0 ? &tally->passed : code == SCENE_SKIPPED ? &tally->skipped : &tally->failed) += 1;
}

/* Everybody in the case's tree holds the pipe's other end: its end of file says that all are gone.
 */
static int supervise(pid_t child, int alive, struct stage *stage) {
    struct pollfd end = {.fd = alive, .events = POLLIN};
    int status = 0;
    bool late = poll(&end, 1, DEADLINE_MS) == 0;
    if (late)
        (void)kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (late)
        (void)snprintf(stage->text, sizeof stage->text, "not over after %d s", DEADLINE_MS / 1000);
    else if (status != 0 && stage->text[0] == '\0')
        (void)snprintf(stage->text, sizeof stage->text, "ended with wait status %#x",
                       (unsigned)status);
    return late || !WIFEXITED(status) ? SCENE_FAILED : WEXITSTATUS(status);
}

static void run(const struct scene *scene, const char *what, struct tally *tally) {
    char title[256];
    int alive[2];
    struct stage *stage =
        mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(title, sizeof title, "%s%s%s/%s%s: %s", scene->entry->name,
                   scene->knobs[0] ? ":" : "", scene->knobs, wait_names[scene->wait],
                   scene->threaded ? ", threads" : "", what);
    if (stage == MAP_FAILED || pipe2(alive, O_CLOEXEC) != 0 || fflush(stdout) != 0)
        exit(SCENE_FAILED);
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setpgid(0, 0);
        (void)close(alive[0]);
        scene_play(scene, stage);
    }
    (void)close(alive[1]);
    report(tally, supervise(child, alive[0], stage), title, stage->text);
    (void)close(alive[0]);
    (void)munmap(stage, sizeof *stage);
}

static void run_sizes(struct scene scene, struct tally *tally) {
    char what[64];
    size_t limit = scene.entry->transport->max_bytes;
    for (size_t i = 0; i < SCENE_SIZES && (limit == 0 || scene_sizes[i] <= limit); i++) {
        scene.bytes = scene_sizes[i];
        scene.messages = scene_sizes[i] > 65536 ? 40 : 200;
        (void)snprintf(what, sizeof what, "%u messages of %zu bytes each way", scene.messages,
                       scene.bytes);
        run(&scene, what, tally);
    }
    scene.bytes = 0;
    scene.messages = 60;
    run(&scene, "messages of all sizes in turn", tally);
}

/* What a transport may do beyond moving messages. */
static void run_tables(struct scene scene, struct tally *tally) {
    static const size_t sizes[] = {1, 64, 65536};
    char what[96];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        scene.bytes = sizes[i];
        scene.messages = 50;
        scene.play = PLAY_WATCHED;
        (void)snprintf(what, sizeof what, "50 messages of %zu bytes by the server's descriptors",
                       sizes[i]);
        if (scene.entry->transport->descriptors)
            run(&scene, what, tally);
        scene.play = PLAY_MEETING;
        (void)snprintf(what, sizeof what, "50 connections, a message of %zu bytes each way in each",
                       sizes[i]);
        if (scene.entry->transport->connections)
            run(&scene, what, tally);
    }
}

/* Many messages under way: as many as there is room for, or as few as a transport without flow
 * control can hold for sure. */
static void run_streams(struct scene scene, struct tally *tally) {
    static const struct {
        size_t bytes;
        unsigned messages;
    } streams[] = {{64, 1000}, {1 << 20, 12}, {0, 100}};
    const struct ipc_transport *transport = scene.entry->transport;
    const char *single = ability_one_at_a_time(scene.entry, scene.knobs);
    if (single != NULL) {
        report(tally, SCENE_SKIPPED, "a stream", single);
        return;
    }
    scene.play = PLAY_STREAM;
    scene.depth = transport->no_flow_control ? SURE_DEPTH : 0;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        char what[64], size[32] = "all sizes";
        scene.bytes = streams[i].bytes;
        scene.messages = streams[i].messages;
        if (transport->max_bytes != 0 && scene.bytes > transport->max_bytes)
            continue;
        if (transport->no_flow_control && (scene.bytes == 0 || scene.bytes > SURE_BYTES))
            continue;
        if (scene.bytes > 0)
            (void)snprintf(size, sizeof size, "%zu bytes", scene.bytes);
        (void)snprintf(what, sizeof what, "a stream of %u messages of %s%s", scene.messages, size,
                       scene.in_place ? ", in place" : "");
        run(&scene, what, tally);
    }
}

static void run_in_place(struct scene scene, struct tally *tally) {
    if (scene.entry->transport->in_place[scene.wait] == NULL)
        return;
    scene.in_place = true;
    run_streams(scene, tally);
    scene.messages = 200;
    run(&scene, "200 messages in place, each answered before it is released", tally);
}

static void run_wait(struct scene scene, struct tally *tally) {
    scene.budget_ns = 20000;
    run_sizes(scene, tally);
    run_streams(scene, tally);
    run_in_place(scene, tally);
    if (scene.wait == IPC_PARK) {
        scene.bytes = 64;
        scene.messages = 200;
        scene.budget_ns = 1;
        run(&scene, "a budget of 1 ns: sleeps each time", tally);
        scene.budget_ns = UINT64_C(10000000000);
        run(&scene, "a budget of 10 s: hardly ever sleeps", tally);
    }
    run_tables(scene, tally);
    scene.bytes = 64;
    scene.play = PLAY_UNUSED;
    run(&scene, "cleanup right after setup", tally);
    if (scene.threaded)
        return;
    scene.play = PLAY_KILLED;
    run(&scene, "cleanup after both ends were killed", tally);
    scene.play = PLAY_LONELY;
    if (!scene.entry->transport->solo)
        run(&scene, "cleanup after the server was killed, without a client", tally);
    scene.play = PLAY_STARVED;
    for (scene.spare = 0; scene.spare < SPARE_DESCRIPTORS; scene.spare += SPARE_STEP) {
        char what[64];
        (void)snprintf(what, sizeof what, "setup with %u descriptors to spare", scene.spare);
        run(&scene, what, tally);
    }
}

/* Each knob at both its limits, or at each of its words. */
static void run_knobs(struct scene scene, struct tally *tally) {
    char setting[128];
    scene.bytes = 64;
    scene.messages = 3;
    scene.knobs = setting;
    for (const struct ipc_knob *knob = scene.entry->transport->knobs; knob && knob->name; knob++) {
        bool flag = knob->kind == IPC_KNOB_FLAG, choice = knob->kind == IPC_KNOB_CHOICE;
        for (int i = 0; choice ? knob->choices[i] != NULL : i < 2; i++) {
            uint64_t value = flag ? (uint64_t)i : i == 0 ? knob->low : knob->high;
            if (choice)
                (void)snprintf(setting, sizeof setting, "%s=%s", knob->name, knob->choices[i]);
            else
                (void)snprintf(setting, sizeof setting, "%s=%llu", knob->name,
                               (unsigned long long)value);
            run(&scene, "3 messages of 64 bytes each way", tally);
        }
    }
}

/* All cases of one listed name; with knobs of the user's, only with these. */
static void run_entry(const struct registry_entry *entry, const char *knobs, bool threaded,
                      struct tally *tally) {
    struct scene scene = {.entry = entry, .knobs = knobs ? knobs : "", .threaded = threaded};
    if (threaded && entry->transport->apart) {
        report(tally, SCENE_SKIPPED, entry->name, "its library keeps its state by process");
        return;
    }
    bool first = knobs == NULL;
    for (int i = 0; i < IPC_WAITS; i++) {
        if (entry->transport->messages[i] == NULL)
            continue;
        scene.wait = (enum ipc_wait)i;
        run_wait(scene, tally);
        if (first)
            run_knobs(scene, tally);
        first = false;
    }
}

/* A plug-in that was not built is skipped; one that was, and can't be loaded, is a failure. */
static void report_unusable(const struct registry_entry *entry, const char *folder,
                            struct tally *tally) {
    char absent[4096];
    (void)snprintf(absent, sizeof absent, "%s/%s.absent", folder, entry->name);
    report(tally, access(absent, R_OK) == 0 ? SCENE_SKIPPED : SCENE_FAILED, entry->name,
           entry->why);
}

/* The entries of that name, or of that plug-in, or all; false when there are none. */
static bool run_folder(const struct registry *registry, const char *folder, char *only,
                       bool threaded, struct tally *tally) {
    char *knobs = only ? strchr(only, ':') : NULL;
    bool known = only == NULL;
    if (knobs)
        *knobs++ = '\0';
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_entry *entry = &registry->entries[i];
        const char *file = entry->transport ? entry->transport->name : entry->name;
        if (only && strcmp(only, entry->name) != 0 && strcmp(only, file) != 0)
            continue;
        known = true;
        if (entry->guest_path)
            report(tally, SCENE_SKIPPED, entry->name,
                   "a guest brings both ends, and has tests of its own");
        else if (entry->transport)
            run_entry(entry, knobs, threaded, tally);
        else
            report_unusable(entry, folder, tally);
    }
    return known;
}

int main(int argc, char **argv) {
    bool threaded = argc > 2 && strcmp(argv[2], "--threaded") == 0;
    char *only = argc > 2 + threaded ? argv[2 + threaded] : NULL;
    struct registry registry;
    struct problem problem = {""};
    struct tally tally = {0, 0, 0};
    if (argc < 2 || registry_open(argv[1], &registry, &problem) != 0) {
        (void)fprintf(stderr, "contract: %s\n", argc < 2 ? "FOLDER is missing" : problem.text);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* as the harness does */
    bool known = run_folder(&registry, argv[1], only, threaded, &tally);
    if (!known) {
        (void)registry_find(&registry, only, &problem);
        (void)fprintf(stderr, "contract: %s\n", problem.text);
    }
    registry_close(&registry);
    (void)printf("1..%u\n", tally.passed + tally.failed + tally.skipped);
    return known ? tally.failed != 0 : 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * play.c - the parent of a case: makes the link as the harness would, starts both ends as processes
 * or as threads, kills them where the case says so, cleans up, and looks for what is left.
 */
#include "host/surroundings.h"
#include "plugin/knobs.h"
#include "scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

static pid_t start(struct actor *actor) {
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)scene_act(actor);
    exit(0); /* not _exit: LeakSanitizer looks at the end's leaks */
}

/* Ends as processes. When one fails, the other is killed, as the contract promises. */
static void play_processes(struct actor actors[IPC_ROLES]) {
    const struct scene *scene = actors[0].scene;
    struct stage *stage = actors[0].stage;
    bool solo = scene->entry->transport->solo;
    pid_t ends[IPC_ROLES] = {-1, -1};
    if (!solo)
        ends[IPC_SERVER] = start(&actors[IPC_SERVER]);
    if (scene->play != PLAY_LONELY)
        ends[IPC_CLIENT] = start(&actors[IPC_CLIENT]);
    if (scene->play == PLAY_KILLED)
        gate_pass(&stage->waiting, solo ? 2 : 3);
    bool kills = scene->play >= PLAY_UNUSED, broken = kills;
    for (int left = (ends[0] > 0) + (ends[1] > 0); left > 0; left--) {
        for (int i = 0; broken && i < IPC_ROLES; i++)
            if (ends[i] > 0)
                (void)kill(ends[i], SIGKILL);
        int status = 0;
        pid_t gone = wait(&status);
        ends[gone == ends[IPC_CLIENT] ? IPC_CLIENT : IPC_SERVER] = -1;
        bool early = atomic_load(&stage->finished.arrived) < (solo ? 1u : 2u);
        if (kills || (status == 0 && !early))
            continue;
        broken = true;
        if (atomic_exchange(&stage->has_text, 1) == 0)
            (void)snprintf(stage->text, sizeof stage->text, "an end ended %s with wait status %#x",
                           early ? "early," : "late,", (unsigned)status);
    }
    if (broken && !kills)
        _exit(SCENE_FAILED);
}

static void play_threads(struct actor actors[IPC_ROLES]) {
    pthread_t threads[IPC_ROLES];
    bool solo = actors[0].scene->entry->transport->solo;
    for (int i = solo ? IPC_CLIENT : IPC_SERVER; i < IPC_ROLES; i++)
        if (pthread_create(&threads[i], NULL, scene_act, &actors[i]) != 0)
            scene_quit(actors[0].stage, SCENE_FAILED, "pthread_create failed");
    for (int i = solo ? IPC_CLIENT : IPC_SERVER; i < IPC_ROLES; i++)
        (void)pthread_join(threads[i], NULL);
}

static void open_descriptors(bool open[DESCRIPTORS]) {
    for (int i = 0; i < DESCRIPTORS; i++)
        open[i] = fcntl(i, F_GETFD) != -1;
}

/* After cleanup nothing may be left: no descriptor, and no name that holds `name` (if any). */
static void look_for_leftovers(struct stage *stage, const bool before[DESCRIPTORS],
                               const char *name) {
    static const char *const folders[] = {"/dev/shm", "/dev/mqueue", "/tmp", "/run/lock"};
    bool after[DESCRIPTORS];
    open_descriptors(after);
    for (int i = 0; i < DESCRIPTORS; i++)
        if (before[i] != after[i])
            scene_quit(stage, SCENE_FAILED, "descriptor %d is %s after cleanup", i,
                       after[i] ? "still open" : "closed, which is not the transport's,");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        DIR *folder = opendir(folders[i]);
        const struct dirent *item;
        while (name && folder && (item = readdir(folder)) != NULL)
            if (strstr(item->d_name, name) != NULL)
                scene_quit(stage, SCENE_FAILED, "%s/%s is left after cleanup", folders[i],
                           item->d_name);
        if (folder)
            (void)closedir(folder);
    }
}

/* Leaves exactly `spare` numbers free below the limit, whatever is open and wherever: what a case
 * finds must not depend on the descriptors that this process happened to be born with. */
static void allow_descriptors(const bool open[DESCRIPTORS], unsigned spare) {
    rlim_t limit = 0;
    for (unsigned unused = 0; limit < DESCRIPTORS && (open[limit] || unused < spare); limit++)
        unused += !open[limit];
    const struct rlimit most = {limit, DESCRIPTORS};
    (void)setrlimit(RLIMIT_NOFILE, &most);
}

/* For what runs at the exit: LeakSanitizer needs a descriptor too. */
static void allow_all_descriptors(void) {
    const struct rlimit most = {DESCRIPTORS, DESCRIPTORS};
    (void)setrlimit(RLIMIT_NOFILE, &most);
}

static struct ipc_link *make_link(const struct scene *scene, struct taker *taker,
                                  const struct surroundings *surroundings) {
    const struct ipc_transport *transport = scene->entry->transport;
    /* Pages of its own, so that they can be made read-only. */
    struct ipc_link *link = mmap(NULL, transport->link_bytes, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct problem problem = {""};
    const struct ipc_preset *preset = scene->entry->preset;
    if (link == MAP_FAILED ||
        knobs_apply(transport, preset ? preset->knobs : NULL, scene->knobs, link, &problem) != 0)
        scene_quit(taker->stage, SCENE_FAILED, "no link: %s", problem.text);
    link->wait = scene->wait;
    link->connecting = scene->play == PLAY_MEETING;
    link->max_bytes = scene_length(scene, 0, scene->bytes ? 0 : SCENE_SIZES - 2);
    link->in_place = scene->in_place;
    link->spin_budget_ns = scene->wait == IPC_PARK ? scene->budget_ns : 0;
    surroundings_give(surroundings, transport->needs, link);
    link->note = scene_take_note;
    link->notes = taker;
    return link;
}

static void play_ends(const struct scene *scene, struct stage *stage, struct ipc_link *link) {
    struct actor actors[IPC_ROLES] = {{scene, stage, link, IPC_SERVER},
                                      {scene, stage, link, IPC_CLIENT}};
    if (scene->play == PLAY_UNUSED || scene->play == PLAY_STARVED)
        return;
    (void)mprotect(link, scene->entry->transport->link_bytes, PROT_READ);
    if (scene->threaded)
        play_threads(actors);
    else
        play_processes(actors);
    (void)mprotect(link, scene->entry->transport->link_bytes, PROT_READ | PROT_WRITE);
}

/* A starved setup may fail, and a host may refuse what a user asks for; but never without a call.
 */
static bool refusal_is_fair(const struct scene *scene, int result, const struct ipc_link *link) {
    bool asked = scene->knobs[0] != '\0' && (result == -EPERM || result == -ENOMEM);
    return link->fault.call != NULL &&
           (asked || (scene->play == PLAY_STARVED && result == -EMFILE));
}

/* Ends a case that the transport refused with a sentence: that is no failure. */
static _Noreturn void end_refused(struct stage *stage, struct surroundings *surroundings,
                                  const struct ipc_link *link, const char *who) {
    const char *detail = link->fault.detail;
    surroundings_leave(surroundings);
    if (detail[0] != '\0')
        scene_quit(stage, SCENE_SKIPPED, "%s", detail);
    scene_quit(stage, SCENE_FAILED, "%s refused without a sentence", who);
}

/* Asks as the harness does; what the host can't do, or not in this size, is skipped. */
static void ask(const struct scene *scene, struct stage *stage, struct surroundings *surroundings,
                struct ipc_link *link) {
    const struct ipc_transport *transport = scene->entry->transport;
    if (transport->probe && transport->probe(link) != 0)
        end_refused(stage, surroundings, link, "probe");
    if (scene->play == PLAY_MEETING && transport->connections->fits(link) != 0)
        end_refused(stage, surroundings, link, "fits");
    size_t limit = transport->limit ? transport->limit(link) : 0;
    if (limit > 0 && limit < link->max_bytes && scene->bytes > 0) {
        surroundings_leave(surroundings);
        scene_quit(stage, SCENE_SKIPPED, "carries at most %zu bytes here: %s", limit,
                   link->fault.detail);
    }
    stage->limit = limit;
    if (limit > 0 && limit < link->max_bytes)
        link->max_bytes = limit;
}

_Noreturn void scene_play(const struct scene *scene, struct stage *stage) {
    const struct ipc_transport *transport = scene->entry->transport;
    struct surroundings surroundings;
    struct problem problem = {""};
    bool before[DESCRIPTORS], furnished[DESCRIPTORS];
    open_descriptors(before);
    int error = surroundings_enter(transport->needs, NETWORK_PRIVATE, &surroundings, &problem);
    bool forbidden = error == -EOPNOTSUPP || error == -EPERM;
    if (error)
        scene_quit(stage, forbidden ? SCENE_SKIPPED : SCENE_FAILED, "%s", problem.text);
    open_descriptors(furnished);
    struct taker taker = {stage, true};
    struct ipc_link *link = make_link(scene, &taker, &surroundings);
    ask(scene, stage, &surroundings, link);
    look_for_leftovers(stage, furnished, NULL);
    if (scene->play == PLAY_STARVED)
        allow_descriptors(furnished, scene->spare);
    int result = transport->setup(link);
    bool refused = result != 0 && refusal_is_fair(scene, result, link);
    if (!refused)
        scene_expect(stage, result, &link->fault, "setup");
    taker.open = false;
    if (result == 0)
        play_ends(scene, stage, link);
    transport->cleanup(link);
    surroundings_leave(&surroundings);
    if (scene->play == PLAY_STARVED)
        allow_all_descriptors();
    look_for_leftovers(stage, before, link->name);
    if (refused && scene->play != PLAY_STARVED)
        scene_quit(stage, SCENE_SKIPPED, "this host refuses these knobs: %s: %s", link->fault.call,
                   strerror(-result));
    (void)munmap(link, transport->link_bytes);
    exit(0);
}

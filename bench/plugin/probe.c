/* SPDX-License-Identifier: MIT */
/*
 * probe.c - forks a child that makes a link as a trial would, calls the transport's probe, and
 * sends the verdict through a pipe.
 */
#include "plugin/probe.h"

#include "host/surroundings.h"
#include "plugin/cell.h"
#include "plugin/knobs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Small enough for a pipe to take in one piece. */
struct verdict {
    bool available;
    size_t limit; /* 0: none */
    struct problem why;
};

static void ignore_note(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static struct ipc_link *make_link(const struct ipc_transport *transport,
                                  const struct surroundings *surroundings) {
    size_t room = (transport->link_bytes + IPC_ALIGN - 1) / IPC_ALIGN * IPC_ALIGN;
    struct ipc_link *link = aligned_alloc(IPC_ALIGN, room);
    if (link == NULL)
        return NULL;
    memset(link, 0, room);
    while (transport->messages[link->wait] == NULL)
        link->wait++;
    link->max_bytes = CELL_MAX_SIZE;
    if (transport->max_bytes > 0 && transport->max_bytes < CELL_MAX_SIZE)
        link->max_bytes = transport->max_bytes;
    link->note = ignore_note;
    surroundings_give(surroundings, transport->needs, link);
    return link;
}

static void blame(const struct ipc_fault *fault, int error, struct problem *why) {
    if (fault->detail[0] != '\0')
        (void)problem_set(why, 0, "%.*s", (int)sizeof fault->detail, fault->detail);
    else
        (void)problem_set(why, 0, "its probe failed in %s: %s",
                          fault->call ? fault->call : "an unnamed call", strerror(-error));
}

static void ask_linked(const struct registry_entry *entry, struct ipc_link *link,
                       struct verdict *verdict) {
    const struct ipc_transport *transport = entry->transport;
    const char *preset = entry->preset ? entry->preset->knobs : NULL;
    if (knobs_apply(transport, preset, "", link, &verdict->why) != 0)
        return;
    int error = transport->probe ? transport->probe(link) : 0;
    if (error != 0)
        blame(&link->fault, error, &verdict->why);
    else if (transport->limit)
        verdict->limit = transport->limit(link);
    verdict->available = error == 0;
}

static void ask(const struct registry_entry *entry, struct verdict *verdict) {
    struct surroundings surroundings;
    if (surroundings_enter(entry->transport->needs, NETWORK_AUTO, &surroundings, &verdict->why) !=
        0)
        return;
    struct ipc_link *link = make_link(entry->transport, &surroundings);
    if (link == NULL)
        (void)problem_set(&verdict->why, ENOMEM, "there is no memory for its link");
    else
        ask_linked(entry, link, verdict);
    free(link);
    surroundings_leave(&surroundings);
}

/* The child leaves by _exit: what stands in the parent's output buffers is the parent's. */
_Noreturn static void answer(const struct registry_entry *entry, int to) {
    struct verdict verdict = {.why = {""}};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    ask(entry, &verdict);
    _exit(write(to, &verdict, sizeof verdict) == (ssize_t)sizeof verdict ? 0 : 1);
}

/* Reads the verdict, or explains why there is none. */
static bool await_verdict(pid_t child, int from, int deadline_ms, struct verdict *verdict) {
    struct pollfd answered = {.fd = from, .events = POLLIN};
    int status = 0;
    int ready = poll(&answered, 1, deadline_ms);
    bool complete = ready == 1 && read(from, verdict, sizeof *verdict) == (ssize_t)sizeof *verdict;
    if (!complete && ready != 1)
        (void)kill(child, SIGKILL);
    (void)TEMP_FAILURE_RETRY(waitpid(child, &status, 0));
    if (complete)
        return verdict->available;
    if (ready != 1)
        (void)problem_set(&verdict->why, 0,
                          "its probe did not return within %d ms; a probe must not block",
                          deadline_ms);
    else
        (void)problem_set(&verdict->why, 0, "its probe crashed (%s); report it to its author",
                          WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it called exit");
    return false;
}

bool probe_entry(const struct registry_entry *entry, int deadline_ms, size_t *limit,
                 struct problem *why) {
    struct verdict verdict = {.available = false};
    int ends[2];
    *limit = 0;
    const struct ipc_transport *transport = entry->transport;
    bool may_be_refused = (transport->needs & IPC_MOUNTS) != 0; /* other needs have a second way */
    if (transport->probe == NULL && transport->limit == NULL && !may_be_refused)
        return true;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)problem_set(why, errno, "it can't be probed: pipe2: %s", strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child == 0)
        answer(entry, ends[1]);
    (void)close(ends[1]);
    bool available = false;
    if (child < 0)
        (void)problem_set(&verdict.why, errno, "it can't be probed: fork: %s", strerror(errno));
    else
        available = await_verdict(child, ends[0], deadline_ms, &verdict);
    (void)close(ends[0]);
    *why = verdict.why;
    *limit = verdict.limit;
    return available;
}

/* SPDX-License-Identifier: MIT */
/*
 * probe.c - forks a child that makes a link as a trial would, calls the transport's probe, and
 * sends the verdict through a pipe.
 */
#include "probe.h"

#include "cell.h"
#include "knobs.h"
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

/* Small enough for a pipe to take in one piece. */
struct verdict {
    bool available;
    struct problem why;
};

static void ignore_note(void *notes, const char *name, const char *value) {
    (void)notes;
    (void)name;
    (void)value;
}

static struct ipc_link *make_link(const struct ipc_transport *transport, const char *name,
                                  const struct network *network) {
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
    link->name = name;
    link->network = (transport->needs & IPC_NETWORK) ? &network->for_transport : NULL;
    link->note = ignore_note;
    (void)!getrandom(link->token, sizeof link->token, 0);
    return link;
}

static void blame(const struct ipc_fault *fault, int error, struct problem *why) {
    if (fault->detail[0] != '\0')
        (void)problem_set(why, 0, "%.*s", (int)sizeof fault->detail, fault->detail);
    else
        (void)problem_set(why, 0, "its probe failed in %s: %s",
                          fault->call ? fault->call : "an unnamed call", strerror(-error));
}

static bool ask_linked(const struct registry_entry *entry, struct ipc_link *link,
                       struct problem *why) {
    const char *preset = entry->preset ? entry->preset->knobs : NULL;
    if (knobs_apply(entry->transport, preset, "", link, why) != 0)
        return false;
    int error = entry->transport->probe(link);
    if (error != 0)
        blame(&link->fault, error, why);
    return error == 0;
}

static bool ask(const struct registry_entry *entry, struct problem *why) {
    struct network network = {.for_transport = {.public_ipv4 = NULL}};
    char name[40];
    if ((entry->transport->needs & IPC_NETWORK) && network_enter(NETWORK_AUTO, &network, why) != 0)
        return false;
    (void)snprintf(name, sizeof name, "ipcbench-probe-%d", (int)getpid());
    struct ipc_link *link = make_link(entry->transport, name, &network);
    if (link == NULL) {
        (void)problem_set(why, ENOMEM, "there is no memory for its link");
        return false;
    }
    bool available = ask_linked(entry, link, why);
    free(link);
    return available;
}

/* The child leaves by _exit: what stands in the parent's output buffers is the parent's. */
_Noreturn static void answer(const struct registry_entry *entry, int to) {
    struct verdict verdict = {.why = {""}};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    verdict.available = ask(entry, &verdict.why);
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

bool probe_entry(const struct registry_entry *entry, int deadline_ms, struct problem *why) {
    struct verdict verdict = {.available = false};
    int ends[2];
    if (entry->transport->probe == NULL)
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
    return available;
}

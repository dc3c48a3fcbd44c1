/* SPDX-License-Identifier: MIT */
/*
 * scene.h - one case of the contract suite: what is to be played with which transport, and what the
 * processes of that case share.
 */
#ifndef CONTRACT_SCENE_H
#define CONTRACT_SCENE_H

#include "plugin/registry.h"
#include "trial/gate.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes of a case's process. */
enum { SCENE_FAILED = 1, SCENE_SKIPPED = 77 };

/* The sizes at which transports break: one, around a word, a cache line, a page, and the largest.
 */
enum { SCENE_SIZES = 11 };
extern const size_t scene_sizes[SCENE_SIZES];

/* What a case does with its link. */
enum scene_play {
    PLAY_TALK,    /* messages to and fro */
    PLAY_WATCHED, /* the same; the server uses its descriptors */
    PLAY_MEETING, /* the same, with a connection for each */
    PLAY_STREAM,  /* many messages one after the other, first to the server, then to the client */
    PLAY_UNUSED,  /* setup, then cleanup */
    PLAY_KILLED,  /* both ends are killed while the client waits for a message */
    PLAY_LONELY,  /* the server is killed before a client comes */
    PLAY_STARVED, /* setup may open only so many descriptors */
};

struct scene {
    const struct registry_entry *entry;
    enum ipc_wait wait;
    enum scene_play play;
    const char *knobs;  /* as a user sets them */
    size_t bytes;       /* of each message; 0: all sizes in turn */
    unsigned messages;  /* each way */
    unsigned depth;     /* PLAY_STREAM: never more under way; 0: as many as there is room for */
    bool in_place;      /* reserve, commit, peek, release instead of send and recv */
    uint64_t budget_ns; /* IPC_PARK */
    unsigned spare;     /* PLAY_STARVED: how many descriptors may be opened */
    bool threaded;
};

/* In memory that all processes of a case share; zeroed. */
struct stage {
    struct gate attached, waiting, finished;
    size_t limit;                    /* what this host lets the transport carry; 0: no limit */
    _Atomic unsigned sent, received; /* PLAY_STREAM: messages in both directions */
    _Atomic int has_text;
    char text[640]; /* why it failed or was skipped */
};

/* Takes the notes of a link or an end, and watches when they come. */
struct taker {
    struct stage *stage;
    bool open; /* notes are allowed now */
};

/* One end's part. */
struct actor {
    const struct scene *scene;
    struct stage *stage;
    const struct ipc_link *link;
    enum ipc_role role;
};

/* Ends this process with the sentence of whoever was first. */
__attribute__((format(printf, 3, 4))) _Noreturn void scene_quit(struct stage *stage, int code,
                                                                const char *format, ...);

/* Quits unless the result is 0; and says so when it isn't one that the contract allows. */
void scene_expect(struct stage *stage, int result, const struct ipc_fault *fault,
                  const char *operation);

/* The `note` of links and ends; `notes` is a struct taker. */
void scene_take_note(void *notes, const char *name, const char *value);

/* The length of message `number`; `limit` is the host's, or 0. */
size_t scene_length(const struct scene *scene, size_t limit, unsigned number);

/* One end, from attach to detach; `of` is a struct actor. Returns NULL, as pthread_create wants. */
void *scene_act(void *of);

/* The parent of a case: from probe to cleanup. Doesn't return: exits with 0 or a code from above.
 */
_Noreturn void scene_play(const struct scene *scene, struct stage *stage);

#endif

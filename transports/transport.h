/* SPDX-License-Identifier: MIT */
/*
 * transport.h - the whole contract between the harness and a transport.
 *
 * A transport is one shared object that exports one symbol, `ipc_transport`.
 * The harness finds it by scanning a folder; nothing registers it. This header,
 * helper.h and what else lies beside them are all of ipcbench that a transport
 * may include.
 *
 * WHO CALLS WHAT. A trial is a tree of three processes: the parent (P), the
 * server (S) and the client (C). P forks S and C; both inherit what P made.
 * With many clients P makes a link for each of them, S has an end of each link,
 * and so has C, used by a thread each (see `apart` and
 * struct ipc_descriptors); a server of a process for each client has its ends in
 * children of S. Where a second link can't be, since what it needs has one number
 * for each trial (ipc_key), its setup fails with -EEXIST, which is "not applicable".
 *
 *   operation  called by  when                                  may block
 *   ---------  ---------  ------------------------------------  ---------
 *   probe      P          before anything; also by `list`       no
 *   limit      P          after probe; also by `list`           no
 *   setup      P          once, before the fork                 no
 *   attach     S, C       once each, after the fork and pinning yes: S and C
 *                                                               run it at the
 *                                                               same time
 *   send       S, C       any number of times                   as `wait` says
 *   recv       S, C       any number of times                   as `wait` says
 *   reserve ...           instead of these, see ipc_in_place    as `wait` says
 *   detach     S, C       once each, after BOTH loops are over  no
 *   cleanup    P          once, after S and C are gone, also    no
 *                         when setup failed half way or an end
 *                         was killed
 *
 * FLOW CONTROL. An end may send many messages before its peer receives the first: send waits, as
 * `wait` says, while there is no room, until the peer has received enough. How many have room is
 * the transport's affair, but at least one has in each direction, and whether there is room in one
 * direction never depends on what is under way in the other. What can't do so says why, in
 * `one_at_a_time` or `no_flow_control`.
 *
 * RESULTS. 0, or a negative errno; in the latter case `fault` names the call
 * that failed (use ipc_fail() of helper.h). -EINTR is never returned: retry.
 * A transport never prints, exits, forks (but see PROCESSES), pins, sleeps to
 * synchronise, or touches signal dispositions (an end may block a signal in
 * its own thread's mask; handlers that a library takes at its
 * loading the harness gives back), and it needs no deadline of its own: when an
 * end dies or the trial's deadline passes, P kills both ends.
 *
 * OWNERSHIP. The harness allocates the link and the ends, zeroed and aligned
 * to IPC_ALIGN, in the sizes that the transport states, and frees them. What a
 * transport opens in setup it closes in cleanup; what it opens in attach it
 * closes in detach (unless the end is killed: then the kernel does it, so
 * anything with a name belongs into setup). File descriptors 0, 1 and 2 are
 * open already, so 0 in a zeroed field means "none".
 *
 * NAMES. Nothing may be left behind, also after SIGKILL of every process of the trial. So prefer
 * objects without a name (memfd, socketpair, descriptors that are unlinked once open). One that
 * needs a name gets `link->name` with a suffix of the transport's choice, or ipc_key() of helper.h
 * where names are numbers (SysV), and is made with O_EXCL or IPC_EXCL and mode 0600; files and
 * socket paths stand in `link->folder`. What a killed trial left under these names in /dev/shm,
 * /dev/mqueue, the trial's folder or among the SysV objects, the next start of ipcbench removes.
 *
 * PROCESSES AND THREADS. A library that needs a daemon may get it in setup: one child of P, in its
 * own process group, that asks to die with P (PR_SET_PDEATHSIG) and that cleanup ends and reaps.
 * Threads that a library starts in attach have ended when detach returns; they inherit the end's
 * pinning.
 *
 * SHARING. The link is read-only from the moment setup returns: S and C see
 * their own copies of it when they are processes, but one and the same link
 * when the test suite runs them as threads under ThreadSanitizer. An end must
 * therefore not close what the link holds.
 */
#ifndef IPC_TRANSPORT_H
#define IPC_TRANSPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever a structure below changes so that a plug-in built before would be misread; a
 * plug-in of another number is refused. */
#define IPC_ABI 3
/* Alignment of every link and end, in bytes: two cache lines, since adjacent-line prefetch pairs
 * them on x86. */
#define IPC_ALIGN 128

/* How an end waits for its peer. Both ends of a trial always wait the same way. */
enum ipc_wait {
    IPC_BLOCK, /* sleep in the kernel at once */
    IPC_SPIN,  /* poll without ever sleeping */
    IPC_PARK,  /* poll for ipc_link.spin_budget_ns, then sleep */
    IPC_WAITS
};

enum ipc_role { IPC_SERVER, IPC_CLIENT, IPC_ROLES };

/* Why an operation failed. `call` is required with every negative result and must be a string
 * that lives as long as the plug-in, e.g. "setsockopt(SO_SNDBUF)"; `detail` may add a sentence. */
struct ipc_fault {
    const char *call;
    char detail[192];
};

/* What a transport needs of its surroundings: the harness makes it before probe and undoes it after
 * cleanup. */
enum ipc_need {
    IPC_NETWORK = 1, /* `link->network`; a private network namespace where the host allows one */
    IPC_OBJECTS = 2, /* an IPC namespace of the trial's own where the host allows one, so that SysV
                        objects and POSIX message queues vanish with the trial */
    IPC_FOLDER = 4,  /* `link->folder` */
    IPC_MOUNTS = 8   /* a /tmp and a /dev/shm of the trial's own, for what uses fixed names there;
                        a host that forbids them can't run the transport */
};

/* The addresses that a transport with IPC_NETWORK may use. Strings are owned by the harness and
 * live as long as the link. */
struct ipc_network {
    const char *public_ipv4; /* an address of this host that is not loopback; NULL: none */
    const char *why_none;    /* a sentence, where public_ipv4 is NULL */
    const char *peer_ipv4;   /* the address of the second namespace, see peer_socket */
    /* A socket as of socket(2) that lives in a second private network namespace, whose address is
     * peer_ipv4 and whose only way to public_ipv4 is a veth pair, as between two containers. The
     * first call makes that namespace. From P only. A descriptor, or a negative errno where the
     * host allows no such namespace. */
    int (*peer_socket)(const struct ipc_network *network, int domain, int type, int protocol);
};

/*
 * One connection between one server and one client: what setup makes. A transport's own link
 * struct begins with this one. The harness fills every field; the transport writes only `fault`.
 */
struct ipc_link {
    enum ipc_wait wait;
    size_t max_bytes;        /* no message of the trial is larger */
    bool in_place;           /* the ends will use the operations of ipc_in_place, so that there must
                                be room for whole messages */
    uint64_t spin_budget_ns; /* for IPC_PARK: about the cost of one wake-up; 0 otherwise */
    uint8_t token[16];       /* random for each link: proves that a peer is ours */
    bool connecting;         /* see struct ipc_connections */
    const char *name;        /* "ipcbench-PID-RANDOM", for kernel objects that need names */
    const char *folder;      /* an empty folder (0700) of the trial's own, removed after it with all
                                that is in it; NULL unless the transport needs IPC_FOLDER */
    const struct ipc_network *network; /* NULL unless the transport needs IPC_NETWORK */
    /* Records a fact for the reader of the results, such as a buffer size that was read back, the
     * version of a library, or the path that it took. From setup, attach and detach only; never
     * from send or recv. Both strings are copied. */
    void (*note)(void *notes, const char *name, const char *value);
    void *notes;
    struct ipc_fault fault;
};

/*
 * One end of a link. A transport's own end struct begins with this one; the harness fills it
 * before attach; the transport writes only `fault`. Each end has its own `note`.
 */
struct ipc_end {
    const struct ipc_link *link;
    enum ipc_role role;
    void (*note)(void *notes, const char *name, const char *value);
    void *notes;
    struct ipc_fault fault;
};

/*
 * Moving messages, by copy. A message is `bytes` long, 1 <= bytes <= link->max_bytes, and both
 * ends know that length; it arrives whole, in order, once.
 *   send  returns when the caller may reuse `message`. It needs no later call to arrive.
 *   recv  returns when all `bytes` of the next message stand in `message`.
 * -EPIPE: the peer is gone. -EMSGSIZE: what arrived has another length.
 */
struct ipc_messages {
    int (*send)(struct ipc_end *end, const void *message, size_t bytes);
    int (*recv)(struct ipc_end *end, void *message, size_t bytes);
};

/*
 * For a server that watches many clients at once, each over a link of its own: the descriptors
 * behind S's end, from attach on. What read(2) takes from `in` is the client's messages, byte for
 * byte, and what write(2) puts into `out` is the server's (of packets: one message for each call);
 * both stay the transport's. The harness, which uses one such end either so or by its messages,
 * never by both, may make them non-blocking, and may hand them to select, poll, epoll and io_uring.
 * They may be one and the same.
 */
struct ipc_descriptors {
    int (*in)(const struct ipc_end *end);
    int (*out)(const struct ipc_end *end);
};

/*
 * For the workload that makes a connection for each exchange. Then `link->connecting` is set,
 * attach connects nothing, and the two ends meet and part any number of times; in between, their
 * messages use the connection. Several clients may have ends of the one link at a time; S serves
 * one after the other.
 *   fits     P, after probe: may it be done with these knobs? 0, or a negative errno with a
 *            sentence in fault.detail that says why not (which is "not applicable").
 *   budget   P, after setup: how many connections may be made until those that are over but
 *            still take up a port (TIME_WAIT) leave none for others; 0: any number. May be NULL.
 *   connect  C: returns when the connection can carry messages; waits as `wait` says.
 *   accept   S: returns when a client is there; waits as `wait` says.
 *   hang_up  C first, after its last message; S then returns once C has hung up.
 */
struct ipc_connections {
    int (*fits)(struct ipc_link *link);
    uint64_t (*budget)(struct ipc_link *link);
    int (*connect)(struct ipc_end *end);
    int (*accept)(struct ipc_end *end);
    int (*hang_up)(struct ipc_end *end);
};

/*
 * Optional: moving messages in place, without the copies. A message is as above; both ends use
 * these for a whole trial, or send and recv, never both in one direction. Of each kind one
 * message at a time is the caller's.
 *   reserve  points at room for a message of that length, which the caller may write until
 *            commit; what stands there before is anything. May wait for room, as send does.
 *   commit   sends what was reserved last.
 *   peek     points at the next message, which the caller may read until release. May wait.
 *   release  gives back the room of what was peeked last.
 * Errors as of send and recv. The memory is the transport's, aligned as it likes.
 */
struct ipc_in_place {
    int (*reserve)(struct ipc_end *end, size_t bytes, void **message);
    int (*commit)(struct ipc_end *end);
    int (*peek)(struct ipc_end *end, size_t bytes, const void **message);
    int (*release)(struct ipc_end *end);
};

/*
 * A knob: an option of the transport that users set as `name:knob=value`. The harness parses and
 * checks the value, stores it as a uint64_t at `offset` of the transport's link before setup, and
 * records it.
 */
enum ipc_knob_kind {
    IPC_KNOB_NUMBER, /* a whole number */
    IPC_KNOB_BYTES,  /* a size: 65536, 64K, 1M */
    IPC_KNOB_FLAG,   /* 0 or 1 */
    IPC_KNOB_CHOICE  /* one of `choices`; stored as its index */
};

struct ipc_knob {
    const char *name;
    enum ipc_knob_kind kind;
    size_t offset;              /* offsetof(struct my_link, field), the field being a uint64_t */
    const char *fallback;       /* the default, as a user would write it */
    uint64_t low, high;         /* limits of a number or of a size, both allowed */
    const char *const *choices; /* IPC_KNOB_CHOICE: the words, ended by NULL */
    const char *help;           /* one line, with the unit */
};

/* How many system calls one message costs in a ping-pong of 64-byte messages (or of max_bytes where
 * that is less) whose ends both block, on one CPU: those of its sender and of its receiver
 * together, as the file's heading says. The tests count them. `most` 0: makes none, or can't block.
 */
struct ipc_calls {
    double least, most;
    bool uncounted; /* a library's affair: not to be held against it */
};

/* A second name under which the transport is listed, with some knobs set: "nodelay=1,family=6". */
struct ipc_preset {
    const char *name;
    const char *knobs;
    const char *summary;           /* one line */
    const char *group;             /* NULL: the transport's */
    const struct ipc_calls *calls; /* NULL: the transport's */
    const char *one_at_a_time;     /* NULL: the transport's. It holds of every trial in which the
                                      knobs that are set here have these values */
};

/*
 * The transport. Everything that it can is structure: an operation, a table or a list that is
 * there can be used; NULL means that the transport cannot.
 */
struct ipc_transport {
    uint32_t abi;        /* IPC_ABI */
    const char *name;    /* equals the file's name without .so: [a-z0-9-], at most 31 bytes */
    const char *summary; /* one line for `list` */
    const char *group;   /* "core", "kernel", "library", "guest" or "control" */
    const char *cost;    /* what one message costs: system calls, copies, wake-ups */
    struct ipc_calls calls;

    size_t link_bytes; /* of the transport's own link, struct ipc_link included */
    size_t end_bytes;  /* of the transport's own end, struct ipc_end included */
    size_t max_bytes;  /* the largest message that it can carry; 0: no limit of its own */

    const struct ipc_knob *knobs;     /* ended by a NULL name; may be NULL */
    const struct ipc_preset *presets; /* ended by a NULL name; may be NULL. With presets, only
                                         they are listed */

    unsigned needs; /* of enum ipc_need, or-ed */
    bool apart; /* its library keeps its state by process, and beyond detach: the ends must not be
                   threads of one, as in the threaded tests; so it has one client only */
    bool solo;  /* no server is started: what the client sends, it receives itself */
    /* Not a channel: recv gets the latest message, and those before it that nobody had received
     * are overwritten and gone. It is listed as such, and nobody is advised to take it. Such a one
     * has `one_at_a_time`, too. */
    bool not_a_channel;
    /* Why no more than one message may be under way in each direction, as in a ping-pong: a clause
     * such as "a counter adds up what nobody has read". NULL: many may. Then a stream is "not
     * applicable". */
    const char *one_at_a_time;
    /* Why send doesn't wait while there is no room, so that a message may be lost (and must be
     * missed by recv, never hidden); likewise. NULL: it waits. Then a stream needs a depth, and its
     * losses are counted. A recv that waits in vain for some 0.2 s once a message was lost returns
     * -ETIMEDOUT: a stream goes on then, and everything else fails. */
    const char *no_flow_control;

    /* May this host run it with these knobs? 0, or a negative errno with one sentence in
     * fault.detail that says why not (which is "skipped", not "failed"). May be NULL. */
    int (*probe)(struct ipc_link *link);
    /* The largest message in bytes that this host lets it carry with these knobs, where that is
     * less than max_bytes or not known before; with a clause in fault.detail that says where the
     * limit comes from ("/proc/sys/fs/mqueue/msgsize_max is 8192"). 0: no further limit. May be
     * NULL. A larger message is "not applicable"; it never reaches setup. */
    size_t (*limit)(struct ipc_link *link);
    int (*setup)(struct ipc_link *link);
    int (*attach)(struct ipc_end *end); /* may be NULL */
    int (*detach)(struct ipc_end *end); /* may be NULL */
    void (*cleanup)(struct ipc_link *link);

    /* The operations for each way to wait; NULL where the transport cannot wait that way. */
    const struct ipc_messages *messages[IPC_WAITS];
    /* Likewise; NULL where it can't move messages in place. Only for ways that `messages` has. */
    const struct ipc_in_place *in_place[IPC_WAITS];

    const struct ipc_descriptors *descriptors; /* NULL: its server can't watch many at once */
    const struct ipc_connections *connections; /* NULL: its ends meet once, in attach or before */
};

/* The one symbol that a plug-in exports. */
extern const struct ipc_transport ipc_transport;

#endif

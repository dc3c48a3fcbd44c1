/* SPDX-License-Identifier: MIT */
/* pkg-config: ompi-c jansson */
/*
 * mpi.guest.c - MPI_Send and MPI_Recv between two ranks that mpirun starts, over shared memory
 * alone (Open MPI's vader or sm): a guest (docs/adding-a-guest.md).
 *
 * A message costs 2 copies through a queue in shared memory up to some KiB; beyond that the
 * receiver copies straight out of the sender's memory where the host allows that. MPI polls while
 * it waits, so it can only spin. Nothing but shared memory is allowed, so that any other way is a
 * failure; mpirun speaks with its ranks within the trial's own network namespace, over the loopback
 * address, and keeps its files in the trial's folder.
 *
 *   mpi.guest describe            what it is
 *   mpi.guest run < request       becomes mpirun, with this program as both ranks
 *   mpi.guest rank REQUEST        one rank; the client prints the result
 */
#include <errno.h>
#include <jansson.h>
#include <mpi.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MPIRUN "mpirun"
#define STRIDE 512

enum { SERVER, CLIENT, RANKS };
enum { TAG_MESSAGE, TAG_READING };

/* ---- the payload: see docs/adding-a-guest.md ---- */

struct payload {
    unsigned char *message;
    size_t bytes;
    uint64_t salt;
};

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void payload_stamp(struct payload *p, uint64_t sequence) {
    uint64_t word = sequence ^ p->salt;
    if (p->bytes < sizeof word) {
        memcpy(p->message, &word, p->bytes);
        return;
    }
    for (size_t at = 0; at + sizeof word <= p->bytes; at += STRIDE)
        memcpy(p->message + at, &word, sizeof word);
    memcpy(p->message + p->bytes - sizeof word, &word, sizeof word);
}

static void payload_make(struct payload *p, size_t bytes, uint64_t seed, int direction) {
    size_t room = (bytes + 127) / 128 * 128;
    uint64_t state = seed * 2 + (uint64_t)direction;
    *p = (struct payload){.message = malloc(room), .bytes = bytes};
    if (p->message == NULL)
        abort();
    p->salt = next_random(&state);
    for (size_t at = 0; at < room; at += sizeof state) {
        uint64_t word = next_random(&state);
        memcpy(p->message + at, &word, sizeof word);
    }
    payload_stamp(p, 0);
}

/* ---- readings ---- */

enum { USER, SYSTEM, VOLUNTARY, INVOLUNTARY, MINOR, MAJOR, CPU, READINGS };

static uint64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double ns_of(struct timeval time) {
    return (double)time.tv_sec * 1e9 + (double)time.tv_usec * 1e3;
}

static void read_usage(double reading[READINGS]) {
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    reading[USER] = ns_of(used.ru_utime);
    reading[SYSTEM] = ns_of(used.ru_stime);
    reading[VOLUNTARY] = (double)used.ru_nvcsw;
    reading[INVOLUNTARY] = (double)used.ru_nivcsw;
    reading[MINOR] = (double)used.ru_minflt;
    reading[MAJOR] = (double)used.ru_majflt;
    reading[CPU] = sched_getcpu();
}

static json_t *usage_json(const double before[READINGS], const double after[READINGS]) {
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:i}", "user_ns",
                     after[USER] - before[USER], "system_ns", after[SYSTEM] - before[SYSTEM],
                     "voluntary_switches", after[VOLUNTARY] - before[VOLUNTARY],
                     "involuntary_switches", after[INVOLUNTARY] - before[INVOLUNTARY],
                     "minor_faults", after[MINOR] - before[MINOR], "major_faults",
                     after[MAJOR] - before[MAJOR], "first_cpu", (int)before[CPU], "last_cpu",
                     (int)after[CPU]);
}

/* ---- one rank ---- */

struct rank {
    const json_t *request;
    int own;
    struct payload out, came;
    unsigned char *buffer;
    uint64_t sequence;
    MPI_Win window;          /* over */
    volatile uint64_t *turn; /* in memory that both share: the exchange that closes the phase */
};

static uint64_t asked(const struct rank *r, const char *key) {
    return (uint64_t)json_integer_value(json_object_get(r->request, key));
}

static _Noreturn void give_up(const char *sentence, uint64_t sequence) {
    (void)printf("{\"error\": \"%s %llu\"}\n", sentence, (unsigned long long)sequence);
    (void)fflush(stdout);
    (void)MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

static void post(struct rank *r) {
    (void)MPI_Send(r->out.message, (int)r->out.bytes, MPI_BYTE, !r->own, TAG_MESSAGE,
                   MPI_COMM_WORLD);
}

static void await_message(struct rank *r) {
    MPI_Status status;
    int count = 0;
    (void)MPI_Recv(r->buffer, (int)r->came.bytes, MPI_BYTE, !r->own, TAG_MESSAGE, MPI_COMM_WORLD,
                   &status);
    (void)MPI_Get_count(&status, MPI_BYTE, &count);
    if ((size_t)count != r->came.bytes)
        give_up("a message of another length came as message", r->sequence);
}

static void verify(struct rank *r, uint64_t sequence) {
    payload_stamp(&r->came, sequence);
    if (memcmp(r->buffer, r->came.message, r->came.bytes) != 0)
        give_up("not the one that was sent: message", sequence);
}

static void exchange(struct rank *r) {
    post(r);
    if (r->sequence > 0)
        verify(r, r->sequence - 1);
    payload_stamp(&r->out, r->sequence + 1);
    await_message(r);
    r->sequence++;
}

static void close_phase(struct rank *r) {
    *r->turn = r->sequence;
    exchange(r);
}

static void serve_phase(struct rank *r) {
    for (;;) {
        await_message(r);
        uint64_t turn = *r->turn;
        post(r);
        verify(r, r->sequence);
        payload_stamp(&r->out, r->sequence + 1);
        if (r->sequence++ == turn)
            return;
    }
}

static void serve(struct rank *r) {
    double readings[2][READINGS];
    serve_phase(r);
    read_usage(readings[0]);
    serve_phase(r);
    read_usage(readings[1]);
    (void)MPI_Send(readings, 2 * READINGS, MPI_DOUBLE, CLIENT, TAG_READING, MPI_COMM_WORLD);
}

/* ---- the client's measurement ---- */

/* A histogram of 1 ns up to 64 us, and beyond in steps of 1/1024 of the octave: fine enough for the
 * harness's own. */
#define FINE    65536
#define OCTAVES 40
struct spans {
    uint64_t fine[FINE], coarse[OCTAVES][1024];
};

static void count_span(struct spans *spans, uint64_t ns) {
    if (ns < FINE) {
        spans->fine[ns]++;
        return;
    }
    int octave = 63 - __builtin_clzll(ns) - 16;
    spans->coarse[octave < OCTAVES ? octave : OCTAVES - 1][(ns >> (octave + 6)) & 1023]++;
}

static void add_pair(json_t *list, uint64_t ns, uint64_t count) {
    if (count > 0)
        (void)json_array_append_new(
            list, json_pack("[I,I]", (json_int_t)(ns ? ns : 1), (json_int_t)count));
}

static json_t *spans_json(const struct spans *spans) {
    json_t *list = json_array();
    for (uint64_t ns = 0; ns < FINE; ns++)
        add_pair(list, ns, spans->fine[ns]);
    for (int octave = 0; octave < OCTAVES; octave++)
        for (uint64_t step = 0; step < 1024; step++)
            add_pair(list, (1024 + step) << (octave + 6), spans->coarse[octave][step]);
    return list;
}

static uint64_t warm_up(struct rank *r, uint64_t *took_ns) {
    uint64_t wanted = asked(r, "warmup_exchanges"), start = now_ns(), count = 0;
    uint64_t stop = start + asked(r, "warmup_ns");
    for (; wanted ? count < wanted : now_ns() < stop; count++)
        exchange(r);
    *took_ns = now_ns() - start;
    close_phase(r);
    return count;
}

static uint64_t measure(struct rank *r, struct spans *spans, uint64_t *took_ns) {
    uint64_t wanted = asked(r, "exchanges"), start = now_ns(), before = start, count = 0;
    uint64_t stop = start + asked(r, "time_ns");
    for (; wanted ? count < wanted : before < stop; count++) {
        exchange(r);
        uint64_t now = now_ns();
        count_span(spans, now - before);
        before = now;
    }
    *took_ns = before - start;
    return count;
}

static void ask(struct rank *r) {
    double own[2][READINGS], peer[2][READINGS];
    char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    uint64_t warmup_ns = 0, took_ns = 0;
    int length = 0;
    struct spans *spans = calloc(1, sizeof *spans);
    if (spans == NULL)
        abort();
    uint64_t warmed = warm_up(r, &warmup_ns);
    read_usage(own[0]);
    exchange(r); /* returns once the server has taken its reading too */
    uint64_t count = measure(r, spans, &took_ns);
    close_phase(r);
    read_usage(own[1]);
    verify(r, r->sequence - 1);
    (void)MPI_Recv(peer, 2 * READINGS, MPI_DOUBLE, SERVER, TAG_READING, MPI_COMM_WORLD,
                   MPI_STATUS_IGNORE);
    (void)MPI_Get_library_version(version, &length);
    version[strcspn(version, ",\n")] = '\0';
    json_t *result = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:{s:o, s:o}, s:{s:s, s:s, s:s}}", "exchanges",
        (json_int_t)count, "warmup_exchanges", (json_int_t)warmed, "warmup_ns",
        (json_int_t)warmup_ns, "measured_ns", (json_int_t)took_ns, "histogram", spans_json(spans),
        "ends", "server", usage_json(peer[0], peer[1]), "client", usage_json(own[0], own[1]),
        "facts", "version", version, "path", "vader (shared memory)", "clock", "clock_gettime");
    (void)json_dumpf(result, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(result);
    free(spans);
}

static void pin(const struct rank *r) {
    int cpu = (int)json_integer_value(
        json_array_get(json_object_get(r->request, "cpus"), (size_t)r->own));
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        give_up("sched_setaffinity refused CPU", (uint64_t)cpu);
}

/* The turn lies in memory that MPI shares between the ranks of one host. */
static void share_turn(struct rank *r) {
    MPI_Aint bytes = 0;
    int unit = 0;
    void *base = NULL;
    (void)MPI_Win_allocate_shared(r->own == SERVER ? sizeof(uint64_t) : 0, 1, MPI_INFO_NULL,
                                  MPI_COMM_WORLD, &base, &r->window);
    (void)MPI_Win_shared_query(r->window, SERVER, &bytes, &unit, &base);
    r->turn = base;
    if (r->own == SERVER)
        *r->turn = UINT64_MAX;
    (void)MPI_Barrier(MPI_COMM_WORLD);
}

static int be_rank(const char *text) {
    json_error_t wrong;
    struct rank r = {.request = json_loads(text, 0, &wrong)};
    int ranks = 0;
    (void)MPI_Init(NULL, NULL);
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &r.own);
    (void)MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (r.request == NULL || ranks != RANKS)
        give_up("this takes two ranks and a request; ranks:", (uint64_t)ranks);
    size_t bytes = (size_t)asked(&r, "bytes");
    pin(&r);
    payload_make(&r.out, bytes, asked(&r, "seed"), r.own == CLIENT ? 0 : 1);
    payload_make(&r.came, bytes, asked(&r, "seed"), r.own == CLIENT ? 1 : 0);
    r.buffer = calloc(1, bytes);
    if (r.buffer == NULL)
        abort();
    share_turn(&r);
    if (r.own == CLIENT)
        ask(&r);
    else
        serve(&r);
    (void)MPI_Win_free(&r.window);
    (void)MPI_Finalize();
    return 0;
}

/* ---- becoming mpirun ---- */

static void print_error(const char *sentence) {
    (void)printf("{\"error\": \"%s\"}\n", sentence);
}

/* What mpirun is told, in words: shared memory and nothing else, and files in the trial's FOLDER. A
 * rank has a CPU of its own and need not yield it; on one shared CPU it would have to. From Open
 * MPI 5 on, what starts the ranks (PRRTE) also listens for further hosts, and not on loopback where
 * there is another address: that of the namespace, or of the host (--net host). */
#if OMPI_MAJOR_VERSION >= 5 /* vader is called sm */
#define OPTIONS                                                                       \
    "-np 2 --allow-run-as-root --map-by :OVERSUBSCRIBE --bind-to none --mca pml ob1 " \
    "--mca btl self,sm --mca btl_sm_backing_directory FOLDER "                        \
    "--prtemca prte_tmpdir_base FOLDER"
#else
#define OPTIONS                                                                       \
    "-q -np 2 --allow-run-as-root --oversubscribe --bind-to none --mca plm isolated " \
    "--mca pml ob1 --mca btl self,vader --mca btl_vader_backing_directory FOLDER "    \
    "--mca oob_tcp_if_include lo --mca orte_tmpdir_base FOLDER"
#endif

static void become_mpirun(const char *folder, const char *self, const char *request) {
    char options[] = OPTIONS, *rest = NULL;
    const char *words[sizeof options / 2 + 5] = {MPIRUN};
    size_t count = 1;
    for (char *word = strtok_r(options, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = strcmp(word, "FOLDER") == 0 ? folder : word;
    words[count++] = self;
    words[count++] = "rank";
    words[count] = request;
    (void)execvp(MPIRUN, (char *const *)(uintptr_t)words);
}

static int run(const char *self) {
    json_error_t wrong;
    json_t *request = json_loadf(stdin, 0, &wrong);
    const char *folder = json_string_value(json_object_get(request, "folder"));
    (void)json_object_del(request, "token"); /* not needed, and a command line is for all to read */
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    if (text == NULL || folder == NULL) {
        print_error("the request is no JSON object with a folder");
        return 1;
    }
    become_mpirun(folder, self, text);
    print_error("mpirun can't be executed; install openmpi-bin");
    return 1;
}

static int describe(void) {
    (void)printf(
        "{\"protocol\": 1, \"transports\": [{\"name\": \"mpi\", \"summary\": \"MPI_Send and "
        "MPI_Recv "
        "between two ranks over shared memory (Open MPI)\", \"cost\": \"2 copies; beyond some KiB "
        "1 copy by a system call; it can only spin\", \"waits\": [\"spin\"], \"max_bytes\": null, "
        "\"needs\": [\"network\", \"folder\"]}]}\n");
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "describe") == 0)
        return describe();
    if (argc == 2 && strcmp(argv[1], "run") == 0)
        return run(argv[0]);
    if (argc == 3 && strcmp(argv[1], "rank") == 0)
        return be_rank(argv[2]);
    (void)fprintf(stderr, "usage: mpi.guest describe | run (a request on standard input)\n");
    return 2;
}

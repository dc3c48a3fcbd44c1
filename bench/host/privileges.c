/* SPDX-License-Identifier: MIT */
/*
 * privileges.c - the capabilities that are kept, each with its reason.
 */
#include "host/privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long a capability is kept. */
enum span { FOR_SETUP, FOR_ENDS };

static const struct {
    unsigned char capability;
    enum span span;
} kept[] = {
    {CAP_SYS_ADMIN, FOR_SETUP},       /* namespaces and what is mounted in them */
    {CAP_NET_ADMIN, FOR_SETUP},       /* addresses and veth pairs in them */
    {CAP_SYS_NICE, FOR_SETUP},        /* pinning where a host forbids it otherwise */
    {CAP_DAC_OVERRIDE, FOR_SETUP},    /* run files in a user's folder */
    {CAP_DAC_READ_SEARCH, FOR_SETUP}, /* tracefs */
    {CAP_SYS_PTRACE, FOR_ENDS},       /* process_vm_readv, and counting by ptrace */
    {CAP_PERFMON, FOR_ENDS},          /* counting by the kernel */
    {CAP_IPC_LOCK, FOR_ENDS},         /* locked memory, huge pages */
    {CAP_SYS_RESOURCE, FOR_ENDS},     /* buffers and queues beyond the limits of users */
};

static uint64_t mask_of(enum span least) {
    uint64_t mask = 0;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (kept[i].span >= least)
            mask |= UINT64_C(1) << kept[i].capability;
    return mask;
}

/* First the bounds, since that takes a capability that goes next. */
static void drop_bounds(uint64_t mask) {
    for (unsigned capability = 0; capability < 64; capability++)
        if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) > 0)
            (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* Of what this thread has it keeps what is in the mask. */
static void keep(uint64_t mask) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) != 0)
        return;
    drop_bounds(mask);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        uint32_t part = (uint32_t)(mask >> 32 * word);
        sets[word].permitted &= part;
        sets[word].effective &= part;
        sets[word].inheritable = 0;
    }
    (void)syscall(SYS_capset, &header, sets);
}

void privileges_drop(void) {
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    keep(mask_of(FOR_SETUP));
}

void privileges_drop_for_end(void) {
    keep(mask_of(FOR_ENDS));
}

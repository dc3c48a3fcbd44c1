/* SPDX-License-Identifier: MIT */
/*
 * privileges.c - the capabilities that are kept, each with its reason.
 */
#include "privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned char kept[] = {
    CAP_SYS_ADMIN,       /* namespaces and what is mounted in them */
    CAP_NET_ADMIN,       /* addresses and veth pairs in them */
    CAP_SYS_PTRACE,      /* process_vm_readv, and counting by ptrace */
    CAP_PERFMON,         /* counting by the kernel */
    CAP_IPC_LOCK,        /* locked memory, huge pages */
    CAP_SYS_NICE,        /* pinning where a host forbids it otherwise */
    CAP_SYS_RESOURCE,    /* buffers and queues beyond the limits of users */
    CAP_DAC_OVERRIDE,    /* run files in a user's folder */
    CAP_DAC_READ_SEARCH, /* tracefs */
};

static uint64_t kept_mask(void) {
    uint64_t mask = 0;
    for (size_t i = 0; i < sizeof kept; i++)
        mask |= UINT64_C(1) << kept[i];
    return mask;
}

/* First the bounds, since that takes a capability that goes next. */
static void drop_bounds(uint64_t mask) {
    for (unsigned capability = 0; capability < 64; capability++)
        if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) > 0)
            (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

void privileges_drop(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint64_t mask = kept_mask();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
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

/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - loads one plug-in: the file must be whole, loadable, and show the one symbol in the
 * right size and ABI; plugin_check.c reads the table behind it.
 */
#include "plugin/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYMBOL "ipc_transport"

/* True when the program headers promise no byte beyond the end of the file. */
static bool segments_fit(int fd, const ElfW(Ehdr) * header, uint64_t file_bytes) {
    for (uint64_t i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) segment;
        uint64_t at = header->e_phoff + i * sizeof segment;
        if (pread(fd, &segment, sizeof segment, (off_t)at) != (ssize_t)sizeof segment)
            return false;
        if (segment.p_type == PT_LOAD &&
            (segment.p_offset > file_bytes || segment.p_filesz > file_bytes - segment.p_offset))
            return false;
    }
    return true;
}

/* The loader maps what the headers promise without looking at the file's size, and touching a page
 * beyond its end is a SIGBUS: so a file that was cut short is found before it is loaded. */
static int check_open_file(int fd, const char *name, struct problem *problem) {
    struct stat file;
    ElfW(Ehdr) header;
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return problem_set(problem, EINVAL, "%s.so is not a file; remove it from the folder", name);
    ssize_t got = pread(fd, &header, sizeof header, 0);
    if (got < SELFMAG || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return problem_set(
            problem, EINVAL,
            "%s.so is not a shared library (no ELF file); remove it or build it anew", name);
    bool whole = got == (ssize_t)sizeof header;
    /* Of another word size the fields lie elsewhere; the loader refuses that by itself. */
    if (whole && header.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        whole = header.e_phentsize == sizeof(ElfW(Phdr)) &&
                header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize <=
                    (uint64_t)file.st_size &&
                segments_fit(fd, &header, (uint64_t)file.st_size);
    if (!whole)
        return problem_set(problem, EINVAL, "%s.so is damaged: its end is missing; build it anew",
                           name);
    return 0;
}

static int check_file(const char *path, const char *name, struct problem *problem) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int error = errno;
        return problem_set(problem, error, "%s.so can't be opened: %s%s", name, strerror(error),
                           error == EACCES ? "; mend its permissions or remove it" : "");
    }
    int result = check_open_file(fd, name, problem);
    (void)close(fd);
    return result;
}

/* The number of bytes of data behind the symbol, 0 when it isn't data. */
static size_t symbol_bytes(const void *symbol) {
    Dl_info info;
    void *extra = NULL;
    if (dladdr1(symbol, &info, &extra, RTLD_DL_SYMENT) == 0 || extra == NULL)
        return 0;
    const ElfW(Sym) *entry = extra;
    /* The low four bits are the type, in both word sizes. */
    return ELF64_ST_TYPE(entry->st_info) == STT_OBJECT ? (size_t)entry->st_size : 0;
}

/* The ABI's number stands first in every version of the table and is read before anything else. */
static int check_symbol(const struct ipc_transport *transport, const char *name,
                        struct problem *problem) {
    if (transport == NULL)
        return problem_set(problem, EINVAL,
                           "%s.so exports no symbol " SYMBOL "; define `IPC_EXPORT const struct "
                           "ipc_transport " SYMBOL "` in it, or move it out of this folder",
                           name);
    size_t bytes = symbol_bytes(transport);
    if (bytes < sizeof transport->abi)
        return problem_set(problem, EINVAL,
                           "%s.so shows " SYMBOL ", but not as data; declare it as "
                           "`IPC_EXPORT const struct ipc_transport " SYMBOL "`",
                           name);
    if (transport->abi != IPC_ABI)
        return problem_set(problem, EINVAL,
                           "rebuild %s.so against transport.h of this ipcbench (ABI %d, found %u)",
                           name, IPC_ABI, (unsigned)transport->abi);
    if (bytes < sizeof *transport)
        return problem_set(problem, EINVAL,
                           "%s.so's " SYMBOL " has %zu bytes instead of %zu; rebuild it against "
                           "transport.h of this ipcbench",
                           name, bytes, sizeof *transport);
    return plugin_check(transport, name, problem);
}

/* The loader's own sentence without the path at its head, which the user knows. */
static const char *loader_says(const char *path) {
    const char *text = dlerror();
    size_t length = strlen(path);
    if (text == NULL)
        return "no reason given";
    return strncmp(text, path, length) == 0 && text[length] == ':' ? text + length + 2 : text;
}

/* Is it the host that lacks something, rather than the file? The loader gives no number, and where
 * an allocation of its own fails, glibc's does not even name the error. */
static int loader_error(const char *said) {
    static const int of_host[] = {ENOMEM, EMFILE, ENFILE, EIO, EINTR};
    if (strstr(said, "cannot create") != NULL || strstr(said, "cannot allocate") != NULL)
        return ENOMEM;
    for (size_t i = 0; i < sizeof of_host / sizeof *of_host; i++)
        if (strstr(said, strerror(of_host[i])) != NULL)
            return of_host[i];
    return ENOEXEC;
}

static int refuse_unloaded(const char *path, const char *name, struct problem *problem) {
    const char *said = loader_says(path);
    int error = loader_error(said);
    return problem_set(problem, error, "%s.so can't be loaded: %s%s", name, said,
                       error == ENOEXEC ? "; install what it needs, or rebuild it here" : "");
}

/* Some libraries take signal handlers as soon as they are loaded; what a signal does here is not
 * theirs to say, also not while they are being loaded: till then signals wait. */
static void *open_quietly(const char *path) {
    struct sigaction before[NSIG];
    sigset_t all, mask;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &mask);
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, NULL, &before[number]);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &before[number], NULL);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return library;
}

int plugin_load(const char *path, const char *name, struct plugin *plugin,
                struct problem *problem) {
    *plugin = (struct plugin){NULL, NULL};
    int result = check_file(path, name, problem);
    if (result != 0)
        return result;
    void *library = open_quietly(path);
    if (library == NULL)
        return refuse_unloaded(path, name, problem);
    const struct ipc_transport *transport = dlsym(library, SYMBOL);
    result = check_symbol(transport, name, problem);
    if (result != 0)
        (void)dlclose(library);
    else
        *plugin = (struct plugin){library, transport};
    return result;
}

void plugin_unload(struct plugin *plugin) {
    if (plugin->library != NULL)
        (void)dlclose(plugin->library);
    *plugin = (struct plugin){NULL, NULL};
}

/* SPDX-License-Identifier: MIT */
/*
 * calls.h - the calls of libc that the interposer can make fail, as tables for its macros.
 */
#ifndef TESTS_FAULTS_CALLS_H
#define TESTS_FAULTS_CALLS_H

/* Calls that can be told to fail: result, name, parameters, arguments, and what failure returns. */
#define CALLS(X)                                                                               \
    X(int, mkdir, (const char *a, mode_t b), (a, b), -1)                                       \
    X(int, mkfifo, (const char *a, mode_t b), (a, b), -1)                                      \
    X(int, unlink, (const char *a), (a), -1)                                                   \
    X(int, rename, (const char *a, const char *b), (a, b), -1)                                 \
    X(int, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e), -1)   \
    X(int, ftruncate, (int a, off_t b), (a, b), -1)                                            \
    X(int, fsync, (int a), (a), -1)                                                            \
    X(int, fdatasync, (int a), (a), -1)                                                        \
    X(int, socket, (int a, int b, int c), (a, b, c), -1)                                       \
    X(int, socketpair, (int a, int b, int c, int d[2]), (a, b, c, d), -1)                      \
    X(int, bind, (int a, __CONST_SOCKADDR_ARG b, socklen_t c), (a, b, c), -1)                  \
    X(int, listen, (int a, int b), (a, b), -1)                                                 \
    X(int, connect, (int a, __CONST_SOCKADDR_ARG b, socklen_t c), (a, b, c), -1)               \
    X(int, accept4, (int a, __SOCKADDR_ARG b, socklen_t *c, int d), (a, b, c, d), -1)          \
    X(int, setsockopt, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e), -1) \
    X(int, pipe2, (int a[2], int b), (a, b), -1)                                               \
    X(int, dup2, (int a, int b), (a, b), -1)                                                   \
    X(int, eventfd, (unsigned a, int b), (a, b), -1)                                           \
    X(int, memfd_create, (const char *a, unsigned b), (a, b), -1)                              \
    X(int, signalfd, (int a, const sigset_t *b, int c), (a, b, c), -1)                         \
    X(int, shm_open, (const char *a, int b, mode_t c), (a, b, c), -1)                          \
    X(int, msgget, (int a, int b), (a, b), -1)                                                 \
    X(int, semget, (int a, int b, int c), (a, b, c), -1)                                       \
    X(int, unshare, (int a), (a), -1)                                                          \
    X(int, mlock, (const void *a, size_t b), (a, b), -1)                                       \
    X(int, poll, (struct pollfd * a, nfds_t b, int c), (a, b, c), -1)                          \
    X(pid_t, waitpid, (pid_t a, int *b, int c), (a, b, c), -1)                                 \
    X(pid_t, fork, (void), (), -1)                                                             \
    X(void *, mmap, (void *a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f),     \
      MAP_FAILED)                                                                              \
    X(FILE *, fopen, (const char *a, const char *b), (a, b), NULL)                             \
    X(ssize_t, read, (int a, void *b, size_t c), (a, b, shorten(a, c)), -1)                    \
    X(ssize_t, write, (int a, const void *b, size_t c), (a, b, shorten(a, c)), -1)             \
    X(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, shorten(a, c), d), -1)          \
    X(ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, shorten(a, c), d), -1)    \
    X(ssize_t, getrandom, (void *a, size_t b, unsigned c), (a, b, c), -1)

/* Libc's own memory, under the names by which nobody interposes it; dlsym needs it, too. */
#define MEMORY(X)                                           \
    X(malloc, __libc_malloc, (size_t a), (a))               \
    X(calloc, __libc_calloc, (size_t a, size_t b), (a, b))  \
    X(realloc, __libc_realloc, (void *a, size_t b), (a, b)) \
    X(aligned_alloc, __libc_memalign, (size_t a, size_t b), (a, b))

#endif

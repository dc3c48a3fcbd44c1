/* SPDX-License-Identifier: MIT */
/*
 * crowd_workers.h - starts and ends the threads or processes of a crowd's members; for crowd.c.
 */
#ifndef BENCH_CROWD_WORKERS_H
#define BENCH_CROWD_WORKERS_H

#include "trial/crowd_crew.h"

/* A thread for each member but the first. 0 or -errno. */
int crowd_start_threads(struct crowd_crew *crew);
int crowd_end_threads(struct crowd_crew *crew);

/* A process for each member; returns when all are attached. 0 or -errno. */
int crowd_start_processes(struct crowd_crew *crew);

/* Returns when all processes have arrived there, or when one of them is dead. */
int crowd_await_processes(struct crowd_crew *crew);
int crowd_end_processes(struct crowd_crew *crew);

/* The member's half of the workload, with its marks. 0 or -errno. */
int crowd_member_work(struct crowd_member *member);

#endif

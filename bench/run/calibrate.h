/* SPDX-License-Identifier: MIT */
/*
 * calibrate.h - measures what this host allows, in well below a second for the default placements,
 * so that every run can begin with it. The numbers and what follows from them: calibration.h.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include "host/topology.h"
#include "run/calibration.h"

/* All of it: the host, then every placement whose CPUs this host has (`related` isn't empty). 0, or
 * a negative errno with a problem; what was measured before stays. The calling thread may use the
 * same CPUs afterwards as before. */
int calibrate(const struct topology *topology, const struct placement *placements, size_t count,
              struct calibration *calibration, struct problem *problem);

/* One placement more. One that is there already is measured again, and each floor becomes the lower
 * of both: on a virtual machine a pair of CPUs can be eight times as fast as some minutes before.
 * -ENOSPC when there are CALIBRATION_PAIRS already; -EEXIST when the placement had other CPUs. */
int calibrate_pair(const struct placement *placement, struct calibration *calibration,
                   struct problem *problem);

/* Could the cell really have had this mean round trip, at this placement? Where it is below the
 * hard floor, the placement is first measured again, up to three times, since the host may have
 * become faster; the calibration keeps what was found. A NaN is possible, and so is everything
 * where there is no floor. 0, or a negative errno with a problem. */
int calibrate_judge(const struct placement *placement, const struct cell *cell, bool solo,
                    double mean_ns, struct calibration *calibration, bool *possible,
                    struct problem *problem);

#endif

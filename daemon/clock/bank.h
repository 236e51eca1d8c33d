/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bank: ten filters of phase, rate and base delays that differ in the wander they believe in.
 *
 * Each measurement moves every member and weighs it by how well it had predicted; neighbours
 * exchange a little weight at each step (interacting multiple models), which re-seeds those that
 * fell behind. The mixture of the members is the estimate, the weights say what the wander is.
 *
 * The base delays of the two directions are states of their own. They begin as one, known to be
 * equal, and part when the path changes in one direction only: nobody can measure their difference
 * and the phase at once, so the difference stays what it was known to be.
 */
#ifndef VMCLOCK_CLOCK_BANK_H
#define VMCLOCK_CLOCK_BANK_H

#include "oneway.h"

/* DELAY_NS + direction: there is a base delay each way. */
enum { PHASE_NS, RATE_PPB, DELAY_NS, BANK_STATES = DELAY_NS + 2 };
enum { BANK_MEMBERS = 10 };

/* Phase is true time over the caller's reference line, rate its drift (ns/s), delay one-way. */
struct moments {
	double mean[BANK_STATES];
	double cov[BANK_STATES][BANK_STATES];
};

struct bank {
	struct moments member[BANK_MEMBERS];
	double weight[BANK_MEMBERS]; /* they add up to 1 */
	struct moments mix;
};

/* What one measurement says: offset + sum(slope * state) is distributed as something known. */
struct bank_measurement {
	double offset_ns;
	double slope[BANK_STATES];
	double noise_var_ns2; /* Gaussian, on top of that distribution */
};

/* Wander of a member, ns/s per sqrt(s). */
double bank_member_wander(int member);

/* Every member believes the same, all are equally likely. */
void bank_start(struct bank *bank, const double mean[BANK_STATES], const double var[BANK_STATES]);

/* Neighbours exchange weight; then everything moves on by elapsed_s, the variance of what the
 * delays have in common grows by the given share. */
void bank_advance(struct bank *bank, double elapsed_s, double delay_forgetting);

/* What a member, or the mix, makes of a measurement: mean and variance. */
void moments_predict(const struct moments *m, const struct bank_measurement *z, double *mean_ns,
		     double *var_ns2);

/* The measured value is distributed as the tempered density / as a Gaussian around zero. */
void bank_update_oneway(struct bank *bank, const struct oneway_dictionary *dict,
			const struct oneway *density, const struct bank_measurement *z);
void bank_update_gaussian(struct bank *bank, const struct bank_measurement *z);

/* Phase and both delays of all members move, and become less certain by a variance each. */
void bank_shift(struct bank *bank, double phase_ns, double delay_ns, double var_ns2);
/* One direction's delay moves, to somewhere thereabouts. */
void bank_shift_delay(struct bank *bank, int direction, double delay_ns, double var_ns2);
/* That direction's delay is the other's. */
void bank_copy_delay(struct bank *bank, int direction);
/* Both delays are their mean; the phase moves such that what was measured stays as it was. */
void bank_fold_delays(struct bank *bank);
/* Both delays are their mean; the phase stays. */
void bank_average_delays(struct bank *bank);

/* What the two base delays have in common: mean and sd. */
double moments_delay(const struct moments *m, double *sd_ns);

/* The geometric mean of the members' wanders. */
double bank_wander(const struct bank *bank);
/* What the members expect the wander to add to the phase variance over elapsed_s. */
double bank_wander_growth(const struct bank *bank, double elapsed_s);

#endif

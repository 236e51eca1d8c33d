/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one-way density: how late one direction of a path is over its base delay, learned.
 *
 * A density is a mixture of exponentially modified Gaussians (EMG: an exponential of mean theta,
 * blurred by a Gaussian of sigma = ratio * theta) from a fixed dictionary, so it has a more or less
 * sharp edge at zero and any tail. It is known at nodes and linear in between. A thin floor under
 * the mixture keeps it above zero everywhere: no measurement, however absurd, can lock the filter.
 */
#ifndef VMCLOCK_CLOCK_ONEWAY_H
#define VMCLOCK_CLOCK_ONEWAY_H

enum {
	ONEWAY_NODES = 169,
	ONEWAY_THETAS = 26,
	ONEWAY_RATIOS = 4,
	ONEWAY_SHAPES = ONEWAY_THETAS * ONEWAY_RATIOS,
	ONEWAY_POINTS = 32,
};

/* Constants that all densities share. */
struct oneway_dictionary {
	double node_ns[ONEWAY_NODES];
	double cell_ns[ONEWAY_NODES]; /* width of the trapezoid rule's cell around the node */
	double floor[ONEWAY_NODES];   /* of the density, already times its share */
	double shape[ONEWAY_SHAPES][ONEWAY_NODES];
	double point_sd[ONEWAY_POINTS];	    /* quadrature under a Gaussian: where, in its sd */
	double point_weight[ONEWAY_POINTS]; /* and with what weight; they add up to 1 */
};

struct oneway {
	double weight[ONEWAY_SHAPES];  /* of the dictionary's shapes; they add up to 1 */
	double pdf[ONEWAY_NODES];      /* per ns */
	double cdf[ONEWAY_NODES];      /* running sum, last one about 1 */
	double tempered[ONEWAY_NODES]; /* pdf to the power of the tempering exponent */
};

/* A Gaussian belief about a lateness, laid over the nodes for use with several densities. */
struct oneway_belief {
	int node[ONEWAY_POINTS];
	double beyond[ONEWAY_POINTS]; /* 0..1, the way from that node to the next */
};

void oneway_dictionary_build(struct oneway_dictionary *dict);

/* All shapes equally likely. */
void oneway_reset(struct oneway *density, const struct oneway_dictionary *dict);

/* Two EM steps towards the mass (one weight a node) seen; tempers with the exponent given. */
void oneway_fit(struct oneway *density, const struct oneway_dictionary *dict,
		const double mass[ONEWAY_NODES], double exponent);

void oneway_temper(struct oneway *density, double exponent);

/* Density and floor at a lateness, and the lateness below which a share (0..1) of it lies. */
double oneway_pdf(const struct oneway *density, double late_ns);
double oneway_floor(const struct oneway_dictionary *dict, double late_ns);
double oneway_quantile(const struct oneway *density, const struct oneway_dictionary *dict,
		       double share);

void oneway_believe(struct oneway_belief *belief, const struct oneway_dictionary *dict,
		    double mean_ns, double sd_ns);
/* Integral of belief times density. */
double oneway_evidence(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
		       const struct oneway *density);
/* Adds one unit, distributed as belief times density, to the mass. */
void oneway_deposit(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
		    const struct oneway *density, double mass[ONEWAY_NODES]);
/*
 * Returns the integral of belief times tempered density, and the product's mean and variance in
 * units of the belief's sd around its mean.
 */
double oneway_posterior(const struct oneway_belief *belief, const struct oneway_dictionary *dict,
			const struct oneway *density, double *mean_sd, double *var_sd2);

#endif

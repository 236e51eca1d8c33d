/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ptp4l on this machine, asked at its management socket how well it follows its grandmaster. */
#ifndef VMCLOCK_PTP4L_H
#define VMCLOCK_PTP4L_H

#include "../loop.h"
#include "ptp_management.h"

enum { PTP4L_SYNCS = 8 };

struct ptp4l {
	const char *path;
	uint8_t domain;
	uint8_t standard; /* 802.1AS or not: found out by trying */
	struct loop *loop;
	struct loop_watch watch; /* fd -1: closed */
	char own_path[108];	 /* to be removed; "": none */
	uint16_t sequence;	 /* of the last round's first question; the others follow */
	bool asked;
	unsigned int unanswered; /* rounds of questions in a row */
	unsigned int awaited;	 /* answers to the last round, a bit each */
	uint64_t bogus;		 /* answers to earlier rounds or to nothing that was asked */
	struct ptp_port port;	 /* the one that follows a master, else any */
	struct ptp_current current;
	struct ptp_parent parent;
	struct ptp_time_properties properties;
	struct ptp_time_status status;
	/* Sizes, at the last syncs that were seen while the clock was locked. */
	int64_t offsets_ns[PTP4L_SYNCS];
	double delays_ns[PTP4L_SYNCS];
	unsigned int syncs; /* since it locked */
	int error;	    /* -errno of the last try to ask; 0 */
};

/* `path` has to last. */
void ptp4l_init(struct ptp4l *ptp4l, struct loop *loop, const char *path, uint8_t domain);

/*
 * Sends the questions; the answers come through the loop. Never waits. What answers an earlier
 * round comes too late: it is counted, and says nothing of the present.
 */
void ptp4l_ask(struct ptp4l *ptp4l);
void ptp4l_close(struct ptp4l *ptp4l);

/* All questions of the last round were answered. */
bool ptp4l_has_answered(const struct ptp4l *ptp4l);

/*
 * Enough syncs were seen since it locked the clock to this grandmaster. Until then its frequency is
 * still being found, and meanwhile the path delay, and so the offset, may be taken for smaller than
 * they are.
 */
bool ptp4l_is_settled(const struct ptp4l *ptp4l);

/* The largest offset from the master of late, ns, and the largest mean path delay. */
double ptp4l_worst_offset_ns(const struct ptp4l *ptp4l);
double ptp4l_worst_delay_ns(const struct ptp4l *ptp4l);

#endif

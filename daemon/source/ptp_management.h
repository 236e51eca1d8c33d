/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP management messages (IEEE 1588-2008, clause 15): the questions to a ptp4l, and its answers.
 *
 * Five data sets tell how well it follows its grandmaster. TIME_STATUS_NP is linuxptp's own.
 */
#ifndef VMCLOCK_PTP_MANAGEMENT_H
#define VMCLOCK_PTP_MANAGEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PTP_MANAGEMENT_REQUEST_SIZE = 54, PTP_IDENTITY_SIZE = 8, PTP_IDENTITY_TEXT = 20 };

/* In this order they are asked, and answered: ports before what came in by them. */
enum ptp_data_set {
	PTP_PORT,
	PTP_CURRENT,
	PTP_PARENT,
	PTP_TIME_PROPERTIES,
	PTP_TIME_STATUS,
	PTP_DATA_SETS
};

/* Of 8.2.5.3.1; others do not matter here. */
enum ptp_port_state { PTP_PORT_MASTER = 6, PTP_PORT_UNCALIBRATED = 8, PTP_PORT_SLAVE = 9 };

/* One of several, each of which answers. */
struct ptp_port {
	uint8_t state;		/* ptp_port_state; SLAVE: the clock is locked to its master */
	double sync_interval_s; /* between the syncs of its master; INFINITY: not stated */
};

struct ptp_current {
	unsigned int steps_removed; /* clocks between us and the grandmaster, 1: none */
	double mean_path_delay_ns;
};

struct ptp_parent {
	uint8_t clock_class; /* 6: locked to a primary reference, 7: was; 248: default */
	uint8_t accuracy;    /* enumeration of 7.6.2.5 */
	uint8_t identity[PTP_IDENTITY_SIZE];
};

struct ptp_time_properties {
	int utc_offset_s; /* TAI - UTC */
	bool utc_offset_valid;
	bool leap_59, leap_61;
	bool time_traceable;
	bool ptp_timescale; /* TAI; else of the grandmaster's own */
};

struct ptp_time_status {
	int64_t offset_ns;  /* of the clock from its master at the last sync */
	int64_t ingress_ns; /* when that came, as the clock showed it */
	bool following;	    /* another clock */
};

struct ptp_management {
	enum ptp_data_set data_set;
	uint16_t sequence; /* of the question */
	uint8_t domain;
	uint8_t standard;
	union {
		struct ptp_port port;
		struct ptp_current current;
		struct ptp_parent parent;
		struct ptp_time_properties properties;
		struct ptp_time_status status;
	};
};

/* Asks ptp4l itself, and nobody behind it, for a data set. `standard` is the first half of the
 * message's first byte: 0, or 1 for 802.1AS. */
void ptp_management_encode(uint8_t out[PTP_MANAGEMENT_REQUEST_SIZE], enum ptp_data_set data_set,
			   uint8_t domain, uint8_t standard, uint16_t sequence);

/* 0; -EBADMSG: not an answer; -ENOTSUP: an answer about something else, or a refusal. */
int ptp_management_parse(const uint8_t *data, size_t size, struct ptp_management *out);

/* What a clock of this accuracy is within, ns; INFINITY: it does not say. */
double ptp_accuracy_ns(uint8_t accuracy);

/* "001122.fffe.334455" */
void ptp_identity_format(const uint8_t identity[PTP_IDENTITY_SIZE], char out[PTP_IDENTITY_TEXT]);

/* "UNCALIBRATED"; "?" where there is no such state. */
const char *ptp_port_state_name(uint8_t state);

#endif

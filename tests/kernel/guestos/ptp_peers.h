/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linuxptp in a machine of its own: a grandmaster behind a veth, a client on the PTP clock. */
#ifndef VMCLOCK_TEST_PTP_PEERS_H
#define VMCLOCK_TEST_PTP_PEERS_H

#include <stdbool.h>
#include <sys/types.h>

#define CLIENT_SOCKET "/run/ptp4l"

/* veth0 here, and its other end in the namespace `gm`. */
bool peers_join(void);

/*
 * A grandmaster whose clock is true time: TAI of mock_phc. It says nothing of that until it is told
 * what to claim.
 */
pid_t start_grandmaster(void);

/* What it announces of itself from now on. */
struct claim {
	int clock_class;
	const char *accuracy; /* "0x23": within 1 us */
	int utc_offset_s;
	bool utc_valid, ptp_timescale, traceable;
};

bool grandmaster_claims(const struct claim *claim);

/* ptp4l with one more option, or NULL, whose card is /dev/ptp0. */
pid_t start_client(const char *option);

/* CLOCK_REALTIME follows the PTP clock. */
pid_t start_phc2sys(void);

/* Any program; what it says is kept for show_peers(). */
pid_t start_program(const char *const *arguments);
void end_program(pid_t child, int signal);

/* The last lines that they said, for people. */
void show_peers(void);

#endif

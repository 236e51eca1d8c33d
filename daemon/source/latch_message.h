/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hardware that latches the counter tells of a pulse: one line of text.
 *
 *     COUNTER [UNCERTAINTY [SECOND]]
 *
 * COUNTER is the value at the edge, decimal or 0x and hexadecimal. UNCERTAINTY is in ticks, at
 * either side of it, or `-` where the configuration says it. SECOND is the second that the pulse
 * marks, since 1970 UTC as POSIX counts. Blanks and one newline may follow.
 */
#ifndef VMCLOCK_LATCH_MESSAGE_H
#define VMCLOCK_LATCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LATCH_MESSAGE_MAX = 127 };

struct latch_message {
	uint64_t counter;
	bool has_uncertainty;
	double uncertainty_ticks; /* 0..1e9 */
	bool labelled;
	int64_t second; /* 0..1e10 */
};

/* 0, or -EBADMSG. The text need not end in a NUL. */
int latch_message_parse(const char *text, size_t length, struct latch_message *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap seconds that the sources announce, for the time that the list does not cover.
 *
 * A list that has not expired by the end of the month wins, whatever the sources say. Else the
 * majority of those that know decides, in June and December only: servers keep their leap bits up
 * for a while after midnight, and some for no reason at all.
 */
#ifndef VMCLOCK_LEAP_VOTE_H
#define VMCLOCK_LEAP_VOTE_H

#include "leap.h"

struct leap_ballot {
	unsigned int none;
	unsigned int inserted;
	unsigned int deleted;
};

/* `leap` as in RFC 5905: 0 none, 1 inserted, 2 deleted; 3 does not know. */
void leap_ballot_cast(struct leap_ballot *ballot, unsigned int leap);

enum leap_outcome { LEAP_UNCHANGED, LEAP_ANNOUNCED, LEAP_WITHDRAWN };

/*
 * Counts the ballot at this UTC time. *announced is the entry that the sources announce, utc_s 0:
 * none; it is the last of the table's entries while it stands, and stands for good once it has
 * passed.
 */
enum leap_outcome leap_vote(struct leap_table *table, struct leap_entry *announced,
			    const struct leap_ballot *ballot, int64_t utc_s);

/* Appends an entry that was announced before this table was read. False: the list covers that time
 * itself, or the entry does not follow from its last one. */
bool leap_add_announced(struct leap_table *table, const struct leap_entry *announced);

#endif

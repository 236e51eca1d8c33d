/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which second the votes of pulses are for.
 *
 * A pulse knows its place in a second, and repeats which second that is as others named it. So it
 * has a word in where in a second we are, and none in which: it agrees with whoever is a whole
 * number of seconds away.
 */
#ifndef VMCLOCK_CLOCK_SECOND_H
#define VMCLOCK_CLOCK_SECOND_H

#include <stdbool.h>

#include "select.h"

/*
 * Moves the votes that repeat a second, all by the same whole seconds, to the one that most of
 * those name who agree with them on the place in it. *moved: by other than 0. False: as many name
 * one second as another; then nothing is moved.
 */
bool second_decide(struct vote *votes, unsigned int count, bool *moved);

#endif

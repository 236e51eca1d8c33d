/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of guests in the directory of their pages: which there are, and what they hold. */
#ifndef VMCLOCK_GUEST_STORE_H
#define VMCLOCK_GUEST_STORE_H

#include "guest_text.h"

enum { GUEST_NAME_MAX = 64, GUEST_PATH_MAX = 400 };

/* Letters, digits, '.', '_' and '-'; no '.' at its start, and no ending that is ours. */
bool guest_name_is_good(const char *name);

/* The page is "", its other files have an ending. Returns `path`. */
const char *guest_store_path(const char *directory, const char *name, const char *ending,
			     char path[GUEST_PATH_MAX]);

/* Of an entry of the directory, which is cut to the guest's name: is it what we keep of one? */
bool guest_store_is_kept(char *entry);

/*
 * All at once, or not at all; a note of a disruption is then no longer needed. 0; -errno, and what
 * was kept before is still there.
 */
int guest_store_keep(const char *directory, const char *name, const struct guest_facts *facts);
/* 0; -EINVAL: not what is kept; -errno. */
int guest_store_read(const char *directory, const char *name, struct guest_facts *out);
/* What vmclockctl was told while no daemon ran: 0; -ENOENT: nothing; -EINVAL; -errno. */
int guest_store_read_note(const char *directory, const char *name, char why[GUEST_TEXT_SIZE]);

/* The next life of the daemon does not know the guest; its page stays. */
void guest_store_drop(const char *directory, const char *name);
/* And the page does not. */
void guest_store_forget(const char *directory, const char *name);

#endif

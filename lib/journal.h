/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: a file beside a page that holds what the page said before the update in
 * progress, so that the successor of a writer that died in one can put it back. It also carries the
 * writer's lock, and the boot that the page belongs to.
 */
#ifndef VMCLOCK_LIB_JOURNAL_H
#define VMCLOCK_LIB_JOURNAL_H

#include <sys/types.h>

#include "page.h"

struct vmclock_journal_file;

struct vmclock_journal {
	struct vmclock_journal_file *file;
	int fd;
	char boot_id[40];
};

/* Opens or creates PATH.journal for `owner` and locks it. 0; -EBUSY; -errno. */
int vmclock_journal_open(struct vmclock_journal *journal, const char *path, uid_t owner,
			 gid_t group);
void vmclock_journal_close(struct vmclock_journal *journal);

/* Was the page written in this boot of the machine? */
bool vmclock_journal_is_current(const struct vmclock_journal *journal);
/* From now on it is; what was saved is void. */
void vmclock_journal_start(struct vmclock_journal *journal);

/* Keeps what the page says at an even seq_count, before it becomes odd. */
void vmclock_journal_save(struct vmclock_journal *journal, const union vmclock_page_copy *copy,
			  uint32_t seq);
/* What was kept before seq_count became the odd `seq`; false: nothing usable. */
bool vmclock_journal_restore(const struct vmclock_journal *journal, uint32_t seq,
			     union vmclock_page_copy *copy);

#endif

// SPDX-License-Identifier: MIT
/* What a page said before the update in progress, kept in a file beside it. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

#define JOURNAL_MAGIC 0x314c4e524a4b4c43ULL /* "CLKJRNL1" */

enum { BOOT_WORDS = 5, RECORD_WORDS = 1 + VMCLOCK_PAGE_WORDS };

/* In the byte order of this machine: it never leaves it. */
struct vmclock_journal_file {
	uint64_t magic;
	uint64_t boot[BOOT_WORDS];
	uint64_t record[RECORD_WORDS]; /* seq_count, page */
	uint64_t sum;		       /* of boot and record */
};

_Static_assert(sizeof(struct vmclock_journal_file) <= VMCLOCK_PAGE_BYTES, "fits in a page");

/* FNV-1a over words: this tells torn from whole, it does not defend against anybody. */
static uint64_t add_to_sum(uint64_t sum, const uint64_t *words, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		sum = (sum ^ words[i]) * 0x100000001b3ULL;
	return sum ^ (sum >> 32);
}

static uint64_t sum_of(const struct vmclock_journal_file *file)
{
	uint64_t sum = add_to_sum(0xcbf29ce484222325ULL, file->boot, BOOT_WORDS);

	return add_to_sum(sum, file->record, RECORD_WORDS);
}

static void read_boot_id(char id[static 40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	memset(id, 0, 40);
	if (fd >= 0) {
		n = read(fd, id, 36);
		close(fd);
	}
	if (n != 36)
		id[0] = '\0'; /* unknown: no journal is of this boot */
}

static int open_file(const char *path, uid_t owner, gid_t group)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd = open(path, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	fd = open(path, flags | O_CREAT, 0600);
	if (fd < 0)
		return -errno;
	if (owner != geteuid() && fchown(fd, owner, group) != 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* Locks the file that has the name now: its last owner may have removed it meanwhile. */
static int lock_file(int fd, const char *path, uid_t owner)
{
	struct stat opened, named;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(fd, &opened) != 0 || lstat(path, &named) != 0)
		return -errno;
	if (opened.st_ino != named.st_ino || opened.st_dev != named.st_dev)
		return -EBUSY;
	if (!S_ISREG(opened.st_mode) || opened.st_uid != owner || opened.st_nlink != 1)
		return -EPERM;
	return 0;
}

int vmclock_journal_open(struct vmclock_journal *journal, const char *path, uid_t owner,
			 gid_t group)
{
	char name[4096];
	void *map;
	int rc;

	journal->file = NULL;
	journal->fd = -1;
	if ((size_t)snprintf(name, sizeof(name), "%s.journal", path) >= sizeof(name))
		return -ENAMETOOLONG;
	read_boot_id(journal->boot_id);
	rc = journal->fd = open_file(name, owner, group);
	if (rc >= 0)
		rc = lock_file(journal->fd, name, owner);
	/* A full disk is found out here, not by a signal at the first store. */
	if (!rc)
		rc = -posix_fallocate(journal->fd, 0, VMCLOCK_PAGE_BYTES);
	if (rc)
		return rc;
	map = mmap(NULL, VMCLOCK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, journal->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	journal->file = map;
	return 0;
}

void vmclock_journal_close(struct vmclock_journal *journal)
{
	if (journal->file)
		munmap(journal->file, VMCLOCK_PAGE_BYTES);
	if (journal->fd >= 0)
		close(journal->fd); /* and with it the lock */
}

bool vmclock_journal_is_current(const struct vmclock_journal *journal)
{
	const struct vmclock_journal_file *file = journal->file;

	return file->magic == JOURNAL_MAGIC && journal->boot_id[0] != '\0' &&
	       memcmp(file->boot, journal->boot_id, sizeof(file->boot)) == 0;
}

void vmclock_journal_start(struct vmclock_journal *journal)
{
	struct vmclock_journal_file *file = journal->file;
	uint64_t boot[BOOT_WORDS];
	unsigned int i;

	memcpy(boot, journal->boot_id, sizeof(boot));
	vmclock_store_word(&file->sum, 0);
	vmclock_store_word(&file->magic, JOURNAL_MAGIC);
	for (i = 0; i < BOOT_WORDS; i++)
		vmclock_store_word(&file->boot[i], boot[i]);
}

void vmclock_journal_save(struct vmclock_journal *journal, const union vmclock_page_copy *copy,
			  uint32_t seq)
{
	struct vmclock_journal_file *file = journal->file;
	unsigned int i;

	vmclock_store_word(&file->record[0], seq);
	for (i = 0; i < VMCLOCK_PAGE_WORDS; i++)
		vmclock_store_word(&file->record[1 + i], copy->words[i]);
	vmclock_store_word(&file->sum, sum_of(file));
}

bool vmclock_journal_restore(const struct vmclock_journal *journal, uint32_t seq,
			     union vmclock_page_copy *copy)
{
	const struct vmclock_journal_file *file = journal->file;

	memcpy(copy->words, &file->record[1], sizeof(copy->words));
	return vmclock_journal_is_current(journal) && (uint32_t)file->record[0] + 1 == seq &&
	       file->sum == sum_of(file);
}

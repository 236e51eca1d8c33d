// SPDX-License-Identifier: MIT
/* Opening a page file for its one writer: found, created, replaced or refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "writer.h"

enum { NAME_MAX_BYTES = 4096 };

static int map_writable(struct vmclock_writer *writer, int fd)
{
	void *map = mmap(NULL, VMCLOCK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	writer->page = map;
	return 0;
}

static void unmap(struct vmclock_writer *writer)
{
	if (writer->page)
		munmap(writer->page, VMCLOCK_PAGE_BYTES);
	writer->page = NULL;
}

/* A file of somebody else, or one with another name, might not stay what it is. */
static int check_file(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EEXIST;
	if (st->st_nlink != 1 || (st->st_uid != geteuid() && geteuid() != 0))
		return -EPERM;
	if (st->st_size == 0)
		return -ENOENT; /* a machine that crashed leaves such: as good as none */
	return st->st_size == VMCLOCK_PAGE_BYTES ? 0 : -EEXIST;
}

/* Maps the page at `path`. -ENOENT: there is none; -EEXIST: it is something else. */
static int map_existing(struct vmclock_writer *writer, const char *path, struct stat *st)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return errno == EISDIR || errno == ENXIO ? -EEXIST : -errno;
	rc = check_file(fd, st);
	if (!rc)
		rc = map_writable(writer, fd);
	if (!rc && vmclock_check_page(writer->page, VMCLOCK_PAGE_BYTES) != 0)
		rc = -EEXIST;
	close(fd);
	return rc;
}

static bool same_constants(const struct vmclock_abi *page, uint8_t counter_id)
{
	return le32toh(page->size) == VMCLOCK_PAGE_BYTES && page->counter_id == counter_id &&
	       page->time_type == VMCLOCK_TIME_TAI;
}

/* The first value of a page's marker, to differ from that of any page before it. */
uint64_t vmclock_random_marker(void)
{
	struct timespec ts;
	uint64_t marker;

	if (getrandom(&marker, sizeof(marker), GRND_NONBLOCK) == (ssize_t)sizeof(marker))
		return marker;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void vmclock_fill_new_page(struct vmclock_abi *page, uint8_t counter_id)
{
	page->magic = htole32(VMCLOCK_MAGIC);
	page->size = htole32(VMCLOCK_PAGE_BYTES);
	page->version = htole16(1);
	page->counter_id = counter_id;
	page->time_type = VMCLOCK_TIME_TAI;
	page->disruption_marker = htole64(vmclock_random_marker());
	page->clock_status = VMCLOCK_STATUS_UNRELIABLE;
}

/* A page is complete before it gets its name. The lock keeps others from the temporary one. */
static int create_page(struct vmclock_writer *writer, const char *path, uint8_t counter_id)
{
	char name[NAME_MAX_BYTES];
	int fd, rc;

	if ((size_t)snprintf(name, sizeof(name), "%s.new", path) >= sizeof(name))
		return -ENAMETOOLONG;
	if (unlink(name) != 0 && errno != ENOENT)
		return -errno;
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	rc = -posix_fallocate(fd, 0, VMCLOCK_PAGE_BYTES);
	if (!rc && fchmod(fd, 0644) != 0)
		rc = -errno;
	if (!rc)
		rc = map_writable(writer, fd);
	if (!rc) {
		vmclock_fill_new_page(writer->page, counter_id);
		if (rename(name, path) != 0)
			rc = -errno;
	}
	if (rc)
		unlink(name);
	close(fd);
	return rc;
}

/* Constant fields never change under a reader: it keeps the old file, which says UNRELIABLE. */
static int replace_page(struct vmclock_writer *writer, const char *path, uint8_t counter_id)
{
	vmclock_writer_adopt(writer);
	vmclock_writer_invalidate(writer);
	unmap(writer);
	return create_page(writer, path, counter_id);
}

static int open_or_create(struct vmclock_writer *writer, const char *path, uint8_t counter_id)
{
	struct stat st;
	int rc = vmclock_journal_open(&writer->journal, path, geteuid(), getegid());

	if (rc)
		return rc;
	rc = map_existing(writer, path, &st);
	if (rc == -ENOENT)
		rc = create_page(writer, path, counter_id);
	else if (!rc && !same_constants(writer->page, counter_id))
		rc = replace_page(writer, path, counter_id);
	if (!rc)
		vmclock_writer_recover(writer);
	return rc;
}

static const struct vmclock_scale own_counter = {.ratio = 1};

struct vmclock_writer *vmclock_writer_allocate(uint64_t (*read_counter)(void),
					       const struct vmclock_scale *scale)
{
	struct vmclock_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->read_counter = read_counter;
	writer->scale = *scale;
	writer->journal.fd = -1;
	return writer;
}

int vmclock_writer_open_guest(const char *path, uint8_t counter_id, uint64_t (*read_counter)(void),
			      const struct vmclock_scale *scale, struct vmclock_writer **out)
{
	struct vmclock_writer *writer;
	int rc;

	*out = NULL;
	if (!vmclock_scale_is_sane(scale))
		return -EINVAL;
	writer = vmclock_writer_allocate(read_counter, scale);
	if (!writer)
		return -ENOMEM;
	rc = open_or_create(writer, path, counter_id);
	if (rc)
		vmclock_writer_close(writer);
	else
		*out = writer;
	return rc;
}

int vmclock_writer_open(const char *path, uint8_t counter_id, uint64_t (*read_counter)(void),
			struct vmclock_writer **out)
{
	return vmclock_writer_open_guest(path, counter_id, read_counter, &own_counter, out);
}

void vmclock_writer_close(struct vmclock_writer *writer)
{
	if (!writer)
		return;
	if (!writer->in_memory)
		unmap(writer);
	vmclock_journal_close(&writer->journal);
	free(writer);
}

int vmclock_page_downgrade(const char *path, uint8_t clock_status)
{
	struct vmclock_writer *writer;
	struct stat st;
	uint8_t status;
	int rc;

	if (clock_status != VMCLOCK_STATUS_FREERUNNING && clock_status != VMCLOCK_STATUS_UNRELIABLE)
		return -EINVAL;
	writer = vmclock_writer_allocate(NULL, &own_counter);
	if (!writer)
		return -ENOMEM;
	rc = map_existing(writer, path, &st);
	if (!rc)
		rc = vmclock_journal_open(&writer->journal, path, st.st_uid, st.st_gid);
	if (!rc) {
		vmclock_writer_recover(writer);
		status = writer->now.page.clock_status;
		if (status == VMCLOCK_STATUS_SYNCHRONIZED || status == VMCLOCK_STATUS_FREERUNNING)
			vmclock_writer_set_status(writer, clock_status);
	}
	vmclock_writer_close(writer);
	return rc;
}

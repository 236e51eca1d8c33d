// SPDX-License-Identifier: GPL-2.0-or-later
/* The line for guests: a page file each, by the guest's own counter. */
#include "guest_pages.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vmclock-abi.h>

enum { PATH_SIZE = 400, TEXT_SIZE = 128 };

static const char our_ending[] = ".guest";
static const char *const endings[] = {our_ending, ".journal", ".new", ".tmp"};
static const struct vmclock_scale host_counter = {.ratio = 1};

static bool ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name), end = strlen(ending);

	return length >= end && !strcmp(name + length - end, ending);
}

bool guest_name_is_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strspn(name, letters);

	if (!length || name[length] || length >= GUEST_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(name, endings[i]))
			return false;
	return true;
}

static const char *path_of(const struct guest_pages *g, const char *name, const char *ending,
			   char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s%s", g->directory, name, ending);
	return path;
}

static void print_text(const struct guest_page *guest, char text[TEXT_SIZE])
{
	if (guest->known)
		snprintf(text, TEXT_SIZE, "1 %" PRIu64 " %" PRIu64 " %u\n", guest->scale.offset,
			 guest->scale.ratio, guest->scale.frac_bits);
	else
		snprintf(text, TEXT_SIZE, "1 unknown\n");
}

/* Only what print_text() writes, to the byte. */
int guest_parse(const char *text, struct guest_page *out)
{
	struct vmclock_scale scale = host_counter;
	char again[TEXT_SIZE];
	unsigned int frac_bits = 0;

	out->known = sscanf(text, "1 %20" SCNu64 " %20" SCNu64 " %2u", &scale.offset, &scale.ratio,
			    &frac_bits) == 3;
	scale.frac_bits = (uint8_t)frac_bits;
	out->scale = scale;
	print_text(out, again);
	return strcmp(text, again) || !scale.ratio || frac_bits > 63 ? -EINVAL : 0;
}

static int read_text(const char *path, char text[TEXT_SIZE])
{
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file)
		return -errno;
	length = fread(text, 1, TEXT_SIZE - 1, file);
	text[length] = '\0';
	fclose(file);
	return strlen(text) == length ? 0 : -EINVAL;
}

/* All at once, or not at all. */
static int keep(const struct guest_pages *g, const struct guest_page *guest)
{
	char path[PATH_SIZE], next[PATH_SIZE], text[TEXT_SIZE];
	FILE *file = fopen(path_of(g, guest->name, ".tmp", next), "we");
	int err = 0;

	if (!file)
		return -errno;
	print_text(guest, text);
	if (fputs(text, file) < 0)
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(next, path_of(g, guest->name, our_ending, path)))
		err = -errno;
	if (err)
		unlink(next);
	return err;
}

static int open_page(const struct guest_pages *g, struct guest_page *guest)
{
	char path[PATH_SIZE];

	guest->error =
		vmclock_writer_open_guest(path_of(g, guest->name, "", path), g->counter->page_id,
					  g->counter->read, &guest->scale, &guest->writer);
	return guest->error;
}

static struct guest_page *find(const struct guest_pages *g, const char *name)
{
	for (unsigned int i = 0; i < g->count; i++)
		if (!strcmp(g->guests[i].name, name))
			return &g->guests[i];
	return NULL;
}

const struct guest_page *guest_pages_find(const struct guest_pages *g, const char *name)
{
	return find(g, name);
}

/* A place at the end of the list; NULL: no memory. */
static struct guest_page *append(struct guest_pages *g, const char *name)
{
	struct guest_page *more = realloc(g->guests, (g->count + 1) * sizeof(struct guest_page));
	struct guest_page *guest;

	if (!more)
		return NULL;
	g->guests = more;
	guest = &more[g->count++];
	*guest = (struct guest_page){.scale = host_counter};
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	return guest;
}

/* A page that could not be read anew is still there, and must not go on being believed. */
static void adopt(struct guest_pages *g, struct guest_page *guest, bool continued)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	int err = read_text(path_of(g, guest->name, our_ending, path), text);

	if (!err)
		err = guest_parse(text, guest);
	if (err || !guest->known) {
		guest->known = false;
		guest->scale = host_counter;
		vmclock_page_downgrade(path_of(g, guest->name, "", path),
				       VMCLOCK_STATUS_UNRELIABLE);
	}
	guest->disrupt = !continued;
	open_page(g, guest);
	if (err)
		guest->error = err;
}

int guest_pages_open(struct guest_pages *g, const char *directory, const struct counter *counter,
		     bool monotonic, bool continued)
{
	struct dirent *entry;
	DIR *dir;

	*g = (struct guest_pages){.counter = counter, .monotonic = monotonic};
	snprintf(g->directory, sizeof(g->directory), "%s", directory);
	dir = opendir(directory);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) && g->count < GUESTS_MAX) {
		char name[sizeof(entry->d_name)];
		struct guest_page *guest;

		snprintf(name, sizeof(name), "%s", entry->d_name);
		if (!ends_with(name, our_ending))
			continue;
		name[strlen(name) - strlen(our_ending)] = '\0';
		guest = guest_name_is_good(name) ? append(g, name) : NULL;
		if (guest)
			adopt(g, guest, continued);
	}
	closedir(dir);
	return 0;
}

static bool scale_is_good(const struct vmclock_scale *scale)
{
	return scale->ratio && scale->frac_bits <= 63;
}

static void forget_files(const struct guest_pages *g, const char *name)
{
	char path[PATH_SIZE];

	unlink(path_of(g, name, our_ending, path));
	unlink(path_of(g, name, "", path));
	unlink(path_of(g, name, ".journal", path));
}

int guest_pages_add(struct guest_pages *g, const char *name, const struct vmclock_scale *scale)
{
	struct guest_page *guest;
	int err;

	if (!guest_name_is_good(name) || (scale && !scale_is_good(scale)))
		return -EINVAL;
	if (find(g, name))
		return -EEXIST;
	if (g->count >= GUESTS_MAX)
		return -ENOSPC;
	if (mkdir(g->directory, 0755) && errno != EEXIST)
		return -errno;
	guest = append(g, name);
	if (!guest)
		return -ENOMEM;
	guest->known = scale != NULL;
	guest->scale = scale ? *scale : host_counter;
	guest->disrupt = true;
	err = open_page(g, guest);
	if (!err)
		err = keep(g, guest);
	if (!err)
		return 0;
	vmclock_writer_close(guest->writer);
	g->count--;
	return err;
}

int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale)
{
	struct guest_page *guest = find(g, name);
	struct guest_page next;
	int err;

	if (!guest)
		return -ENOENT;
	if (!scale_is_good(scale))
		return -EINVAL;
	next = *guest;
	next.known = true;
	next.scale = *scale;
	err = keep(g, &next);
	if (err)
		return err;
	*guest = next;
	guest->disrupt = true;
	if (guest->writer)
		return vmclock_writer_rescale(guest->writer, scale);
	return open_page(g, guest);
}

int guest_pages_remove(struct guest_pages *g, const char *name)
{
	struct guest_page *guest = find(g, name);
	char path[PATH_SIZE];

	if (!guest)
		return -ENOENT;
	vmclock_writer_close(guest->writer);
	vmclock_page_downgrade(path_of(g, name, "", path), VMCLOCK_STATUS_UNRELIABLE);
	forget_files(g, name);
	*guest = g->guests[--g->count];
	return 0;
}

static void update(struct guest_page *guest, const struct vmclock_reference *host)
{
	struct vmclock_reference reference = *host;
	int err;

	reference.disrupt = host->disrupt || guest->disrupt;
	err = vmclock_writer_publish(guest->writer, &reference, SPLICE_MAX_NS, NULL);
	if (err == -ESTALE && !reference.disrupt) {
		reference.disrupt = true;
		err = vmclock_writer_publish(guest->writer, &reference, SPLICE_MAX_NS, NULL);
	}
	guest->disrupt = err && reference.disrupt;
	guest->error = err;
	guest->writes += !err;
}

void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar)
{
	struct vmclock_reference host;

	if (!g->count)
		return;
	host = reference_of(publication, calendar, g->counter, g->monotonic);
	for (unsigned int i = 0; i < g->count; i++)
		if (g->guests[i].known && g->guests[i].writer)
			update(&g->guests[i], &host);
}

void guest_pages_close(struct guest_pages *g)
{
	char path[PATH_SIZE];

	for (unsigned int i = 0; i < g->count; i++) {
		vmclock_writer_close(g->guests[i].writer);
		vmclock_page_downgrade(path_of(g, g->guests[i].name, "", path),
				       VMCLOCK_STATUS_FREERUNNING);
	}
	free(g->guests);
	g->guests = NULL;
	g->count = 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The line for guests: a page file each, by the guest's own counter. */
#include "guest_pages.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vmclock-abi.h>

#include "../loop.h"
#include "guest_store.h"

static const struct vmclock_scale host_counter = {.ratio = 1};

/* No processor's counter is as slow, or as fast. */
#define COUNTER_LEAST_HZ 1e6
#define COUNTER_MOST_HZ 1e12

#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

static int keep(const struct guest_pages *g, struct guest_page *guest)
{
	snprintf(guest->facts.boot_id, sizeof(guest->facts.boot_id), "%s", g->boot_id);
	return guest_store_keep(g->directory, guest->name, &guest->facts);
}

static int open_page(const struct guest_pages *g, struct guest_page *guest)
{
	const struct guest_facts *facts = &guest->facts;
	char path[GUEST_PATH_MAX];

	guest->error = vmclock_writer_open_guest(
		guest_store_path(g->directory, guest->name, "", path), g->counter->page_id,
		g->counter->read, &facts->scale, &guest->writer);
	if (guest->error)
		return guest->error;
	if (!facts->known && guest_page_status(guest) != VMCLOCK_STATUS_UNRELIABLE)
		vmclock_writer_disrupt(guest->writer);
	if (facts->has_generation)
		vmclock_writer_set_generation(guest->writer, facts->generation);
	vmclock_writer_warn(guest->writer, facts->warning);
	return 0;
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
	*guest = (struct guest_page){.facts = {.scale = host_counter}};
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	return guest;
}

static void forget_scale(struct guest_page *guest, const char *why)
{
	guest->facts.known = false;
	guest->facts.scale = host_counter;
	guest_text_set_why(&guest->facts, why);
}

/* A page that cannot have the new line must not go on with the one before, which nothing keeps. */
static void void_page(struct guest_page *guest)
{
	if (guest_page_status(guest) != VMCLOCK_STATUS_UNRELIABLE)
		vmclock_writer_disrupt(guest->writer);
	guest->disrupt = true;
}

/* Is it still what it was when this was written? */
static void doubt(const struct guest_pages *g, struct guest_page *guest)
{
	char why[GUEST_TEXT_SIZE];
	int err = guest_store_read_note(g->directory, guest->name, why);

	if (!err) {
		forget_scale(guest, why);
		guest->facts.warning = 0;
		guest->facts.vm[0] = '\0';
		keep(g, guest);
	} else if (err != -ENOENT) {
		forget_scale(guest, "it was disrupted while no daemon ran");
	} else if (guest->facts.known &&
		   (!g->boot_id[0] || strcmp(guest->facts.boot_id, g->boot_id))) {
		forget_scale(guest, "the machine has started again since its counter was said");
	}
}

/* A page that could not be read anew is still there, and must not go on being believed. */
static void adopt(struct guest_pages *g, struct guest_page *guest, bool continued)
{
	char path[GUEST_PATH_MAX];
	int err = guest_store_read(g->directory, guest->name, &guest->facts);

	if (err) {
		guest->facts = (struct guest_facts){.known = false};
		forget_scale(guest, "what was known of it is lost");
	} else {
		doubt(g, guest);
	}
	if (!guest->facts.known)
		vmclock_page_downgrade(guest_store_path(g->directory, guest->name, "", path),
				       VMCLOCK_STATUS_UNRELIABLE);
	if (!open_page(g, guest) && !continued)
		void_page(guest);
	guest->disrupt = !continued;
	if (err)
		guest->error = err;
}

int guest_pages_open(struct guest_pages *g, const struct guest_settings *settings)
{
	struct dirent *entry;
	DIR *dir;

	*g = (struct guest_pages){.counter = settings->counter, .monotonic = settings->monotonic};
	snprintf(g->directory, sizeof(g->directory), "%s", settings->directory);
	snprintf(g->boot_id, sizeof(g->boot_id), "%s", settings->boot_id);
	dir = opendir(g->directory);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) && g->count < GUESTS_MAX) {
		char name[sizeof(entry->d_name)];
		struct guest_page *guest;

		snprintf(name, sizeof(name), "%s", entry->d_name);
		if (!guest_store_is_kept(name))
			continue;
		guest = append(g, name);
		if (guest)
			adopt(g, guest, settings->continued);
	}
	closedir(dir);
	return 0;
}

/* -EINVAL: no scale; -ERANGE: it makes a counter stand still, or race: that is a mistake. */
static int check_scale(const struct guest_pages *g, const struct vmclock_scale *scale)
{
	double guest_hz = ldexp((double)scale->ratio * g->counter->nominal_hz, -scale->frac_bits);

	if (!scale->ratio || scale->frac_bits > 63)
		return -EINVAL;
	return guest_hz >= COUNTER_LEAST_HZ && guest_hz <= COUNTER_MOST_HZ ? 0 : -ERANGE;
}

static void set_facts(struct guest_facts *facts, const struct guest_start *start)
{
	facts->known = start->scale != NULL;
	facts->scale = start->scale ? *start->scale : host_counter;
	facts->has_generation = start->generation != NULL;
	facts->generation = start->generation ? *start->generation : 0;
	snprintf(facts->vm, sizeof(facts->vm), "%s", start->vm ? start->vm : "");
	guest_text_set_why(facts, start->scale ? "" : "its counter is not known yet");
}

/* With a file that says how much is known of it, before there is a page to be believed. */
static int begin(struct guest_pages *g, struct guest_page *guest)
{
	int err = keep(g, guest);

	guest->disrupt = true;
	if (!err)
		err = open_page(g, guest);
	if (err)
		guest_store_drop(g->directory, guest->name);
	return err;
}

int guest_pages_add(struct guest_pages *g, const char *name, const struct guest_start *start)
{
	int err = start->scale ? check_scale(g, start->scale) : 0;
	struct guest_page *guest;

	if (!guest_name_is_good(name))
		return -EINVAL;
	if (err)
		return err;
	if (find(g, name))
		return -EEXIST;
	if (g->count >= GUESTS_MAX)
		return -ENOSPC;
	if (mkdir(g->directory, 0755) && errno != EEXIST)
		return -errno;
	guest = append(g, name);
	if (!guest)
		return -ENOMEM;
	set_facts(&guest->facts, start);
	err = begin(g, guest);
	if (err)
		g->count--;
	return err;
}

/* The page as the facts have it. */
static void show(const struct guest_pages *g, struct guest_page *guest, bool warn_only)
{
	const struct guest_facts *facts = &guest->facts;
	char path[GUEST_PATH_MAX];

	if (!guest->writer) {
		vmclock_page_downgrade(guest_store_path(g->directory, guest->name, "", path),
				       VMCLOCK_STATUS_UNRELIABLE);
		return;
	}
	if (facts->has_generation)
		vmclock_writer_set_generation(guest->writer, facts->generation);
	if (warn_only)
		vmclock_writer_warn(guest->writer, facts->warning);
	else
		vmclock_writer_disrupt(guest->writer);
}

/*
 * What is kept comes first: a daemon that dies in between must not believe in its next life what it
 * was told is over. Where nothing can be kept, the guest is forgotten then, and its page stays as
 * it is.
 */
static int disrupt(struct guest_pages *g, struct guest_page *guest,
		   const struct guest_disruption *how)
{
	struct guest_facts *facts = &guest->facts;
	int err;

	if (!how->warn_only)
		forget_scale(guest, how->why ? how->why : "disrupted");
	else if (facts->known)
		guest_text_set_why(facts, how->why && how->warning ? how->why : "");
	facts->warning = how->warn_only ? how->warning : 0;
	if (how->new_generation) {
		facts->has_generation = true;
		facts->generation = how->generation;
	}
	if (!how->warn_only)
		guest->watch.seen = false; /* what was read before says nothing now */
	err = keep(g, guest);
	if (err && !how->warn_only)
		guest_store_drop(g->directory, guest->name);
	show(g, guest, how->warn_only);
	guest->disrupt = guest->disrupt || !how->warn_only;
	return err;
}

int guest_pages_found(struct guest_pages *g, struct guest_page *guest,
		      const struct vmclock_scale *scale)
{
	const struct guest_disruption now = {.why = "its counter is another one"};
	struct guest_page next;
	int err = guest->facts.known ? disrupt(g, guest, &now) : 0;

	if (err)
		return err;
	next = *guest;
	next.facts.known = true;
	next.facts.scale = *scale;
	guest_text_set_why(&next.facts, "");
	err = keep(g, &next);
	if (err)
		return err;
	*guest = next;
	guest->disrupt = true;
	if (guest->writer)
		return vmclock_writer_rescale(guest->writer, scale);
	return open_page(g, guest);
}

int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale)
{
	struct guest_page *guest = find(g, name);
	char vm[GUEST_VM_MAX];
	int err;

	if (!guest)
		return -ENOENT;
	err = check_scale(g, scale);
	if (err)
		return err;
	memcpy(vm, guest->facts.vm, sizeof(vm));
	guest->facts.vm[0] = '\0';
	err = guest_pages_found(g, guest, scale);
	if (err)
		memcpy(guest->facts.vm, vm, sizeof(vm));
	return err;
}

int guest_pages_disrupt(struct guest_pages *g, const char *name,
			const struct guest_disruption *disruption)
{
	struct guest_page *guest = find(g, name);

	if (!guest)
		return -ENOENT;
	if (disruption->warning & ~WARNINGS)
		return -EINVAL;
	if (!disruption->warn_only)
		guest->facts.vm[0] = '\0';
	return disrupt(g, guest, disruption);
}

int guest_pages_bind(struct guest_pages *g, const char *name, const char *vm)
{
	const struct guest_disruption now = {.why = "its counter is not known yet"};
	struct guest_page *guest = find(g, name);

	if (!guest)
		return -ENOENT;
	guest->watch = (struct guest_watch){.seen = false};
	snprintf(guest->facts.vm, sizeof(guest->facts.vm), "%s", vm);
	return disrupt(g, guest, &now);
}

void guest_pages_lost(struct guest_pages *g, struct guest_page *guest, const char *why)
{
	const struct guest_disruption now = {.why = why};

	if (guest->facts.known)
		disrupt(g, guest, &now);
	else
		guest_text_set_why(&guest->facts, why);
}

void guest_pages_disrupt_all(struct guest_pages *g, const char *why)
{
	const struct guest_disruption now = {.why = why};

	for (unsigned int i = 0; i < g->count; i++) {
		g->guests[i].watch.seen = false; /* it may be the counter of before */
		if (g->guests[i].facts.known)
			disrupt(g, &g->guests[i], &now);
	}
}

int guest_pages_remove(struct guest_pages *g, const char *name)
{
	struct guest_page *guest = find(g, name);
	char path[GUEST_PATH_MAX];

	if (!guest)
		return -ENOENT;
	vmclock_writer_close(guest->writer);
	vmclock_page_downgrade(guest_store_path(g->directory, name, "", path),
			       VMCLOCK_STATUS_UNRELIABLE);
	guest_store_forget(g->directory, name);
	*guest = g->guests[--g->count];
	return 0;
}

static void update(struct guest_page *guest, const struct vmclock_reference *host, int64_t now_ns)
{
	struct vmclock_reference reference = *host;
	int err;

	reference.disrupt = host->disrupt || guest->disrupt;
	err = vmclock_writer_publish(guest->writer, &reference, SPLICE_MAX_NS, NULL);
	if (err == -ESTALE && !reference.disrupt) {
		reference.disrupt = true;
		err = vmclock_writer_publish(guest->writer, &reference, SPLICE_MAX_NS, NULL);
	}
	guest->disrupt = false;
	guest->error = err;
	if (err) {
		void_page(guest);
		return;
	}
	guest->writes++;
	guest->updated_ns = now_ns;
}

uint8_t guest_page_status(const struct guest_page *guest)
{
	struct vmclock_reference reference = {.clock_status = VMCLOCK_STATUS_UNKNOWN};

	if (guest->writer)
		vmclock_writer_current(guest->writer, &reference);
	return reference.clock_status;
}

void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar)
{
	struct vmclock_reference host;
	int64_t now_ns;

	if (!g->count)
		return;
	now_ns = loop_now_ns();
	host = reference_of(publication, calendar, g->counter, g->monotonic);
	for (unsigned int i = 0; i < g->count; i++)
		if (g->guests[i].facts.known && g->guests[i].writer)
			update(&g->guests[i], &host, now_ns);
}

/* With nobody to look, a counter that was looked at may be another one any time. */
void guest_pages_close(struct guest_pages *g)
{
	char path[GUEST_PATH_MAX];

	for (unsigned int i = 0; i < g->count; i++) {
		bool followed = g->guests[i].facts.vm[0];

		vmclock_writer_close(g->guests[i].writer);
		vmclock_page_downgrade(guest_store_path(g->directory, g->guests[i].name, "", path),
				       followed ? VMCLOCK_STATUS_UNRELIABLE
						: VMCLOCK_STATUS_FREERUNNING);
	}
	free(g->guests);
	g->guests = NULL;
	g->count = 0;
}

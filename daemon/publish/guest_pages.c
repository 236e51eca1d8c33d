// SPDX-License-Identifier: GPL-2.0-or-later
/* The line for guests: a page file each, by the guest's own counter. */
#include "guest_pages.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/vmclock-abi.h>

#include "../loop.h"
#include "guest_store.h"
#include "slept.h"

#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

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

/* A place at the end of the list, of a guest of which nothing is known; NULL: no memory. */
static struct guest_page *append(struct guest_pages *g, const char *name)
{
	struct guest_page *more = realloc(g->guests, (g->count + 1) * sizeof(struct guest_page));
	struct guest_page *guest;

	if (!more)
		return NULL;
	g->guests = more;
	guest = &more[g->count++];
	*guest = (struct guest_page){.error = 0};
	guest_page_forget_scale(guest, "its counter is not known yet");
	guest_watch_begin(&guest->watch);
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	return guest;
}

/* vmclockctl's note that the counter was taken back while no daemon ran. True: there is one. */
static bool heed_note(const struct guest_home *home, struct guest_page *guest)
{
	char why[GUEST_TEXT_SIZE];
	int err = guest_store_read_note(home->directory, guest->name, why);

	if (err == -ENOENT)
		return false;
	guest_page_forget_scale(guest, err ? "it was disrupted while no daemon ran" : why);
	guest->facts.warning = 0;
	guest->facts.vm[0] = '\0';
	guest_page_keep(home, guest);
	return true;
}

/* Is it still what it was when this was written? */
static void doubt(const struct guest_home *home, struct guest_page *guest)
{
	const struct guest_facts *facts = &guest->facts;

	if (heed_note(home, guest) || !facts->known)
		return;
	if (!home->boot_id[0] || strcmp(facts->boot_id, home->boot_id) != 0)
		guest_page_forget_scale(guest,
					"the machine has started again since its counter was said");
	else if (slept_since(facts->slept_ns, home->slept_ns))
		guest_page_forget_scale(guest, "the machine has slept since its counter was said");
}

/* Until the writer has it, vmclockctl may still disrupt the page itself: hence the second look. */
static void take_over(const struct guest_home *home, struct guest_page *guest, bool continued)
{
	if (guest_page_open(home, guest))
		return;
	if (heed_note(home, guest) || !continued)
		guest_page_void(guest);
}

/* A page that could not be read anew is still there, and must not go on being believed. */
static void adopt(struct guest_pages *g, struct guest_page *guest, bool continued)
{
	const struct guest_home *home = &g->home;
	char path[GUEST_PATH_MAX];
	int err = guest_store_read(home->directory, guest->name, &guest->facts);

	if (err) {
		guest->facts = (struct guest_facts){.known = false};
		guest_page_forget_scale(guest, "what was known of it is lost");
	} else {
		doubt(home, guest);
	}
	if (!guest->facts.known)
		vmclock_page_downgrade(guest_store_path(home->directory, guest->name, "", path),
				       VMCLOCK_STATUS_UNRELIABLE);
	take_over(home, guest, continued);
	guest->disrupt = guest->disrupt || !continued;
	if (err)
		guest->error = err;
}

static struct guest_home home_of(const struct guest_settings *settings)
{
	struct guest_home home = {.counter = settings->counter,
				  .monotonic = settings->monotonic,
				  .slept_ns = settings->slept_ns};

	snprintf(home.directory, sizeof(home.directory), "%s", settings->directory);
	snprintf(home.boot_id, sizeof(home.boot_id), "%s", settings->boot_id);
	return home;
}

int guest_pages_open(struct guest_pages *g, const struct guest_settings *settings)
{
	struct dirent *entry;
	DIR *dir;

	*g = (struct guest_pages){.home = home_of(settings)};
	dir = opendir(g->home.directory);
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

static void set_facts(const struct guest_home *home, struct guest_facts *facts,
		      const struct guest_start *start)
{
	if (start->scale)
		guest_page_know_scale(home, facts, start->scale);
	facts->has_generation = start->generation != NULL;
	facts->generation = start->generation ? *start->generation : 0;
	snprintf(facts->vm, sizeof(facts->vm), "%s", start->vm ? start->vm : "");
}

/* With a file that says how much is known of it, before there is a page to be believed. */
static int begin(const struct guest_home *home, struct guest_page *guest)
{
	int err = guest_page_keep(home, guest);

	guest->disrupt = true;
	if (!err)
		err = guest_page_open(home, guest);
	if (err)
		guest_store_drop(home->directory, guest->name);
	return err;
}

int guest_pages_add(struct guest_pages *g, const char *name, const struct guest_start *start)
{
	int err = start->scale ? guest_page_check_scale(&g->home, start->scale) : 0;
	struct guest_page *guest;

	if (!guest_name_is_good(name))
		return -EINVAL;
	if (err)
		return err;
	if (find(g, name))
		return -EEXIST;
	if (g->count >= GUESTS_MAX)
		return -ENOSPC;
	if (mkdir(g->home.directory, 0755) && errno != EEXIST)
		return -errno;
	guest = append(g, name);
	if (!guest)
		return -ENOMEM;
	set_facts(&g->home, &guest->facts, start);
	err = begin(&g->home, guest);
	if (err)
		g->count--;
	return err;
}

int guest_pages_set(struct guest_pages *g, const char *name, const struct vmclock_scale *scale)
{
	struct guest_page *guest = find(g, name);
	char vm[GUEST_VM_MAX];
	int err;

	if (!guest)
		return -ENOENT;
	err = guest_page_check_scale(&g->home, scale);
	if (err)
		return err;
	memcpy(vm, guest->facts.vm, sizeof(vm));
	guest->facts.vm[0] = '\0';
	err = guest_page_found(&g->home, guest, scale);
	if (err)
		memcpy(guest->facts.vm, vm, sizeof(vm));
	else
		guest_watch_clear(&guest->watch);
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
	if (!disruption->warn_only) {
		guest->facts.vm[0] = '\0';
		guest_watch_clear(&guest->watch);
	}
	return guest_page_disrupt(&g->home, guest, disruption);
}

int guest_pages_bind(struct guest_pages *g, const char *name, const char *vm)
{
	const struct guest_disruption now = {.why = "its counter is not known yet"};
	struct guest_page *guest = find(g, name);

	if (!guest)
		return -ENOENT;
	guest_watch_clear(&guest->watch);
	snprintf(guest->facts.vm, sizeof(guest->facts.vm), "%s", vm);
	return guest_page_disrupt(&g->home, guest, &now);
}

void guest_pages_disrupt_all(struct guest_pages *g, const char *why)
{
	const struct guest_disruption now = {.why = why};

	for (unsigned int i = 0; i < g->count; i++) {
		g->guests[i].watch.seen = false; /* it may be the counter of before */
		if (g->guests[i].facts.known)
			guest_page_disrupt(&g->home, &g->guests[i], &now);
	}
}

int guest_pages_remove(struct guest_pages *g, const char *name)
{
	struct guest_page *guest = find(g, name);

	if (!guest)
		return -ENOENT;
	guest_page_close(&g->home, guest, VMCLOCK_STATUS_UNRELIABLE);
	guest_store_forget(g->home.directory, name);
	*guest = g->guests[--g->count];
	return 0;
}

void guest_pages_update(struct guest_pages *g, const struct publication *publication,
			const struct page_calendar *calendar)
{
	struct vmclock_reference host;
	int64_t now_ns;

	if (!g->count)
		return;
	now_ns = loop_now_ns();
	host = reference_of(publication, calendar, g->home.counter, g->home.monotonic);
	for (unsigned int i = 0; i < g->count; i++)
		if (g->guests[i].facts.known && g->guests[i].writer)
			guest_page_update(&g->guests[i], &host, now_ns);
}

/* With nobody to look, a counter that was looked at may be another one any time. */
void guest_pages_close(struct guest_pages *g)
{
	for (unsigned int i = 0; i < g->count; i++) {
		bool followed = g->guests[i].facts.vm[0];

		guest_page_close(&g->home, &g->guests[i],
				 followed ? VMCLOCK_STATUS_UNRELIABLE : VMCLOCK_STATUS_FREERUNNING);
	}
	free(g->guests);
	g->guests = NULL;
	g->count = 0;
}

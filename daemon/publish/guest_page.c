// SPDX-License-Identifier: GPL-2.0-or-later
/* The page of one guest, by the guest's own counter, and what is known of that. */
#include "guest_page.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct vmclock_scale host_counter = {.ratio = 1};

/* No processor's counter is as slow, or as fast. */
#define COUNTER_LEAST_HZ 1e6
#define COUNTER_MOST_HZ 1e12

int guest_page_check_scale(const struct guest_home *home, const struct vmclock_scale *scale)
{
	double guest_hz =
		ldexp((double)scale->ratio * home->counter->nominal_hz, -scale->frac_bits);

	if (!scale->ratio || scale->frac_bits > 63)
		return -EINVAL;
	return guest_hz >= COUNTER_LEAST_HZ && guest_hz <= COUNTER_MOST_HZ ? 0 : -ERANGE;
}

int guest_page_keep(const struct guest_home *home, struct guest_page *guest)
{
	snprintf(guest->facts.boot_id, sizeof(guest->facts.boot_id), "%s", home->boot_id);
	return guest_store_keep(home->directory, guest->name, &guest->facts);
}

int guest_page_open(const struct guest_home *home, struct guest_page *guest)
{
	const struct guest_facts *facts = &guest->facts;
	char path[GUEST_PATH_MAX];

	guest->error = vmclock_writer_open_guest(
		guest_store_path(home->directory, guest->name, "", path), home->counter->page_id,
		home->counter->read, &facts->scale, &guest->writer);
	if (guest->error)
		return guest->error;
	if (!facts->known && guest_page_status(guest) != VMCLOCK_STATUS_UNRELIABLE)
		vmclock_writer_disrupt(guest->writer);
	if (facts->has_generation)
		vmclock_writer_set_generation(guest->writer, facts->generation);
	vmclock_writer_warn(guest->writer, facts->warning);
	return 0;
}

void guest_page_close(const struct guest_home *home, struct guest_page *guest, uint8_t status)
{
	char path[GUEST_PATH_MAX];

	guest_watch_clear(&guest->watch);
	vmclock_writer_close(guest->writer);
	vmclock_page_downgrade(guest_store_path(home->directory, guest->name, "", path), status);
}

void guest_page_know_scale(const struct guest_home *home, struct guest_facts *facts,
			   const struct vmclock_scale *scale)
{
	facts->known = true;
	facts->scale = *scale;
	facts->slept_ns = home->slept_ns ? home->slept_ns() : SLEPT_UNKNOWN_NS;
	guest_text_set_why(facts, "");
}

void guest_page_forget_scale(struct guest_page *guest, const char *why)
{
	guest->facts.known = false;
	guest->facts.scale = host_counter;
	guest_text_set_why(&guest->facts, why);
}

void guest_page_void(struct guest_page *guest)
{
	if (guest_page_status(guest) != VMCLOCK_STATUS_UNRELIABLE)
		vmclock_writer_disrupt(guest->writer);
	guest->disrupt = true;
}

/* The page as the facts have it. */
static void show(const struct guest_home *home, struct guest_page *guest, bool warn_only)
{
	const struct guest_facts *facts = &guest->facts;
	char path[GUEST_PATH_MAX];

	if (!guest->writer) {
		vmclock_page_downgrade(guest_store_path(home->directory, guest->name, "", path),
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
int guest_page_disrupt(const struct guest_home *home, struct guest_page *guest,
		       const struct guest_disruption *how)
{
	struct guest_facts *facts = &guest->facts;
	int err;

	if (!how->warn_only)
		guest_page_forget_scale(guest, how->why ? how->why : "disrupted");
	else if (facts->known)
		guest_text_set_why(facts, how->why && how->warning ? how->why : "");
	facts->warning = how->warn_only ? how->warning : 0;
	if (how->new_generation) {
		facts->has_generation = true;
		facts->generation = how->generation;
	}
	if (!how->warn_only)
		guest->watch.seen = false; /* what was read before says nothing now */
	err = guest_page_keep(home, guest);
	if (err && !how->warn_only)
		guest_store_drop(home->directory, guest->name);
	show(home, guest, how->warn_only);
	guest->disrupt = guest->disrupt || !how->warn_only;
	return err;
}

int guest_page_found(const struct guest_home *home, struct guest_page *guest,
		     const struct vmclock_scale *scale)
{
	const struct guest_disruption now = {.why = "its counter is another one"};
	struct guest_page next;
	int err = guest->facts.known ? guest_page_disrupt(home, guest, &now) : 0;

	if (err)
		return err;
	next = *guest;
	guest_page_know_scale(home, &next.facts, scale);
	err = guest_page_keep(home, &next);
	if (err)
		return err;
	*guest = next;
	guest->disrupt = true;
	if (guest->writer)
		return vmclock_writer_rescale(guest->writer, scale);
	return guest_page_open(home, guest);
}

void guest_page_lost(const struct guest_home *home, struct guest_page *guest, const char *why)
{
	const struct guest_disruption now = {.why = why};

	if (guest->facts.known)
		guest_page_disrupt(home, guest, &now);
	else
		guest_text_set_why(&guest->facts, why);
}

/* A page that cannot have the new line must not go on with the one before, which nothing keeps. */
void guest_page_update(struct guest_page *guest, const struct vmclock_reference *host,
		       int64_t now_ns)
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
		guest_page_void(guest);
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

void guest_watch_begin(struct guest_watch *watch)
{
	*watch = (struct guest_watch){.offset_fd = -1};
}

void guest_watch_clear(struct guest_watch *watch)
{
	if (watch->offset_fd >= 0)
		close(watch->offset_fd);
	guest_watch_begin(watch);
}

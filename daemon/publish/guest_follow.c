// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests whose counter is read from KVM: found, watched, and given up as soon as it is in doubt. */
#include "guest_follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest_vm.h"
#include "kvm_counter.h"

/*
 * Each guest once a second, but never more than some at a time, nor more than at each glance: the
 * loop has other things to do. 320 are looked at in a second; if there are more, each waits longer.
 */
enum { AT_A_TIME = 32 };

#define PERIOD_NS INT64_C(1000000000)

/* Is it the process that was found before? Its number may be another's by now. */
static bool is_still_there(const struct guest_follow *f, const struct guest_watch *w)
{
	uint64_t start;

	return !kvm_process_start(f->proc_directory, w->pid, &start) && start == w->start;
}

/* KVM's files of the machine that was found, one of which is kept open for glances. */
static int read_counter(const struct guest_follow *f, struct guest_watch *w,
			struct vmclock_scale *scale, char why[KVM_WHY_MAX])
{
	char path[KVM_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f->kvm_directory, w->entry);
	if (w->offset_fd < 0)
		w->offset_fd = kvm_offset_open(path);
	return w->offset_fd < 0 ? w->offset_fd : kvm_counter_read(path, scale, why);
}

/* The next look opens the file anew: it may be that of a machine before. */
static void forget_seen(struct guest_watch *w)
{
	w->seen = false;
	if (w->offset_fd >= 0)
		close(w->offset_fd);
	w->offset_fd = -1;
}

/* The machine, and whether it is one that can be followed. */
static int find(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		char why[KVM_WHY_MAX])
{
	struct guest_watch *w = &guest->watch;
	uint64_t start = w->start;
	int pid = w->pid, err = guest_vm_find(f, guest, now_ns, why);

	if (err)
		return err;
	if (w->pid != pid || w->start != start)
		w->moves = 0;
	if (w->moves <= GUEST_FOLLOW_MOVES_MAX)
		return 0;
	snprintf(why, KVM_WHY_MAX,
		 "its counter moves again and again, as if the processor could "
		 "not scale it; it is given up");
	return -ENOTSUP;
}

/* That the process is the same after reading says that it was so all the time. */
static int look(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		struct vmclock_scale *scale, char why[KVM_WHY_MAX])
{
	int err;

	why[0] = '\0';
	err = find(f, guest, now_ns, why);
	if (!err)
		err = read_counter(f, &guest->watch, scale, why);
	if (!err && !is_still_there(f, &guest->watch))
		err = -ENOENT;
	return err;
}

static void give_up(struct guest_pages *g, struct guest_page *guest, int err, const char *why)
{
	char text[KVM_WHY_MAX + 40];

	if (err == -ENOENT && !why[0])
		why = "no virtual machine of this process or name runs";
	else if (err == -EBADMSG)
		why = "KVM's files cannot be understood";
	snprintf(text, sizeof(text), "%s", why[0] ? why : strerror(-err));
	forget_seen(&guest->watch);
	guest->watch.entry[0] = '\0';
	guest_page_lost(&g->home, guest, text);
}

static bool same(const struct vmclock_scale *a, const struct vmclock_scale *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->frac_bits == b->frac_bits;
}

/* What the counter is by the page, or will be once it has settled; NULL: nothing was seen yet. */
static const struct vmclock_scale *seen_of(const struct guest_page *guest)
{
	if (guest->facts.known)
		return &guest->facts.scale;
	return guest->watch.seen ? &guest->watch.scale : NULL;
}

/* It is no longer what was seen of it. */
static void moved(struct guest_pages *g, struct guest_page *guest, int64_t now_ns)
{
	struct guest_watch *w = &guest->watch;
	int64_t forgiven = (now_ns - w->moved_ns) / GUEST_FOLLOW_FORGIVE_NS;

	w->moves = w->moves > forgiven ? w->moves - (unsigned int)forgiven : 0;
	w->moves++;
	w->moved_ns = now_ns;
	forget_seen(w);
	guest_page_lost(&g->home, guest, "its counter has changed, and is being read again");
}

/* True: the counter has become known. */
static bool take(struct guest_pages *g, struct guest_page *guest, const struct vmclock_scale *scale,
		 int64_t now_ns)
{
	struct guest_watch *w = &guest->watch;
	const struct vmclock_scale *seen = seen_of(guest);

	if (seen && !same(scale, seen)) {
		moved(g, guest, now_ns);
		return false;
	}
	if (guest->facts.known)
		return false;
	if (!w->seen) {
		w->seen = true;
		w->scale = *scale;
		w->since_ns = now_ns;
		return false;
	}
	if (now_ns - w->since_ns < GUEST_FOLLOW_SETTLE_NS)
		return false;
	if (guest_page_found(&g->home, guest, scale))
		return false;
	w->seen = false; /* what comes after a disruption has to last anew */
	return true;
}

static bool follow(struct guest_follow *f, struct guest_page *guest, int64_t now_ns)
{
	char why[KVM_WHY_MAX];
	struct vmclock_scale scale;
	int err = look(f, guest, now_ns, &scale, why);

	if (!err)
		return take(f->guests, guest, &scale, now_ns);
	give_up(f->guests, guest, err, why);
	return false;
}

static unsigned int count_followed(const struct guest_pages *g, unsigned int *by_name)
{
	unsigned int count = 0;

	*by_name = 0;
	for (unsigned int i = 0; i < g->count; i++) {
		count += g->guests[i].facts.vm[0] != '\0';
		*by_name += guest_vm_is_by_name(&g->guests[i]);
	}
	return count;
}

/* True: it takes more rounds. */
static bool read_names(struct guest_follow *f, int64_t now_ns)
{
	return kvm_names_step(&f->names, f->kvm_directory, f->proc_directory, now_ns);
}

static void glance(struct guest_pages *g, struct guest_page *guest, int64_t now_ns)
{
	const struct vmclock_scale *seen = seen_of(guest);
	uint64_t offset;
	int err;

	if (!guest->facts.vm[0] || !seen)
		return;
	err = kvm_offset_read(guest->watch.offset_fd, &offset);
	if (err)
		give_up(g, guest, err, "");
	else if (offset != seen->offset)
		moved(g, guest, now_ns);
}

static void glance_at_all(struct guest_follow *f, int64_t now_ns)
{
	struct guest_pages *g = f->guests;

	f->glanced_ns = now_ns;
	for (unsigned int i = 0; i < g->count; i++)
		glance(g, &g->guests[i], now_ns);
}

void guest_follow_publish(struct guest_follow *f, const struct publication *publication,
			  const struct page_calendar *calendar, int64_t now_ns)
{
	if (!f->glanced_ns || now_ns - f->glanced_ns >= GUEST_FOLLOW_GLANCE_NS)
		glance_at_all(f, now_ns);
	guest_pages_update(f->guests, publication, calendar);
}

void guest_follow_hurry(struct guest_follow *f)
{
	f->next_look_ns = 0;
}

void guest_follow_confirm(struct guest_follow *f, int64_t now_ns)
{
	struct guest_pages *g = f->guests;
	unsigned int by_name;

	for (unsigned int i = 0; i < g->count; i++)
		guest_vm_forget_other_boots(&g->home, &g->guests[i]);
	count_followed(g, &by_name);
	while (by_name && read_names(f, now_ns))
		continue;
	for (unsigned int i = 0; i < g->count; i++)
		if (g->guests[i].facts.vm[0])
			follow(f, &g->guests[i], now_ns);
}

static bool follow_some(struct guest_follow *f, unsigned int left, int64_t now_ns)
{
	struct guest_pages *g = f->guests;
	bool known = false;

	for (unsigned int i = 0; i < g->count && left; i++) {
		struct guest_page *guest;

		f->next = f->next + 1 < g->count ? f->next + 1 : 0;
		guest = &g->guests[f->next];
		if (!guest->facts.vm[0])
			continue;
		known = follow(f, guest, now_ns) || known;
		left--;
	}
	return known;
}

/* For the next looks, of which one is due in each `period_ns` on average. */
static bool is_time(struct guest_follow *f, int64_t period_ns, int64_t now_ns)
{
	if (now_ns < f->next_look_ns)
		return false;
	if (now_ns - f->next_look_ns > period_ns)
		f->next_look_ns = now_ns;
	f->next_look_ns += period_ns;
	return true;
}

int64_t guest_follow_round(struct guest_follow *f, int64_t now_ns, bool *known)
{
	unsigned int by_name, followed = count_followed(f->guests, &by_name), rounds;

	*known = false;
	if (!followed)
		return 0;
	glance_at_all(f, now_ns);
	if (by_name)
		read_names(f, now_ns);
	rounds = (followed + AT_A_TIME - 1) / AT_A_TIME;
	if (is_time(f, PERIOD_NS / rounds, now_ns))
		*known = follow_some(f, (followed + rounds - 1) / rounds, now_ns);
	return GUEST_FOLLOW_GLANCE_NS;
}

void guest_follow_close(struct guest_follow *f)
{
	kvm_names_close(&f->names);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests whose counter is read from KVM: found, watched, and given up as soon as it is in doubt. */
#include "guest_follow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm_counter.h"

/*
 * Each guest once a second, but never more than some at a time, nor all the time: the loop has
 * other things to do. 320 are looked at in a second; if there are more, each waits longer.
 */
enum { AT_A_TIME = 32 };

#define PERIOD_NS INT64_C(1000000000)
#define PAUSE_NS INT64_C(100000000)

static bool parse_pid(const char *text, int *pid)
{
	size_t digits = strspn(text, "0123456789");

	*pid = digits && digits < 10 ? atoi(text) : 0;
	return *pid > 0 && (!text[digits] || text[digits] == ':');
}

int guest_follow_resolve(const struct guest_follow *f, const char *text, char vm[GUEST_VM_MAX])
{
	uint64_t start;
	int pid, err;

	if (!strncmp(text, "name:", 5)) {
		size_t length = strlen(text);

		for (size_t i = 0; i < length; i++)
			if (text[i] <= ' ' || text[i] > '~' || text[i] == ',')
				return -EINVAL;
		if (length == 5 || length >= GUEST_VM_MAX)
			return -EINVAL;
		snprintf(vm, GUEST_VM_MAX, "%s", text);
	} else {
		if (strncmp(text, "pid:", 4) || !parse_pid(text + 4, &pid) || strchr(text + 4, ':'))
			return -EINVAL;
		err = kvm_process_start(f->proc_directory, pid, &start);
		if (err)
			return err;
		snprintf(vm, GUEST_VM_MAX, "pid:%d:%" PRIu64, pid, start);
	}
	return f->kvm_directory[0] && !access(f->kvm_directory, R_OK | X_OK) ? 0 : -EOPNOTSUPP;
}

/* The process that the guest is bound to, or the one that has its name. */
static int find_process(const struct guest_follow *f, const struct guest_page *guest, int *pid,
			uint64_t *start, char why[KVM_WHY_MAX])
{
	const char *vm = guest->facts.vm;
	int err = 0;

	if (!strncmp(vm, "name:", 5))
		err = kvm_find_by_name(f->kvm_directory, f->proc_directory, vm + 5, pid, why);
	else if (strncmp(vm, "pid:", 4) || !parse_pid(vm + 4, pid))
		err = -ENOENT;
	if (!err)
		err = kvm_process_start(f->proc_directory, *pid, start);
	if (!err && vm[0] == 'p' &&
	    (!strchr(vm + 4, ':') || strtoull(strchr(vm + 4, ':') + 1, NULL, 10) != *start))
		err = -ENOENT; /* another process has its number */
	return err;
}

static int find_vm(const struct guest_follow *f, struct guest_page *guest, char why[KVM_WHY_MAX])
{
	struct guest_watch *w = &guest->watch;
	int err;

	w->entry[0] = '\0';
	err = find_process(f, guest, &w->pid, &w->start, why);
	if (!err)
		err = kvm_find_by_pid(f->kvm_directory, w->pid, w->entry, why);
	if (err)
		w->entry[0] = '\0';
	return err;
}

/* Is it the process that was found before? Its number may be another's by now. */
static bool is_still_there(const struct guest_follow *f, const struct guest_watch *w)
{
	uint64_t start;

	return !kvm_process_start(f->proc_directory, w->pid, &start) && start == w->start;
}

/* That the process is the same after reading says that it was so all the time. */
static int look(const struct guest_follow *f, struct guest_page *guest, struct vmclock_scale *scale,
		char why[KVM_WHY_MAX])
{
	char path[KVM_PATH_MAX];
	int err = 0;

	why[0] = '\0';
	if (!guest->watch.entry[0])
		err = find_vm(f, guest, why);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s", f->kvm_directory, guest->watch.entry);
	err = kvm_counter_read(path, scale, why);
	if (!err && !is_still_there(f, &guest->watch))
		err = -ENOENT;
	if (err)
		guest->watch.entry[0] = '\0';
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
	guest->watch.seen = false;
	guest_pages_lost(g, guest, text);
}

static bool same(const struct vmclock_scale *a, const struct vmclock_scale *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->frac_bits == b->frac_bits;
}

/* True: the counter has become known. */
static bool take(struct guest_pages *g, struct guest_page *guest, const struct vmclock_scale *scale,
		 int64_t now_ns)
{
	struct guest_watch *w = &guest->watch;

	if (guest->facts.known && same(scale, &guest->facts.scale))
		return false;
	if (guest->facts.known)
		guest_pages_lost(g, guest, "its counter has changed, and is being read again");
	if (!w->seen || !same(scale, &w->scale)) {
		w->seen = true;
		w->scale = *scale;
		w->since_ns = now_ns;
		return false;
	}
	if (now_ns - w->since_ns < GUEST_FOLLOW_SETTLE_NS)
		return false;
	return !guest_pages_found(g, guest, scale);
}

static bool follow(struct guest_follow *f, struct guest_page *guest, int64_t now_ns)
{
	char why[KVM_WHY_MAX];
	struct vmclock_scale scale;
	int err = look(f, guest, &scale, why);

	if (!err)
		return take(f->guests, guest, &scale, now_ns);
	give_up(f->guests, guest, err, why);
	return false;
}

static unsigned int count_followed(const struct guest_pages *g)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < g->count; i++)
		count += g->guests[i].facts.vm[0] != '\0';
	return count;
}

void guest_follow_confirm(struct guest_follow *f, int64_t now_ns)
{
	for (unsigned int i = 0; i < f->guests->count; i++)
		if (f->guests->guests[i].facts.vm[0])
			follow(f, &f->guests->guests[i], now_ns);
}

int64_t guest_follow_round(struct guest_follow *f, int64_t now_ns, bool *known)
{
	struct guest_pages *g = f->guests;
	unsigned int followed = count_followed(g), rounds, left;

	*known = false;
	if (!followed)
		return 0;
	rounds = (followed + AT_A_TIME - 1) / AT_A_TIME;
	left = (followed + rounds - 1) / rounds;
	for (unsigned int i = 0; i < g->count && left; i++) {
		struct guest_page *guest;

		f->next = f->next + 1 < g->count ? f->next + 1 : 0;
		guest = &g->guests[f->next];
		if (!guest->facts.vm[0])
			continue;
		*known = follow(f, guest, now_ns) || *known;
		left--;
	}
	return PERIOD_NS / rounds > PAUSE_NS ? PERIOD_NS / rounds : PAUSE_NS;
}

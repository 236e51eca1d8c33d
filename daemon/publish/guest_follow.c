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

static int resolve_pid(const struct guest_follow *f, const char *text, char vm[GUEST_VM_MAX])
{
	uint64_t start;
	int pid, err;

	if (!parse_pid(text, &pid) || strchr(text, ':'))
		return -EINVAL;
	err = kvm_process_start(f->proc_directory, pid, &start);
	if (!err)
		snprintf(vm, GUEST_VM_MAX, "pid:%d:%" PRIu64, pid, start);
	return err;
}

static bool is_readable(const struct guest_follow *f)
{
	return f->kvm_directory[0] && !access(f->kvm_directory, R_OK | X_OK);
}

/*
 * A new machine is told from the old ones by when they were started, not by when this is asked: its
 * process may be a shell yet, which asks for the arguments and becomes QEMU afterwards.
 */
static int resolve_name(const struct guest_follow *f, const char *name, bool is_new,
			char vm[GUEST_VM_MAX])
{
	uint64_t last = 0;
	int length = snprintf(vm, GUEST_VM_MAX, "name:%s", name), err = 0;

	if (!*name || length >= GUEST_VM_MAX)
		return -EINVAL;
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == ',')
			return -EINVAL;
	if (is_new && is_readable(f))
		err = kvm_last_of_name(f->kvm_directory, f->proc_directory, name, &last);
	if (last)
		length = snprintf(vm, GUEST_VM_MAX, "name:%s,after=%" PRIu64, name, last);
	return length < GUEST_VM_MAX ? err : -EINVAL;
}

int guest_follow_resolve(const struct guest_follow *f, const char *text, bool is_new,
			 char vm[GUEST_VM_MAX])
{
	int err = -EINVAL;

	if (!strncmp(text, "name:", 5))
		err = resolve_name(f, text + 5, is_new, vm);
	else if (!strncmp(text, "pid:", 4))
		err = resolve_pid(f, text + 4, vm);
	if (err)
		return err;
	return is_readable(f) ? 0 : -EOPNOTSUPP;
}

static bool is_by_name(const struct guest_page *guest)
{
	return !strncmp(guest->facts.vm, "name:", 5);
}

/* Of "name:NAME" and "name:NAME,after=START"; returns START, 0: any. */
static uint64_t split_name(const struct guest_page *guest, char name[KVM_NAME_MAX])
{
	static const char key[] = ",after=";
	const char *text = guest->facts.vm + 5, *after = strstr(text, key);

	snprintf(name, KVM_NAME_MAX, "%.*s", (int)strcspn(text, ","), text);
	return after ? strtoull(after + sizeof(key) - 1, NULL, 10) : 0;
}

/* The process that the guest is bound to, and its VM. */
static int find_by_pid(const struct guest_follow *f, const struct guest_page *guest,
		       struct guest_watch *w, char why[KVM_WHY_MAX])
{
	const char *vm = guest->facts.vm, *start = strchr(vm + 4, ':');
	int err;

	if (strncmp(vm, "pid:", 4) || !parse_pid(vm + 4, &w->pid) || !start)
		return -ENOENT;
	err = kvm_process_start(f->proc_directory, w->pid, &w->start);
	if (!err && strtoull(start + 1, NULL, 10) != w->start)
		err = -ENOENT; /* another process has its number */
	return err ? err : kvm_find_by_pid(f->kvm_directory, w->pid, w->entry, why);
}

/* The number in the table may be another's by now, hence the second question for the name. */
static int find_by_name(const struct guest_follow *f, const char *name,
			const struct guest_watch *at, struct guest_watch *w)
{
	char found[KVM_NAME_MAX];
	int err = kvm_process_start(f->proc_directory, at->pid, &w->start);

	if (!err)
		err = kvm_process_name(f->proc_directory, at->pid, found);
	if (err || strcmp(found, name) != 0)
		return err ? err : -ENOENT;
	w->pid = at->pid;
	memcpy(w->entry, at->entry, sizeof(w->entry));
	return 0;
}

/* Each time: a second machine of the name makes it doubtful which of them has the page. */
static int check_name(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		      char why[KVM_WHY_MAX])
{
	struct guest_watch at, *w = &guest->watch;
	char name[KVM_NAME_MAX];
	uint64_t after = split_name(guest, name);
	int err = kvm_names_find(&f->names, f->proc_directory, name, after, now_ns, &at.pid,
				 at.entry, why);

	if (err)
		return err;
	if (!w->entry[0])
		return find_by_name(f, name, &at, w);
	return at.pid == w->pid && !strcmp(at.entry, w->entry) ? 0 : -ENOENT;
}

static int find_vm(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		   char why[KVM_WHY_MAX])
{
	if (is_by_name(guest))
		return check_name(f, guest, now_ns, why);
	return guest->watch.entry[0] ? 0 : find_by_pid(f, guest, &guest->watch, why);
}

/* Is it the process that was found before? Its number may be another's by now. */
static bool is_still_there(const struct guest_follow *f, const struct guest_watch *w)
{
	uint64_t start;

	return !kvm_process_start(f->proc_directory, w->pid, &start) && start == w->start;
}

/* That the process is the same after reading says that it was so all the time. */
static int look(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		struct vmclock_scale *scale, char why[KVM_WHY_MAX])
{
	char path[KVM_PATH_MAX];
	int err;

	why[0] = '\0';
	err = find_vm(f, guest, now_ns, why);
	if (!err) {
		snprintf(path, sizeof(path), "%s/%s", f->kvm_directory, guest->watch.entry);
		err = kvm_counter_read(path, scale, why);
	}
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
	if (guest_pages_found(g, guest, scale))
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
		*by_name += is_by_name(&g->guests[i]);
	}
	return count;
}

/* True: it takes more rounds. */
static bool read_names(struct guest_follow *f, int64_t now_ns)
{
	return kvm_names_step(&f->names, f->kvm_directory, f->proc_directory, now_ns);
}

/* What was started before the machine itself says nothing of what runs now. */
static void forget_other_boots(struct guest_pages *g)
{
	for (unsigned int i = 0; i < g->count; i++) {
		struct guest_facts *facts = &g->guests[i].facts;

		if (is_by_name(&g->guests[i]) && strcmp(facts->boot_id, g->boot_id) != 0)
			facts->vm[strcspn(facts->vm, ",")] = '\0';
	}
}

void guest_follow_confirm(struct guest_follow *f, int64_t now_ns)
{
	unsigned int by_name;

	forget_other_boots(f->guests);
	count_followed(f->guests, &by_name);
	while (by_name && read_names(f, now_ns))
		continue;
	for (unsigned int i = 0; i < f->guests->count; i++)
		if (f->guests->guests[i].facts.vm[0])
			follow(f, &f->guests->guests[i], now_ns);
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

int64_t guest_follow_round(struct guest_follow *f, int64_t now_ns, bool *known)
{
	unsigned int by_name, followed = count_followed(f->guests, &by_name), rounds;
	bool busy;

	*known = false;
	if (!followed)
		return 0;
	busy = by_name && read_names(f, now_ns);
	rounds = (followed + AT_A_TIME - 1) / AT_A_TIME;
	*known = follow_some(f, (followed + rounds - 1) / rounds, now_ns);
	return !busy && PERIOD_NS / rounds > PAUSE_NS ? PERIOD_NS / rounds : PAUSE_NS;
}

void guest_follow_close(struct guest_follow *f)
{
	kvm_names_close(&f->names);
}

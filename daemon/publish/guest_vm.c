// SPDX-License-Identifier: GPL-2.0-or-later
/* Which virtual machine a guest is: as it is kept of the guest, and among those that run. */
#include "guest_vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm_counter.h"

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

int guest_vm_resolve(const struct guest_follow *f, const char *text, bool is_new,
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

bool guest_vm_is_by_name(const struct guest_page *guest)
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

int guest_vm_find(const struct guest_follow *f, struct guest_page *guest, int64_t now_ns,
		  char why[KVM_WHY_MAX])
{
	if (guest_vm_is_by_name(guest))
		return check_name(f, guest, now_ns, why);
	return guest->watch.entry[0] ? 0 : find_by_pid(f, guest, &guest->watch, why);
}

/* What was started before the machine itself says nothing of what runs now. */
void guest_vm_forget_other_boots(const struct guest_home *home, struct guest_page *guest)
{
	struct guest_facts *facts = &guest->facts;

	if (guest_vm_is_by_name(guest) && strcmp(facts->boot_id, home->boot_id) != 0)
		facts->vm[strcspn(facts->vm, ",")] = '\0';
}

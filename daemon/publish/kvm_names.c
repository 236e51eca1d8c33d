// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of KVM's virtual machines was given which name: one table for all who ask. */
#include "kvm_names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading the arguments of so many processes takes some milliseconds. */
enum { AT_A_TIME = 256, MORE = 64 };

#define PERIOD_NS INT64_C(1000000000)

/* What was read longer ago, before the daemon was stopped for one, is used no more. */
#define STALE_NS INT64_C(10000000000)

struct kvm_named {
	int pid;
	char entry[KVM_ENTRY_MAX];
	char name[KVM_NAME_MAX];
};

static struct kvm_named *append(struct kvm_list *list)
{
	struct kvm_named *more = list->machines;

	if (list->count == list->capacity) {
		more = realloc(more, (list->capacity + MORE) * sizeof(*more));
		if (!more)
			return NULL;
		list->machines = more;
		list->capacity += MORE;
	}
	return &more[list->count++];
}

/* Those without a name are nobody's that is asked for. */
static int add(struct kvm_list *list, const char *proc_directory, const char *entry)
{
	char name[KVM_NAME_MAX];
	struct kvm_named *machine;
	int pid = kvm_entry_pid(entry);

	if (!pid || kvm_process_name(proc_directory, pid, name))
		return 0;
	machine = append(list);
	if (!machine)
		return -ENOMEM;
	machine->pid = pid;
	snprintf(machine->entry, sizeof(machine->entry), "%.31s", entry);
	memcpy(machine->name, name, sizeof(name));
	return 0;
}

static void begin(struct kvm_names *t, const char *kvm_directory, int64_t now_ns)
{
	t->next.count = 0;
	t->next.begun_ns = now_ns;
	t->directory = opendir(kvm_directory);
	t->next.error = t->directory ? 0 : -errno;
}

static void finish(struct kvm_names *t)
{
	struct kvm_list before = t->now;

	if (t->directory)
		closedir(t->directory);
	t->directory = NULL;
	t->now = t->next;
	t->next = before;
}

bool kvm_names_step(struct kvm_names *t, const char *kvm_directory, const char *proc_directory,
		    int64_t now_ns)
{
	struct dirent *at = NULL;

	if (!t->directory) {
		if (t->now.begun_ns && now_ns - t->now.begun_ns < PERIOD_NS)
			return false;
		begin(t, kvm_directory, now_ns);
	}
	for (int i = 0; i < AT_A_TIME && !t->next.error; i++) {
		errno = 0;
		at = readdir(t->directory);
		if (!at) {
			t->next.error = -errno;
			break;
		}
		t->next.error = add(&t->next, proc_directory, at->d_name);
	}
	if (at && !t->next.error)
		return true;
	finish(t);
	return false;
}

static int refuse(char why[KVM_WHY_MAX], const char *reason)
{
	snprintf(why, KVM_WHY_MAX, "%s", reason);
	return -ENOTSUP;
}

static bool is_meant(const struct kvm_named *machine, const char *proc_directory, const char *name,
		     uint64_t after)
{
	uint64_t start;

	if (strcmp(machine->name, name) != 0)
		return false;
	return !after ||
	       (!kvm_process_start(proc_directory, machine->pid, &start) && start > after);
}

int kvm_names_find(const struct kvm_names *t, const char *proc_directory, const char *name,
		   uint64_t after, int64_t now_ns, int *pid, char entry[KVM_ENTRY_MAX],
		   char why[KVM_WHY_MAX])
{
	const struct kvm_named *found = NULL;

	why[0] = '\0';
	if (!t->now.begun_ns || now_ns - t->now.begun_ns > STALE_NS)
		return refuse(why, "the virtual machines of the host are still being read");
	for (unsigned int i = 0; i < t->now.count; i++) {
		const struct kvm_named *at = &t->now.machines[i];

		if (!is_meant(at, proc_directory, name, after))
			continue;
		if (found)
			return refuse(why, found->pid == at->pid
						   ? "its process has several virtual machines"
						   : "several processes have a virtual machine of "
						     "this name");
		found = at;
	}
	if (t->now.error || !found)
		return t->now.error ? t->now.error : -ENOENT;
	*pid = found->pid;
	memcpy(entry, found->entry, sizeof(found->entry));
	return 0;
}

void kvm_names_close(struct kvm_names *t)
{
	if (t->directory)
		closedir(t->directory);
	free(t->now.machines);
	free(t->next.machines);
	memset(t, 0, sizeof(*t));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of KVM's virtual machines is meant: by its process, or by the name that was given to it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm_counter.h"

/* QEMU's arguments run to some KiB under libvirt; the name comes first among them. */
enum { ARGUMENTS_SIZE = 16384, STAT_SIZE = 1024, START_FIELD = 22 };

int kvm_entry_pid(const char *entry)
{
	char *end;
	long pid = strtol(entry, &end, 10);

	if (entry[0] < '1' || entry[0] > '9' || *end != '-' || !end[1] ||
	    end[1 + strspn(end + 1, "0123456789")] || pid > 1 << 30 ||
	    strlen(entry) >= KVM_ENTRY_MAX)
		return 0;
	return (int)pid;
}

static int several(char why[KVM_WHY_MAX], const char *what)
{
	snprintf(why, KVM_WHY_MAX, "%s", what);
	return -ENOTSUP;
}

int kvm_find_by_pid(const char *kvm_directory, int pid, char entry[KVM_ENTRY_MAX],
		    char why[KVM_WHY_MAX])
{
	DIR *dir = opendir(kvm_directory);
	const struct dirent *at;
	unsigned int found = 0;

	why[0] = '\0';
	if (!dir)
		return -errno;
	while ((at = readdir(dir)))
		if (kvm_entry_pid(at->d_name) == pid && !found++)
			snprintf(entry, KVM_ENTRY_MAX, "%.31s", at->d_name);
	closedir(dir);
	if (found > 1)
		return several(why, "its process has several virtual machines");
	return found ? 0 : -ENOENT;
}

static ssize_t read_proc(const char *proc_directory, int pid, const char *file, char *text,
			 size_t size)
{
	char path[KVM_PATH_MAX];
	ssize_t length;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%d/%s", proc_directory, pid, file) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		length = errno == ESRCH ? -ENOENT : -errno;
	else
		text[length] = '\0';
	close(fd);
	return length;
}

/* Of "NAME", "NAME,more=...", "guest=NAME" and "guest=NAME,more=...". */
static int copy_name(const char *value, char name[KVM_NAME_MAX])
{
	static const char key[] = "guest=";
	size_t length;

	if (!strncmp(value, key, sizeof(key) - 1))
		value += sizeof(key) - 1;
	length = strcspn(value, ",");
	if (!length || length >= KVM_NAME_MAX)
		return -ENOENT;
	memcpy(name, value, length);
	name[length] = '\0';
	return 0;
}

int kvm_arguments_name(const char *arguments, size_t length, char name[KVM_NAME_MAX])
{
	const char *at = arguments, *end = arguments + length;
	bool next = false;

	while (at < end) {
		size_t rest = (size_t)(end - at), size = strnlen(at, rest);

		if (size == rest)
			return -ENOENT; /* cut off */
		if (next)
			return copy_name(at, name);
		next = !strcmp(at, "-name") || !strcmp(at, "--name");
		at += size + 1;
	}
	return -ENOENT;
}

int kvm_process_name(const char *proc_directory, int pid, char name[KVM_NAME_MAX])
{
	char arguments[ARGUMENTS_SIZE];
	ssize_t length = read_proc(proc_directory, pid, "cmdline", arguments, sizeof(arguments));

	if (length < 0)
		return (int)length;
	return kvm_arguments_name(arguments, (size_t)length, name);
}

/* The name of a program, in parentheses, may hold blanks and parentheses. */
int kvm_parse_start(const char *text, uint64_t *out)
{
	const char *at = strrchr(text, ')');
	char *end;

	if (!at || at[1] != ' ')
		return -EBADMSG;
	at += 2;
	for (int field = 3; field < START_FIELD; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -EBADMSG;
		at++;
	}
	if (*at < '0' || *at > '9')
		return -EBADMSG;
	errno = 0;
	*out = strtoull(at, &end, 10);
	return errno || *end != ' ' ? -EBADMSG : 0;
}

int kvm_process_start(const char *proc_directory, int pid, uint64_t *out)
{
	char text[STAT_SIZE];
	ssize_t length = read_proc(proc_directory, pid, "stat", text, sizeof(text));

	return length < 0 ? (int)length : kvm_parse_start(text, out);
}

int kvm_last_of_name(const char *kvm_directory, const char *proc_directory, const char *name,
		     uint64_t *start)
{
	DIR *dir = opendir(kvm_directory);
	const struct dirent *at;

	*start = 0;
	if (!dir)
		return -errno;
	while ((at = readdir(dir))) {
		char found[KVM_NAME_MAX];
		int pid = kvm_entry_pid(at->d_name);
		uint64_t one;

		if (pid && !kvm_process_name(proc_directory, pid, found) && !strcmp(found, name) &&
		    !kvm_process_start(proc_directory, pid, &one) && one > *start)
			*start = one;
	}
	closedir(dir);
	return 0;
}

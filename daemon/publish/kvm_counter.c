// SPDX-License-Identifier: GPL-2.0-or-later
/* What KVM makes of the host's TSC for a virtual machine, as its debugfs says it. */
#include "kvm_counter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBER_SIZE = 32, VCPU_MAX = 16, PATH_SIZE = 320 };

int kvm_counter_parse(const char *text, size_t length, uint64_t *out)
{
	bool negative = length && text[0] == '-';
	size_t at = negative, digits = 0;
	uint64_t value = 0;

	for (; at < length && text[at] >= '0' && text[at] <= '9'; at++, digits++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value))
			return -EBADMSG;
	if (!digits || at + 1 != length || text[at] != '\n' || (negative && value > 1ULL << 63))
		return -EBADMSG;
	*out = negative ? -value : value;
	return 0;
}

/* `name` is in the directory that vcpu is in, or in that of the VM itself for "". */
static int read_number(int vm_fd, const char *vcpu, const char *name, uint64_t *out)
{
	char path[PATH_SIZE], text[NUMBER_SIZE];
	ssize_t length;
	int fd, err;

	snprintf(path, sizeof(path), "%s%s%s", vcpu, *vcpu ? "/" : "", name);
	fd = openat(vm_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text));
	err = length < 0 ? -errno : kvm_counter_parse(text, (size_t)length, out);
	close(fd);
	return err;
}

static int refuse(char why[KVM_WHY_MAX], const char *reason)
{
	snprintf(why, KVM_WHY_MAX, "%s", reason);
	return -ENOTSUP;
}

/* Not scaled is not scaled, however many bits say so. */
static int make_scale(uint64_t offset, uint64_t ratio, uint64_t frac_bits,
		      struct vmclock_scale *out)
{
	if (!ratio || frac_bits > 63)
		return -EBADMSG;
	if (ratio == 1ULL << frac_bits)
		ratio = 1, frac_bits = 0;
	*out = (struct vmclock_scale){
		.offset = offset, .ratio = ratio, .frac_bits = (uint8_t)frac_bits};
	return 0;
}

/* Processors that cannot scale have no file that says so. */
static int read_vcpu(int vm_fd, const char *vcpu, struct vmclock_scale *out)
{
	uint64_t offset, ratio, frac_bits = 0;
	int err = read_number(vm_fd, vcpu, "tsc-offset", &offset);

	if (err)
		return err;
	err = read_number(vm_fd, vcpu, "tsc-scaling-ratio", &ratio);
	if (err == -ENOENT)
		return make_scale(offset, 1, 0, out);
	if (!err)
		err = read_number(vm_fd, vcpu, "tsc-scaling-ratio-frac-bits", &frac_bits);
	return err ? err : make_scale(offset, ratio, frac_bits, out);
}

static bool same_scale(const struct vmclock_scale *a, const struct vmclock_scale *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->frac_bits == b->frac_bits;
}

static bool is_vcpu(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && length < VCPU_MAX && !strncmp(name, "vcpu", 4) &&
	       !name[4 + strspn(name + 4, "0123456789")];
}

/* One more of the VM's; *count of them were read before. */
static int add_vcpu(int vm_fd, const char *vcpu, unsigned int *count, struct vmclock_scale *out,
		    char why[KVM_WHY_MAX])
{
	struct vmclock_scale scale;
	int err = read_vcpu(vm_fd, vcpu, &scale);

	if (err == -ENOENT)
		return refuse(why, "KVM does not say what its counter is");
	if (err)
		return err;
	if (*count && !same_scale(&scale, out))
		return refuse(why, "its virtual CPUs have different counters");
	*out = scale;
	return ++*count > KVM_VCPUS_MAX ? refuse(why, "it has too many virtual CPUs") : 0;
}

/*
 * After all else: what was read before is of no nested guest if there has been none yet. Nobody can
 * say that of kernels without these counts.
 */
static int check_nested(int vm_fd, char why[KVM_WHY_MAX])
{
	uint64_t runs, in_one;
	int err = read_number(vm_fd, "", "nested_run", &runs);

	if (!err)
		err = read_number(vm_fd, "", "guest_mode", &in_one);
	if (err == -ENOENT)
		return refuse(why, "this kernel does not say whether it runs guests of its own");
	if (err)
		return err;
	return runs || in_one ? refuse(why, "it has run guests of its own, whose counters cannot "
					    "be told from its own")
			      : 0;
}

int kvm_counter_read(const char *vm_directory, struct vmclock_scale *out, char why[KVM_WHY_MAX])
{
	unsigned int count = 0;
	const struct dirent *entry;
	DIR *dir = opendir(vm_directory);
	int err = 0;

	why[0] = '\0';
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (is_vcpu(entry->d_name))
			err = add_vcpu(dirfd(dir), entry->d_name, &count, out, why);
	if (!err && count)
		err = check_nested(dirfd(dir), why);
	closedir(dir);
	return err || count ? err : -ENOENT;
}

int kvm_offset_open(const char *vm_directory)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	DIR *dir = opendir(vm_directory);
	int fd = -ENOENT;

	if (!dir)
		return -errno;
	while (fd == -ENOENT && (entry = readdir(dir))) {
		if (!is_vcpu(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/tsc-offset", entry->d_name);
		fd = openat(dirfd(dir), path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		fd = fd < 0 ? -errno : fd;
	}
	closedir(dir);
	return fd;
}

/* From its beginning: KVM then writes it anew. */
int kvm_offset_read(int fd, uint64_t *out)
{
	char text[NUMBER_SIZE];
	ssize_t length = pread(fd, text, sizeof(text), 0);

	return length < 0 ? -errno : kvm_counter_parse(text, (size_t)length, out);
}

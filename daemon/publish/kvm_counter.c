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

enum { NUMBER_SIZE = 32 };

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

static int read_number(const char *directory, const char *name, uint64_t *out)
{
	char path[KVM_PATH_MAX], text[NUMBER_SIZE];
	ssize_t length;
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text));
	err = length < 0 ? -errno : kvm_counter_parse(text, (size_t)length, out);
	close(fd);
	return err;
}

/* 0 and `otherwise` where there is no such file. */
static int read_number_or(const char *directory, const char *name, uint64_t otherwise,
			  uint64_t *out)
{
	int err = read_number(directory, name, out);

	if (err != -ENOENT)
		return err;
	*out = otherwise;
	return 0;
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

/* guest_mode is looked at before and after: what is in between was not read in a nested guest. */
static int read_vcpu(const char *directory, struct vmclock_scale *out, char why[KVM_WHY_MAX])
{
	uint64_t offset, ratio, frac_bits = 0, nested_before = 0, nested_after = 0;
	int err = read_number_or(directory, "guest_mode", 0, &nested_before);

	if (!err)
		err = read_number(directory, "tsc-offset", &offset);
	if (!err)
		err = read_number_or(directory, "tsc-scaling-ratio", 1, &ratio);
	if (!err && ratio != 1)
		err = read_number(directory, "tsc-scaling-ratio-frac-bits", &frac_bits);
	if (!err)
		err = read_number_or(directory, "guest_mode", 0, &nested_after);
	if (err)
		return err;
	if (nested_before || nested_after)
		return refuse(why, "it runs guests of its own, whose counters cannot be told "
				   "from its own");
	return make_scale(offset, ratio, frac_bits, out);
}

static bool same_scale(const struct vmclock_scale *a, const struct vmclock_scale *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->frac_bits == b->frac_bits;
}

static bool is_vcpu(const char *name)
{
	return !strncmp(name, "vcpu", 4) && name[4] && !name[4 + strspn(name + 4, "0123456789")];
}

/* One more of the VM's; *count of them were read before. */
static int add_vcpu(const char *vm_directory, const char *name, unsigned int *count,
		    struct vmclock_scale *out, char why[KVM_WHY_MAX])
{
	char path[KVM_PATH_MAX];
	struct vmclock_scale scale;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", vm_directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	err = read_vcpu(path, &scale, why);
	if (err == -ENOENT)
		return refuse(why, "KVM does not say what its counter is");
	if (err)
		return err;
	if (*count && !same_scale(&scale, out))
		return refuse(why, "its virtual CPUs have different counters");
	*out = scale;
	return ++*count > KVM_VCPUS_MAX ? refuse(why, "it has too many virtual CPUs") : 0;
}

/* Nobody can say of kernels without this count whether an offset is the VM's own. */
static int check_nested(const char *vm_directory, char why[KVM_WHY_MAX])
{
	uint64_t runs;
	int err = read_number(vm_directory, "nested_run", &runs);

	if (err == -ENOENT)
		return access(vm_directory, F_OK) ? -ENOENT
						  : refuse(why, "this kernel does not say whether "
								"it runs guests of its own");
	if (err)
		return err;
	return runs ? refuse(why, "it has run guests of its own, whose counters cannot be told "
				  "from its own")
		    : 0;
}

int kvm_counter_read(const char *vm_directory, struct vmclock_scale *out, char why[KVM_WHY_MAX])
{
	unsigned int count = 0;
	const struct dirent *entry;
	DIR *dir;
	int err;

	why[0] = '\0';
	err = check_nested(vm_directory, why);
	if (err)
		return err;
	dir = opendir(vm_directory);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (is_vcpu(entry->d_name))
			err = add_vcpu(vm_directory, entry->d_name, &count, out, why);
	closedir(dir);
	if (!err)
		err = check_nested(vm_directory, why);
	return err || count ? err : -ENOENT;
}

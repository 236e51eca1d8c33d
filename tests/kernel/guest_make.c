// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests for tests, and what their pages must say. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "guest_make.h"
#include "vmclock_line.h"

int create_guest(int device, struct vmclock_guest_config *config)
{
	config->size = sizeof(*config);
	return ioctl(device, VMCLOCK_HOST_CREATE_GUEST, config);
}

int create_plain_guest(int device)
{
	struct vmclock_guest_config config = {0};

	return create_guest(device, &config);
}

int create_scaled_guest(int device, uint64_t ratio, uint8_t frac_bits, uint64_t offset)
{
	struct vmclock_guest_config config = {.flags = VMCLOCK_GUEST_SCALE,
					      .ratio = ratio,
					      .frac_bits = frac_bits,
					      .offset = offset};

	return create_guest(device, &config);
}

int set_guest(int guest, struct vmclock_guest_config config)
{
	config.size = sizeof(config);
	return ioctl(guest, VMCLOCK_GUEST_SET, &config);
}

const volatile struct vmclock_abi *map_page(int fd)
{
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

void unmap_page(const volatile struct vmclock_abi *page)
{
	munmap((void *)page, 4096);
}

struct guest_view view_of(const volatile struct vmclock_abi *page)
{
	const volatile uint64_t *from = (const volatile uint64_t *)page;
	struct guest_view view = {.retries = 0};
	uint64_t words[sizeof(view.abi) / 8];
	uint32_t seq;

	for (;; view.retries++) {
		seq = __atomic_load_n(&page->seq_count, __ATOMIC_ACQUIRE);
		for (size_t i = 0; i < sizeof(words) / 8; i++)
			words[i] = from[i];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && page->seq_count == seq)
			break;
	}
	memcpy(&view.abi, words, sizeof(words));
	return view;
}

static struct vmclock_line_scale scale_of(const struct vmclock_guest_config *config)
{
	struct vmclock_line_scale scale = {.ratio = config->ratio ?: 1,
					   .offset = config->offset,
					   .frac_bits = config->frac_bits};

	return scale;
}

uint64_t guest_counter(const struct vmclock_guest_config *config, uint64_t counter)
{
	struct vmclock_line_scale scale = scale_of(config);

	return vmclock_line_scale_counter(&scale, counter);
}

static bool convert(const struct vmclock_host_line *line,
		    const struct vmclock_guest_config *config, struct vmclock_line *own, __u64 *est,
		    __u64 *max)
{
	struct vmclock_line_scale scale = scale_of(config);
	struct vmclock_line host = {line->counter_value, line->counter_period_frac_sec,
				    line->counter_period_shift,
				    vmclock_instant_from(line->time_sec, line->time_frac_sec)};

	return !vmclock_line_convert(&host, line->period_esterror, line->period_maxerror, &scale,
				     own, est, max);
}

static bool same_line(const struct vmclock_abi *page, const struct vmclock_line *own)
{
	return page->counter_value == own->counter && page->counter_period_frac_sec == own->period &&
	       page->counter_period_shift == own->shift;
}

__int128 raised_above(const struct vmclock_abi *page, const struct vmclock_host_line *line,
		      const struct vmclock_guest_config *config)
{
	struct vmclock_line own;
	__u64 est;
	__u64 max;

	if (!convert(line, config, &own, &est, &max) || !same_line(page, &own))
		return -1;
	return vmclock_instant_from(page->time_sec, page->time_frac_sec) - own.origin;
}

/* By no more than that, and the maximum error with it. */
static bool raised_rightly(const struct vmclock_abi *page, __int128 raised, uint64_t error_ns,
			   uint64_t raised_max_ns)
{
	uint64_t raised_ns = raised > 0 ? vmclock_span_ns_up((vmclock_u128)raised) : 0;

	return raised >= 0 && raised_ns <= raised_max_ns + (raised > 0) &&
	       page->time_maxerror_nanosec == error_ns + raised_ns;
}

bool shows_line(const struct vmclock_abi *page, const struct vmclock_host_line *line,
		const struct vmclock_guest_config *config, uint64_t raised_max_ns)
{
	vmclock_instant host = vmclock_instant_from(line->time_sec, line->time_frac_sec);
	struct vmclock_line own;
	__u64 est;
	__u64 max;

	return convert(line, config, &own, &est, &max) &&
	       page->counter_period_esterror_rate_frac_sec == est &&
	       page->counter_period_maxerror_rate_frac_sec == max &&
	       page->time_esterror_nanosec == line->time_esterror_nanosec &&
	       page->tai_offset_sec == (__le16)line->tai_offset_sec &&
	       page->leap_indicator == line->leap_indicator &&
	       page->leap_second_smearing_hint == line->smearing_hint &&
	       raised_rightly(page, raised_above(page, line, config),
			      line->time_maxerror_nanosec + (own.origin != host), raised_max_ns);
}

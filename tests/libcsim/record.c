// SPDX-License-Identifier: GPL-2.0-or-later
/* What the page says at each whole second, beside the truth: one line of CSV a second. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vmclock-abi.h>

static const char header[] =
	"second,counter,truth_ns,disruption_marker,clock_status,flags,tai_offset,shift,"
	"counter_value,period,period_est,period_max,time_sec,time_frac,time_est_ns,time_max_ns,"
	"seq_count,realtime_ns,wakeups\n";

int record_open(FILE **out, const char *path)
{
	*out = NULL;
	if (!path[0])
		return 0;
	*out = fopen(path, "we");
	if (!*out)
		return -errno;
	fputs(header, *out);
	return 0;
}

/* By name each time: the daemon may replace the file. close() itself is one of the simulator's. */
static bool read_page(const char *path, struct vmclock_abi *page)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = pread(fd, page, sizeof(*page), 0);
	syscall(SYS_close, fd);
	return length == (ssize_t)sizeof(*page) && page->magic == VMCLOCK_MAGIC &&
	       !(page->seq_count & 1);
}

void record_second(FILE *record, uint64_t second, uint64_t counter, int64_t truth_ns,
		   int64_t realtime_ns, uint64_t wakeups, const char *page_path)
{
	struct vmclock_abi p;

	if (!record)
		return;
	fprintf(record, "%" PRIu64 ",%" PRIu64 ",%" PRId64, second, counter, truth_ns);
	if (!read_page(page_path, &p)) {
		fputs(",-\n", record);
		return;
	}
	fprintf(record, ",%llu,%u,%llu,%d,%u", p.disruption_marker, p.clock_status, p.flags,
		(int16_t)p.tai_offset_sec, p.counter_period_shift);
	fprintf(record, ",%llu,%llu,%llu,%llu", p.counter_value, p.counter_period_frac_sec,
		p.counter_period_esterror_rate_frac_sec, p.counter_period_maxerror_rate_frac_sec);
	fprintf(record, ",%llu,%llu,%llu,%llu,%u,%" PRId64 ",%" PRIu64 "\n", p.time_sec,
		p.time_frac_sec, p.time_esterror_nanosec, p.time_maxerror_nanosec, p.seq_count,
		realtime_ns, wakeups);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a ptp4l: its network card stamps packets by a clock that we choose.
 *
 * The kernel stamps them by CLOCK_REALTIME, in software. STAMPS=true: they become what the mock PTP
 * clock's true time was then; the program goes on to take them for software's. STAMPS=/dev/ptpN:
 * they become what that clock showed, and the program is told that the card did it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define TRUTH "/sys/module/mock_phc/parameters/truth"
#define S_NS INT64_C(1000000000)

static int64_t to_ns(int64_t sec, int64_t nsec)
{
	return sec * S_NS + nsec;
}

static const char *device(void)
{
	const char *stamps = getenv("STAMPS");

	return stamps && stamps[0] == '/' ? stamps : NULL;
}

/* CLOCK_REALTIME at a value of the counter, which counts nanoseconds here. */
static int64_t realtime_at(uint64_t counter)
{
	struct timespec now;
	uint64_t before = __rdtsc(), after;

	clock_gettime(CLOCK_REALTIME, &now);
	after = __rdtsc();
	return to_ns(now.tv_sec, now.tv_nsec) + (int64_t)(counter - before - (after - before) / 2);
}

static bool truth_ahead(int64_t *ahead_ns)
{
	unsigned long long before, after;
	long long true_ns;
	FILE *file = fopen(TRUTH, "r");
	int n = file ? fscanf(file, "%llu %llu %lld", &before, &after, &true_ns) : 0;

	if (file)
		fclose(file);
	if (n == 3)
		*ahead_ns = true_ns - realtime_at(before + (after - before) / 2);
	return n == 3;
}

static bool device_ahead(int64_t *ahead_ns)
{
	static int fd = -1;
	struct ptp_sys_offset_extended offset = {.n_samples = 1};
	const struct ptp_clock_time *t = offset.ts[0];

	if (fd < 0)
		fd = open(device(), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &offset))
		return false;
	*ahead_ns = to_ns(t[1].sec, t[1].nsec) -
		    (to_ns(t[0].sec, t[0].nsec) + to_ns(t[2].sec, t[2].nsec)) / 2;
	return true;
}

static struct timespec later(struct timespec t, int64_t by_ns)
{
	int64_t ns = to_ns(t.tv_sec, t.tv_nsec) + by_ns;

	return (struct timespec){.tv_sec = ns / S_NS, .tv_nsec = ns % S_NS};
}

/* Software's stamp is the first of three, the card's the last. */
static void change_stamps(struct timespec stamps[3])
{
	int64_t ahead_ns;

	if (!stamps[0].tv_sec || !(device() ? device_ahead(&ahead_ns) : truth_ahead(&ahead_ns)))
		return;
	stamps[device() ? 2 : 0] = later(stamps[0], ahead_ns);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*next)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	ssize_t size = next(fd, message, flags);
	struct cmsghdr *c;

	for (c = size < 0 ? NULL : CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
			change_stamps((struct timespec *)(void *)CMSG_DATA(c));
	return size;
}

/* Who asks for the card's stamps gets software's from the kernel. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	int software = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
		       SOF_TIMESTAMPING_SOFTWARE;

	if (level == SOL_SOCKET && option == SO_TIMESTAMPING && device())
		return next(fd, level, option, &software, sizeof(software));
	return next(fd, level, option, value, size);
}

static int describe_card(struct ifreq *request)
{
	struct ethtool_ts_info *info = (void *)request->ifr_data;

	if (info->cmd != ETHTOOL_GET_TS_INFO) {
		errno = EOPNOTSUPP;
		return -1;
	}
	info->so_timestamping = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
				SOF_TIMESTAMPING_RAW_HARDWARE;
	info->phc_index = atoi(device() + strlen("/dev/ptp"));
	info->tx_types = 1 << HWTSTAMP_TX_OFF | 1 << HWTSTAMP_TX_ON;
	info->rx_filters = 1 << HWTSTAMP_FILTER_NONE | 1 << HWTSTAMP_FILTER_ALL;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (device() && (request == SIOCSHWTSTAMP || request == SIOCGHWTSTAMP))
		return 0;
	if (device() && request == SIOCETHTOOL &&
	    *(uint32_t *)((struct ifreq *)argument)->ifr_data == ETHTOOL_GET_TS_INFO)
		return describe_card(argument);
	return next(fd, request, argument);
}

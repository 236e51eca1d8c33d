// SPDX-License-Identifier: GPL-2.0-or-later
/* A connected UDP socket whose packets come and go with the kernel's time stamps. */
#include "ntp_socket.h"

#include <asm/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

/* Stamps, their numbers and addresses all fit; simulators want at least 256. */
enum { CONTROL_SIZE = 512 };

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_SIZE];
};

/* The flags at creation where they are known, else after it. */
static int open_datagram(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 || errno != EINVAL)
		return fd >= 0 ? fd : -errno;
	fd = socket(family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int ntp_socket_bind(int fd, const char *interface, char problem[NTP_PROBLEM_SIZE])
{
	if (!interface[0] || !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
					 (socklen_t)strlen(interface) + 1))
		return 0;
	snprintf(problem, NTP_PROBLEM_SIZE,
		 errno == EPERM ? "no right to bind to interface %s (CAP_NET_RAW is needed)"
				: "cannot bind to interface %s",
		 interface);
	return -errno;
}

/*
 * Software stamps of both directions; sent ones come back with a number and without the packet. A
 * kernel, or a simulator, that has no such thing leaves us with the counter reads in user space.
 */
static bool enable_timestamps(int fd)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
		    SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		    SOF_TIMESTAMPING_OPT_TSONLY;

	return !setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags));
}

int ntp_socket_open(struct ntp_socket *s, const struct address *peer, const char *interface,
		    enum timestamps_mode mode, char problem[NTP_PROBLEM_SIZE])
{
	int fd = open_datagram(peer->any.sa_family);
	int err;

	s->fd = -1;
	s->sent = 0;
	if (fd < 0) {
		snprintf(problem, NTP_PROBLEM_SIZE, "cannot open a socket: %s", strerror(-fd));
		return fd;
	}
	err = ntp_socket_bind(fd, interface, problem);
	if (!err && connect(fd, &peer->any, peer->length)) {
		err = -errno;
		snprintf(problem, NTP_PROBLEM_SIZE, "cannot reach it: %s", strerror(errno));
	}
	if (err) {
		close(fd);
		return err;
	}
	s->fd = fd;
	s->timestamps = mode != TIMESTAMPS_DAEMON && enable_timestamps(fd);
	return 0;
}

void ntp_socket_close(struct ntp_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

int ntp_socket_send(struct ntp_socket *s, const uint8_t *data, size_t length)
{
	ssize_t sent = send(s->fd, data, length, 0);

	if (sent < 0)
		return -errno;
	s->sent++;
	return (size_t)sent == length ? 0 : -EMSGSIZE;
}

static int64_t timespec_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* What the control messages of one datagram say. */
struct stamped {
	int64_t realtime_ns; /* 0: nothing */
	bool numbered;
	uint32_t number; /* of the packet on its socket, from 0 */
};

static void read_control(struct msghdr *message, struct stamped *out)
{
	*out = (struct stamped){0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct timespec software;
		struct sock_extended_err extended;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING &&
		    c->cmsg_len >= CMSG_LEN(sizeof(software))) {
			memcpy(&software, CMSG_DATA(c), sizeof(software));
			out->realtime_ns = timespec_ns(&software);
		} else if (((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
			   c->cmsg_len >= CMSG_LEN(sizeof(extended))) {
			memcpy(&extended, CMSG_DATA(c), sizeof(extended));
			out->numbered = extended.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
			out->number = extended.ee_data;
		}
	}
}

static ssize_t receive(struct ntp_socket *s, struct ntp_datagram *out, int flags,
		       struct stamped *stamped, bool *truncated)
{
	union control control;
	struct iovec data = {.iov_base = out->data, .iov_len = sizeof(out->data)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t length;

	memset(&control, 0, sizeof(control));
	length = recvmsg(s->fd, &message, flags | MSG_DONTWAIT);
	if (length < 0)
		return -errno;
	read_control(&message, stamped);
	*truncated = message.msg_flags & MSG_TRUNC;
	return length;
}

bool ntp_socket_read_stamp(struct ntp_socket *s, int64_t *realtime_ns)
{
	struct ntp_datagram looped;
	struct stamped stamped;
	bool truncated;

	if (!s->timestamps || receive(s, &looped, MSG_ERRQUEUE, &stamped, &truncated) < 0)
		return false;
	/* A number says to which packet it belongs; without one there is only the last. */
	if (!stamped.realtime_ns || (stamped.numbered && stamped.number != s->sent - 1))
		return false;
	*realtime_ns = stamped.realtime_ns;
	return true;
}

bool ntp_socket_sent_stamp(struct ntp_socket *s, int64_t *realtime_ns)
{
	struct pollfd wait = {.fd = s->fd, .events = POLLPRI};

	if (!s->timestamps || poll(&wait, 1, 0) <= 0 || !(wait.revents & (POLLERR | POLLPRI)))
		return false;
	return ntp_socket_read_stamp(s, realtime_ns);
}

int ntp_socket_receive(struct ntp_socket *s, struct ntp_datagram *out)
{
	struct stamped stamped;
	bool truncated;
	ssize_t length = receive(s, out, 0, &stamped, &truncated);

	if (length < 0)
		return (int)length;
	out->length = (size_t)length;
	out->oversized = truncated || out->length > NTP_PACKET_MAX;
	out->realtime_ns = stamped.realtime_ns;
	return 0;
}

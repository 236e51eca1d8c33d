// SPDX-License-Identifier: GPL-2.0-or-later
/* The libc's sockets: UDP over IPv4 is simulated; what else is asked for is real or refused. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "interpose.h"
#include "world.h"

static bool is_refused(const struct options *o, int family)
{
	return (family == AF_UNIX && o->refuse_unix) ||
	       (family == AF_NETLINK && o->refuse_netlink) ||
	       (family == AF_INET6 && o->refuse_inet6);
}

EXPORT int socket(int family, int type, int protocol)
{
	int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct world *w = world();
	struct sim_socket *s;

	if (is_refused(&w->options, family))
		return errno = EAFNOSUPPORT, -1;
	if (flags && w->options.refuse_flags)
		return errno = EINVAL, -1;
	if (family != AF_INET || (type & ~flags) != SOCK_DGRAM)
		return (int)syscall(SYS_socket, family, type, protocol);
	s = world_open(w);
	if (!s)
		return -1;
	if (flags & SOCK_CLOEXEC)
		fcntl(s->fd, F_SETFD, FD_CLOEXEC);
	if (flags & SOCK_NONBLOCK)
		fcntl(s->fd, F_SETFL, O_NONBLOCK);
	return s->fd;
}

EXPORT int close(int fd)
{
	struct sim_socket *s = world_find(world(), fd);

	if (!s)
		return (int)syscall(SYS_close, fd);
	world_close(world(), s);
	return 0;
}

/* NO_SERVER where none listens. */
static int server_of(const void *address, socklen_t length)
{
	struct sockaddr_in in;

	if (length < sizeof(in))
		return NO_SERVER;
	memcpy(&in, address, sizeof(in));
	return in.sin_family == AF_INET ? world_server_at(world(), in.sin_addr.s_addr) : NO_SERVER;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sim_socket *s = world_find(world(), fd);

	if (!s)
		return (int)syscall(SYS_connect, fd, address, length);
	s->server = server_of(address, length);
	return 0;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	if (!world_find(world(), fd))
		return (int)syscall(SYS_bind, fd, address, length);
	return 0;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	struct world *w = world();
	struct sim_socket *s = world_find(w, fd);

	if (!s)
		return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
	if (level != SOL_SOCKET || name != SO_TIMESTAMPING)
		return 0; /* SO_TIMESTAMPNS among them: accepted, and never delivered */
	if (w->options.refuse_stamps)
		return errno = ENOPROTOOPT, -1;
	memcpy(&s->stamping, value, sizeof(s->stamping));
	s->sent = 0;
	return 0;
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	if (!world_find(world(), fd))
		return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
	memset(value, 0, *length);
	return 0;
}

/* --- sending ------------------------------------------------------------------------------ */

static ssize_t send_to(struct sim_socket *s, int server, const void *data, size_t length)
{
	world_send(world(), s, server, data, length);
	return (ssize_t)length;
}

EXPORT ssize_t send(int fd, const void *data, size_t length, int flags)
{
	struct sim_socket *s = world_find(world(), fd);

	if (!s)
		return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
	return send_to(s, s->server, data, length);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t length, int flags,
		      const struct sockaddr *address, socklen_t address_length)
{
	struct sim_socket *s = world_find(world(), fd);

	if (!s)
		return syscall(SYS_sendto, fd, data, length, flags, address, address_length);
	return send_to(s, address ? server_of(address, address_length) : s->server, data, length);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct sim_socket *s = world_find(world(), fd);

	if (!s)
		return syscall(SYS_sendmsg, fd, message, flags);
	if (message->msg_iovlen != 1)
		world_fail("sendmsg() with %zu parts", (size_t)message->msg_iovlen);
	return send_to(s,
		       message->msg_name ? server_of(message->msg_name, message->msg_namelen)
					 : s->server,
		       message->msg_iov->iov_base, message->msg_iov->iov_len);
}

/* --- receiving ---------------------------------------------------------------------------- */

/* Writes control messages one after the other, as far as there is room. */
struct control {
	struct msghdr *message;
	size_t room;
	size_t used;
};

static void add_control(struct control *c, int level, int type, const void *data, size_t size)
{
	struct cmsghdr head = {.cmsg_len = CMSG_LEN(size), .cmsg_level = level, .cmsg_type = type};
	uint8_t *at = (uint8_t *)c->message->msg_control + c->used;

	if (c->used + CMSG_SPACE(size) > c->room) {
		c->message->msg_flags |= MSG_CTRUNC;
		return;
	}
	memset(at, 0, CMSG_SPACE(size));
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, size);
	c->used += CMSG_SPACE(size);
}

static bool wants_stamp(const struct sim_socket *s, const struct datagram *d)
{
	return s->stamping & SOF_TIMESTAMPING_SOFTWARE &&
	       (d->looped || s->stamping & SOF_TIMESTAMPING_RX_SOFTWARE);
}

static void add_stamp(struct control *c, const struct datagram *d)
{
	struct timespec stamps[3] = {
		{.tv_sec = d->realtime_ns / 1000000000, .tv_nsec = d->realtime_ns % 1000000000}};
	struct sock_extended_err number = {.ee_errno = ENOMSG,
					   .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
					   .ee_info = SCM_TSTAMP_SND,
					   .ee_data = d->number};

	add_control(c, SOL_SOCKET, SCM_TIMESTAMPING, stamps, sizeof(stamps));
	if (d->looped)
		add_control(c, SOL_IP, IP_RECVERR, &number, sizeof(number));
}

static void set_sender(struct msghdr *message, const struct datagram *d)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET, .sin_port = htons(123), .sin_addr.s_addr = d->address};

	if (!message->msg_name)
		return;
	if (message->msg_namelen > sizeof(from))
		message->msg_namelen = sizeof(from);
	memcpy(message->msg_name, &from, message->msg_namelen);
}

static ssize_t receive(struct sim_socket *s, struct msghdr *message, int flags)
{
	struct datagram *d = world_arrived(world(), s, flags & MSG_ERRQUEUE);
	struct control control = {message, message->msg_controllen, 0};
	size_t length;

	if (message->msg_iovlen != 1)
		world_fail("recvmsg() with %zu parts", (size_t)message->msg_iovlen);
	if (!d)
		return errno = EAGAIN, -1;
	length = message->msg_iov->iov_len < d->length ? message->msg_iov->iov_len : d->length;
	memcpy(message->msg_iov->iov_base, d->bytes, length);
	message->msg_flags = (length < d->length ? MSG_TRUNC : 0) | (d->looped ? MSG_ERRQUEUE : 0);
	if (wants_stamp(s, d))
		add_stamp(&control, d);
	message->msg_controllen = control.used;
	set_sender(message, d);
	if (!(flags & MSG_PEEK))
		world_taken(d);
	return (ssize_t)length;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sim_socket *s = world_find(world(), fd);

	return s ? receive(s, message, flags) : syscall(SYS_recvmsg, fd, message, flags);
}

EXPORT ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address,
			socklen_t *address_length)
{
	struct sim_socket *s = world_find(world(), fd);
	struct iovec part = {data, size};
	struct msghdr message = {.msg_name = address,
				 .msg_namelen = address ? *address_length : 0,
				 .msg_iov = &part,
				 .msg_iovlen = 1};
	ssize_t length;

	if (!s)
		return syscall(SYS_recvfrom, fd, data, size, flags, address, address_length);
	length = receive(s, &message, flags);
	if (length >= 0 && address)
		*address_length = message.msg_namelen;
	return length;
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
	return recvfrom(fd, data, size, flags, NULL, NULL);
}

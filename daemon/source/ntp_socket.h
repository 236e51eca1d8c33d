/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connected UDP socket whose packets come and go with the kernel's time stamps. */
#ifndef VMCLOCK_NTP_SOCKET_H
#define VMCLOCK_NTP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../config.h"
#include "address.h"
#include "ntp_packet.h"

struct ntp_socket {
	int fd;		 /* -1: closed */
	bool timestamps; /* the kernel stamps packets */
	uint32_t sent;	 /* on this socket; the kernel counts along and numbers its stamps */
};

/* One datagram. realtime_ns is CLOCK_REALTIME by the kernel, 0: it did not say. */
struct ntp_datagram {
	uint8_t data[NTP_PACKET_MAX + 4];
	size_t length;
	bool oversized;
	int64_t realtime_ns;
};

/*
 * A new socket on a source port of the kernel's choice, connected, so that others' packets do not
 * reach it. 0; -errno with what went wrong in `problem` (network unreachable, no such interface, no
 * right to bind to one).
 */
int ntp_socket_open(struct ntp_socket *s, const struct address *peer, const char *interface,
		    enum timestamps_mode mode, char problem[NTP_PROBLEM_SIZE]);
/* To this network interface alone; "": any. 0 or -errno, as above. */
int ntp_socket_bind(int fd, const char *interface, char problem[NTP_PROBLEM_SIZE]);
void ntp_socket_close(struct ntp_socket *s);

/* 0 or -errno, which may be of an earlier packet (ICMP). */
int ntp_socket_send(struct ntp_socket *s, const uint8_t *data, size_t length);

/* The stamp of the last packet sent, if the kernel has it already: does not wait. Reads nothing
 * unless poll says that there is something to read. */
bool ntp_socket_sent_stamp(struct ntp_socket *s, int64_t *realtime_ns);
/* The same once the loop has reported POLLERR or POLLPRI. */
bool ntp_socket_read_stamp(struct ntp_socket *s, int64_t *realtime_ns);

/* One datagram. 0; -EAGAIN: none; -errno of the network (ICMP). */
int ntp_socket_receive(struct ntp_socket *s, struct ntp_datagram *out);

#endif

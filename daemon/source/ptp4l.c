// SPDX-License-Identifier: GPL-2.0-or-later
/* A ptp4l on this machine, asked at its management socket how well it follows its grandmaster. */
#include "ptp4l.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Where the page and the control socket are by default. */
#define OWN_DIRECTORY "/run/vmclock/"

enum { UNANSWERED_TO_TRY_OTHER = 2, ANSWER_SIZE = 1024 };

static void take_sync(struct ptp4l *p, int64_t offset_ns)
{
	unsigned int at = p->syncs++ % PTP4L_SYNCS;

	p->offsets_ns[at] = offset_ns < 0 ? ~offset_ns : offset_ns;
	p->delays_ns[at] = fabs(p->current.mean_path_delay_ns);
}

static void forget_syncs(struct ptp4l *p)
{
	p->syncs = 0;
	memset(p->offsets_ns, 0, sizeof(p->offsets_ns));
	memset(p->delays_ns, 0, sizeof(p->delays_ns));
}

/* Each port answers, in any order: the one that follows a master is what matters. */
static void take_port(struct ptp4l *p, const struct ptp_port *port)
{
	bool first = p->awaited & 1u << PTP_PORT;

	if (first || port->state == PTP_PORT_SLAVE)
		p->port = *port;
}

static void take_parent(struct ptp4l *p, const struct ptp_parent *parent)
{
	if (memcmp(parent->identity, p->parent.identity, sizeof(parent->identity)))
		forget_syncs(p);
	p->parent = *parent;
}

/* All else has been answered by then. */
static void take_status(struct ptp4l *p, const struct ptp_time_status *status)
{
	if (p->port.state != PTP_PORT_SLAVE)
		forget_syncs(p);
	else if (status->ingress_ns != p->status.ingress_ns)
		take_sync(p, status->offset_ns);
	p->status = *status;
}

static bool answers_this_round(const struct ptp4l *p, const struct ptp_management *answer)
{
	return answer->sequence == (uint16_t)(p->sequence + answer->data_set);
}

static void take_answer(struct ptp4l *p, const struct ptp_management *answer)
{
	p->unanswered = 0;
	p->standard = answer->standard;
	if (!answers_this_round(p, answer)) {
		p->bogus++;
		return;
	}
	switch (answer->data_set) {
	case PTP_PORT:
		take_port(p, &answer->port);
		break;
	case PTP_CURRENT:
		p->current = answer->current;
		break;
	case PTP_PARENT:
		take_parent(p, &answer->parent);
		break;
	case PTP_TIME_PROPERTIES:
		p->properties = answer->properties;
		break;
	default:
		take_status(p, &answer->status);
	}
	p->awaited &= ~(1u << answer->data_set);
}

static void answer_came(struct loop_watch *watch, short revents)
{
	struct ptp4l *p = watch->context;
	uint8_t data[ANSWER_SIZE];
	struct ptp_management answer;
	ssize_t size;

	(void)revents;
	size = recv(watch->fd, data, sizeof(data), MSG_DONTWAIT);
	if (size < 0) {
		if (errno != EAGAIN && errno != EINTR)
			ptp4l_close(p);
	} else if (!ptp_management_parse(data, (size_t)size, &answer) &&
		   answer.domain == p->domain) {
		take_answer(p, &answer);
	} else {
		p->bogus++;
	}
}

void ptp4l_init(struct ptp4l *p, struct loop *loop, const char *path, uint8_t domain)
{
	*p = (struct ptp4l){
		.path = path,
		.domain = domain,
		.loop = loop,
		.watch = {.fd = -1, .events = POLLIN, .ready = answer_came, .context = p},
	};
}

void ptp4l_close(struct ptp4l *p)
{
	if (p->watch.fd < 0)
		return;
	loop_remove_watch(p->loop, &p->watch);
	close(p->watch.fd);
	p->watch.fd = -1;
	forget_syncs(p);
	if (p->own_path[0])
		unlink(p->own_path);
	p->own_path[0] = '\0';
}

/*
 * ptp4l answers to an address of ours: a file, which it finds from another network namespace too,
 * or where there is no place for one a name that Linux makes up.
 */
static int bind_own(struct ptp4l *p)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};

	snprintf(own.sun_path, sizeof(own.sun_path), OWN_DIRECTORY "ptp4l-%d-%d", (int)getpid(),
		 p->watch.fd);
	unlink(own.sun_path); /* of a process that was killed and had this number */
	if (!bind(p->watch.fd, (struct sockaddr *)&own, sizeof(own))) {
		memcpy(p->own_path, own.sun_path, sizeof(p->own_path));
		return 0;
	}
	return bind(p->watch.fd, (struct sockaddr *)&own, sizeof(own.sun_family)) ? -errno : 0;
}

static int connect_to(struct ptp4l *p)
{
	struct sockaddr_un theirs = {.sun_family = AF_UNIX};
	int fd = p->watch.fd;
	int err;

	strncpy(theirs.sun_path, p->path, sizeof(theirs.sun_path) - 1);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	err = bind_own(p);
	if (!err && connect(fd, (struct sockaddr *)&theirs, sizeof(theirs)))
		err = -errno;
	return err;
}

static int open_socket(struct ptp4l *p)
{
	int fd, err;

	if (p->watch.fd >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	p->watch.fd = fd;
	err = connect_to(p);
	if (!err)
		err = loop_add_watch(p->loop, &p->watch);
	if (err)
		ptp4l_close(p);
	return err;
}

static int send_questions(struct ptp4l *p)
{
	uint8_t request[PTP_MANAGEMENT_REQUEST_SIZE];

	p->sequence = (uint16_t)(p->sequence + PTP_DATA_SETS);
	for (int i = 0; i < PTP_DATA_SETS; i++) {
		ptp_management_encode(request, (enum ptp_data_set)i, p->domain, p->standard,
				      (uint16_t)(p->sequence + i));
		if (send(p->watch.fd, request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return -errno;
	}
	return 0;
}

void ptp4l_ask(struct ptp4l *p)
{
	p->awaited = (1u << PTP_DATA_SETS) - 1;
	p->asked = true;
	p->error = open_socket(p);
	if (!p->error)
		p->error = send_questions(p);
	if (!p->error && ++p->unanswered % (UNANSWERED_TO_TRY_OTHER + 1) == 0)
		p->standard = !p->standard; /* in the next round */
	/* It was restarted: its socket is another one. */
	if (p->error && p->error != -EAGAIN)
		ptp4l_close(p);
}

bool ptp4l_has_answered(const struct ptp4l *p)
{
	return !p->error && p->asked && !p->awaited;
}

bool ptp4l_is_settled(const struct ptp4l *p)
{
	return p->syncs >= PTP4L_SYNCS;
}

double ptp4l_worst_offset_ns(const struct ptp4l *p)
{
	int64_t worst = 0;

	for (unsigned int i = 0; i < PTP4L_SYNCS; i++)
		if (p->offsets_ns[i] > worst)
			worst = p->offsets_ns[i];
	return (double)worst;
}

double ptp4l_worst_delay_ns(const struct ptp4l *p)
{
	double worst = 0;

	for (unsigned int i = 0; i < PTP4L_SYNCS; i++)
		worst = fmax(worst, p->delays_ns[i]);
	return worst;
}

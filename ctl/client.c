// SPDX-License-Identifier: GPL-2.0-or-later
/* Talks to the control socket, and turns every way in which that fails into advice. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "ctl.h"
#include "format.h"
#include "member.h"

#define INTERFACE "org.vmclock.Host."

enum { REPLY_TIMEOUT_MS = 5000 };

static int denied(const char *path)
{
	const struct group *group = NULL;
	struct stat st;

	if (stat(path, &st) == 0)
		group = getgrgid(st.st_gid);
	return ctl_error("%s: permission denied; be root or a member of the group '%s'", path,
			 group ? group->gr_name : "vmclock");
}

static int explain_connect(const char *path, int error)
{
	switch (error) {
	case ENOENT:
		return ctl_error("no vmclockd: there is no socket %s; start vmclockd, or give its "
				 "[control] socket with --socket",
				 path);
	case ECONNREFUSED:
		return ctl_error("no vmclockd: nobody listens on %s any more; start vmclockd",
				 path);
	case EACCES:
		return denied(path);
	case EAGAIN:
		return ctl_error("%s: vmclockd does not accept connections", path);
	default:
		return ctl_error("%s: %s", path, strerror(error));
	}
}

/* Waits for a daemon that is busy accepting others, but not for ever. */
static int connect_to(const struct sockaddr_un *address)
{
	const struct timeval patience = {.tv_sec = REPLY_TIMEOUT_MS / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		error = errno;
	if (!error)
		return fd;
	close(fd);
	return -error;
}

int client_open(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*client = (struct client){.fd = -1, .path = path};
	if (strlen(path) >= sizeof(address.sun_path))
		return ctl_error("%s: a socket's path has at most %zu characters", path,
				 sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	client->fd = connect_to(&address);
	if (client->fd < 0)
		return explain_connect(path, -client->fd);
	client->data = malloc(CLIENT_REPLY_MAX);
	if (client->data)
		return CTL_FINE;
	client_close(client);
	return ctl_error("out of memory");
}

bool client_finds_nobody(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	strcpy(address.sun_path, path);
	fd = connect_to(&address);
	if (fd >= 0)
		close(fd);
	return fd == -ENOENT || fd == -ECONNREFUSED;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->data);
	client->fd = -1;
	client->data = NULL;
}

/* Calls are short: a socket buffer always holds one. */
static int send_text(struct client *client, const char *text)
{
	size_t size = strlen(text) + 1;

	if (send(client->fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
		return ctl_error("%s: vmclockd has hung up", client->path);
	return CTL_FINE;
}

int client_call(struct client *client, const char *method, json_t *parameters, bool more)
{
	json_t *call = json_pack("{s:s+, s:o, s:b}", "method", INTERFACE, method, "parameters",
				 parameters ? parameters : json_object(), "more", more);
	char *text = call ? json_dumps(call, JSON_COMPACT) : NULL;
	int status = text ? send_text(client, text) : ctl_error("out of memory");

	json_decref(call);
	free(text);
	return status;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The next whole message, or NULL. */
static const char *take_message(struct client *client)
{
	const char *start = client->data + client->taken;
	const char *end = memchr(start, '\0', client->used - client->taken);

	if (end) {
		client->taken += (size_t)(end - start) + 1;
		return start;
	}
	memmove(client->data, start, client->used - client->taken);
	client->used -= client->taken;
	client->taken = 0;
	return NULL;
}

static int receive(struct client *client)
{
	ssize_t n =
		recv(client->fd, client->data + client->used, CLIENT_REPLY_MAX - client->used, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return CTL_FINE;
	if (n < 0)
		return ctl_error("%s: %s", client->path, strerror(errno));
	if (n == 0)
		return ctl_error("%s: vmclockd %s", client->path,
				 client->used == CLIENT_REPLY_MAX ? "sent too long a reply"
								  : "has hung up");
	client->used += (size_t)n;
	return CTL_FINE;
}

/* What the daemon's errors say, around the parameter that each of them has. */
static const struct {
	const char *error;
	const char *before;
	const char *parameter;
	const char *after;
} explanations[] = {
	{"NoSuchSource", "there is no source '", "name", "'; 'vmclockctl sources' lists them"},
	{"SourceExists", "there is a source '", "name", "' already"},
	{"ConfigurationInvalid", "", "reason", ""},
	{"NoSuchGuest", "there is no guest '", "name", "'; 'vmclockctl guest list' lists them"},
	{"GuestExists", "there is a guest '", "name", "' already"},
	{"GuestFailed", "the guest's page: ", "reason", ""},
	{"InvalidParameter", "vmclockd does not take this '", "parameter", "'"},
};

static int explain_error(const struct client *client, const char *error, const json_t *reply)
{
	const char *name = strrchr(error, '.') ? strrchr(error, '.') + 1 : error;
	const json_t *parameters = json_object_get(reply, "parameters");
	char safe[700];

	if (strcmp(name, "PermissionDenied") == 0)
		return ctl_error("%s: only root may do this", client->path);
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++) {
		const char *what = member_text(parameters, explanations[i].parameter);

		if (strcmp(name, explanations[i].error) == 0)
			return ctl_error("%s%s%s", explanations[i].before,
					 format_safe(safe, sizeof(safe), what),
					 explanations[i].after);
	}
	return ctl_error("%s: vmclockd refuses: %s", client->path,
			 format_safe(safe, sizeof(safe), error));
}

static int open_reply(const struct client *client, const char *text, json_t **reply)
{
	json_t *message = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *error = json_string_value(json_object_get(message, "error"));
	int status = CTL_FINE;

	*reply = json_incref(json_object_get(message, "parameters"));
	if (error)
		status = explain_error(client, error, message);
	else if (!json_is_object(*reply))
		status = ctl_error("%s: what answers there does not speak Varlink", client->path);
	if (status) {
		json_decref(*reply);
		*reply = NULL;
	}
	json_decref(message);
	return status;
}

int client_reply(struct client *client, int timeout_ms, json_t **reply)
{
	int64_t until_ms = monotonic_ms() + timeout_ms;
	struct pollfd poller = {.fd = client->fd, .events = POLLIN};
	const char *text;
	int status;

	*reply = NULL;
	while (!(text = take_message(client))) {
		int64_t left_ms = until_ms - monotonic_ms();

		if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) <= 0)
			return CTL_FINE;
		status = receive(client);
		if (status)
			return status;
	}
	return open_reply(client, text, reply);
}

json_t *client_ask(const char *path, const char *method, json_t *parameters)
{
	struct client client;
	json_t *reply = NULL;
	int status = client_open(&client, path);

	if (status) {
		json_decref(parameters);
		return NULL;
	}
	status = client_call(&client, method, parameters, false);
	if (!status)
		status = client_reply(&client, REPLY_TIMEOUT_MS, &reply);
	if (!status && !reply)
		ctl_error("%s: vmclockd does not answer", path);
	client_close(&client);
	return reply;
}

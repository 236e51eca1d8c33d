// SPDX-License-Identifier: GPL-2.0-or-later
/* One question to a family of generic netlink, and its answers, without waiting. */
#include "generic_netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/* Into errno's words what libnl keeps from its callers. */
static int to_errno(int nl_error)
{
	switch (-nl_error) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NODEV:
	case NLE_NOADDR:
		return -ENODEV;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -EAGAIN;
	default:
		return -EIO;
	}
}

struct nlmsghdr *generic_netlink_check(const void *message, size_t size, uint8_t command)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(uintptr_t)message;

	if (size < NLMSG_HDRLEN + GENL_HDRLEN || header->nlmsg_len > size ||
	    !genlmsg_valid_hdr(header, 0))
		return NULL;
	return genlmsg_hdr(header)->cmd == command ? header : NULL;
}

static int pass_on(struct nl_msg *message, void *context)
{
	const struct generic_request *request = context;
	struct nlmsghdr *header = nlmsg_hdr(message);

	request->reply(header, header->nlmsg_len, request->reply_context);
	return NL_OK;
}

static struct nl_msg *make(const struct generic_request *request, int family)
{
	struct nl_msg *message = nlmsg_alloc();

	if (message &&
	    genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
			request->dump ? NLM_F_DUMP : 0, request->command, request->version) &&
	    (!request->put || !request->put(message, request->put_context)))
		return message;
	nlmsg_free(message);
	return NULL;
}

static int exchange(struct nl_sock *socket, const struct generic_request *request)
{
	struct nl_msg *message;
	int family, err;

	err = genl_connect(socket);
	if (err)
		return to_errno(err);
	family = genl_ctrl_resolve(socket, request->family);
	if (family < 0)
		return to_errno(family);
	message = make(request, family);
	if (!message)
		return -ENOMEM;
	nl_socket_set_nonblocking(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, pass_on, (void *)(uintptr_t)request);
	err = nl_send_auto(socket, message);
	nlmsg_free(message);
	/* The acknowledgement, or the end of the dump, ends it. */
	return to_errno(err < 0 ? err : nl_recvmsgs_default(socket));
}

int generic_netlink_ask(const struct generic_request *request)
{
	struct nl_sock *socket = nl_socket_alloc();
	int err;

	if (!socket)
		return -ENOMEM;
	err = exchange(socket, request);
	nl_socket_free(socket);
	return err;
}

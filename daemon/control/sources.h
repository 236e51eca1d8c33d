/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.vmclock.Host that change the configuration: Reload, and sources by hand. */
#ifndef VMCLOCK_CONTROL_SOURCES_H
#define VMCLOCK_CONTROL_SOURCES_H

#include "connection.h"

/* Each returns the whole message to send; NULL: memory is out. Types of parameters are checked, but
 * for the members of an array. */
json_t *sources_reload(struct connection *c, const json_t *parameters);
json_t *sources_add(struct connection *c, const json_t *parameters);
json_t *sources_set(struct connection *c, const json_t *parameters);
json_t *sources_remove(struct connection *c, const json_t *parameters);

#endif

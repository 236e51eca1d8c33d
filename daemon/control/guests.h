/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.vmclock.Host about guests. */
#ifndef VMCLOCK_CONTROL_GUESTS_H
#define VMCLOCK_CONTROL_GUESTS_H

#include "connection.h"

/* Each returns the whole message to send; NULL: memory is out. Types of parameters are checked. */
json_t *guests_get(struct connection *c, const json_t *parameters);
json_t *guests_add(struct connection *c, const json_t *parameters);
json_t *guests_set(struct connection *c, const json_t *parameters);
json_t *guests_disrupt(struct connection *c, const json_t *parameters);
json_t *guests_remove(struct connection *c, const json_t *parameters);

#endif

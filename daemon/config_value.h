/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of the configuration: text to what the daemon computes with. */
#ifndef VMCLOCK_CONFIG_VALUE_H
#define VMCLOCK_CONFIG_VALUE_H

#include "config_key.h"

/*
 * Stores `text` into *base, a struct config or, for keys of a source, a struct config_source.
 * 0, or -EINVAL with `why` ("no unit; expected a time from 1 s to 1024 s") and *base unchanged.
 */
int config_value_set(const struct config_key *key, const char *text, void *base, char *why,
		     size_t why_size);

#endif

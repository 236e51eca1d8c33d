// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the kernel's answers about a clock and a DPLL, and as a driver's error bound. */
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/dpll.h"
#include "daemon/source/ethtool.h"
#include "daemon/source/phc_find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* From the heap, for the sanitizer to know where it ends. */
	void *message = malloc(size ? size : 1);
	struct dpll_device dpll;
	double error_ns = 0;
	int index, err;

	memcpy(message, data, size);
	index = ethtool_parse_tsinfo(message, size);
	if (index < 0 && index != -EBADMSG && index != -ENODEV)
		abort();
	if (!dpll_parse(message, size, &dpll) && !memchr(dpll.module, '\0', sizeof(dpll.module)))
		abort();
	err = phc_parse_error_bound(message, size, &error_ns);
	if (!err && !(error_ns >= 1 && error_ns < 0xffffffff))
		abort();
	free(message);
	return 0;
}

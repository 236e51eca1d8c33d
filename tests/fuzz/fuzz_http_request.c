// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes where an HTTP request should be: one of the answers there are, and nothing is read
 * beyond. */
#define _GNU_SOURCE /* memmem */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *request = malloc(size ? size : 1); /* its own, so that its end is guarded */
	bool head;
	int status;

	if (!request)
		return 0;
	if (size)
		memcpy(request, data, size);
	status = metrics_http_status(request, size, &head);
	if (status != 200 && status != 400 && status != 404 && status != 405)
		abort();
	if (status == 200 && !memmem(request, size, "/metrics", 8))
		abort();
	free(request);
	return 0;
}

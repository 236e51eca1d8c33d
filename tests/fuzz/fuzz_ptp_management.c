// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an answer of ptp4l: read to their end, never beyond. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/ptp_management.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* From the heap, for the sanitizer to know where it ends. */
	uint8_t *message = malloc(size ? size : 1);
	struct ptp_management answer;
	char text[PTP_IDENTITY_TEXT];
	int err;

	memcpy(message, data, size);
	err = ptp_management_parse(message, size, &answer);
	if (err && err != -EBADMSG && err != -ENOTSUP)
		abort();
	if (!err && answer.data_set == PTP_PARENT) {
		ptp_identity_format(answer.parent.identity, text);
		if (!(ptp_accuracy_ns(answer.parent.accuracy) >= 1))
			abort();
	}
	free(message);
	return 0;
}

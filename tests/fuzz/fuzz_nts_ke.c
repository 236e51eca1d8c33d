// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the response of a key establishment: sound, unfinished, or refused with a reason. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/nts_ke_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nts_ke_response response;
	char problem[NTS_KE_PROBLEM_SIZE] = "";
	int err = nts_ke_parse(data, size, false, &response, problem);

	if (err) {
		check(err == -EAGAIN || (err == -EBADMSG && problem[0]));
		check(nts_ke_parse(data, size, true, &response, problem) == -EBADMSG);
		check(problem[0] && strnlen(problem, sizeof(problem)) < sizeof(problem));
		return 0;
	}
	check(response.cookie_count >= 1 && response.cookie_count <= NTS_COOKIES_MAX);
	for (unsigned int i = 0; i < response.cookie_count; i++)
		check(response.cookies[i].length >= 1 &&
		      response.cookies[i].length <= NTS_COOKIE_MAX);
	check(strnlen(response.server, sizeof(response.server)) < sizeof(response.server));
	for (size_t part = 0; part < size; part += 1 + size / 16)
		check(nts_ke_parse(data, part, false, &response, problem) == -EAGAIN);
	return 0;
}

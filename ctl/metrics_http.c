// SPDX-License-Identifier: GPL-2.0-or-later
/* The first line of an HTTP request: all that matters of it to who serves one page. */
#include <stdbool.h>
#include <string.h>

#include "metrics.h"

/* Whether the text at *at begins with `word`, and a step over it if so. */
static bool take(const char **at, const char *end, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

int metrics_http_status(const char *request, size_t length, bool *head)
{
	const char *end = memchr(request, '\r', length);
	const char *at = request;
	const char *space;
	bool known;

	*head = false;
	if (!end)
		return 400;
	space = memchr(at, ' ', (size_t)(end - at));
	if (!space)
		return 400;
	*head = take(&at, end, "HEAD ");
	known = *head || take(&at, end, "GET ");
	at = space + 1;
	space = memchr(at, ' ', (size_t)(end - at));
	if (!space || end - space < 9 || memcmp(space, " HTTP/1.", 8) != 0)
		return 400;
	if (!known)
		return 405;
	if (!take(&at, space, "/metrics") || (at != space && *at != '?'))
		return 404;
	return 200;
}

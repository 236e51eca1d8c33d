// SPDX-License-Identifier: GPL-2.0-or-later
/* What hardware that latches the counter tells of a pulse: one line of text. */
#include "latch_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNCERTAINTY_MAX_TICKS 1e9
#define SECOND_MAX INT64_C(10000000000)

/* The next word, NUL-terminated in place; NULL at the end. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	size_t length = strcspn(word, " \t\r\n");

	if (!length)
		return NULL;
	*at = word + length;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

static bool read_counter(const char *word, uint64_t *out)
{
	bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	const char *digits = word + (hex ? 2 : 0);
	const char *allowed = hex ? "0123456789abcdefABCDEF" : "0123456789";
	char *end;

	if (!*digits || digits[strspn(digits, allowed)])
		return false;
	errno = 0;
	*out = strtoull(digits, &end, hex ? 16 : 10);
	return errno == 0;
}

static bool read_ticks(const char *word, double *out)
{
	char *end;

	if (word[strspn(word, "0123456789.")] || strlen(word) > 20)
		return false;
	*out = strtod(word, &end);
	return end != word && !*end && *out <= UNCERTAINTY_MAX_TICKS;
}

int latch_message_parse(const char *text, size_t length, struct latch_message *out)
{
	char copy[LATCH_MESSAGE_MAX + 1], *at = copy, *counter, *uncertainty, *second;
	uint64_t label;

	*out = (struct latch_message){0};
	if (length > LATCH_MESSAGE_MAX || memchr(text, '\0', length))
		return -EBADMSG;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (length && copy[length - 1] == '\n')
		copy[length - 1] = '\0';
	if (strchr(copy, '\n'))
		return -EBADMSG;
	counter = next_word(&at);
	uncertainty = counter ? next_word(&at) : NULL;
	second = uncertainty ? next_word(&at) : NULL;
	if (!counter || !read_counter(counter, &out->counter) || (second && next_word(&at)))
		return -EBADMSG;
	out->has_uncertainty = uncertainty && strcmp(uncertainty, "-");
	if (out->has_uncertainty && !read_ticks(uncertainty, &out->uncertainty_ticks))
		return -EBADMSG;
	if (!second)
		return 0;
	if (second[strspn(second, "0123456789")] || !read_counter(second, &label) ||
	    label > (uint64_t)SECOND_MAX)
		return -EBADMSG;
	out->labelled = true;
	out->second = (int64_t)label;
	return 0;
}

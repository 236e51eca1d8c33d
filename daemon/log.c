// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages for the operator, one write each, the same one at most once in ten seconds. */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 1024, RECENT_MAX = 16, REPEAT_AFTER_S = 10 };

/* A message printed lately; messages of the same hash modulo RECENT_MAX share a place. */
struct recent {
	uint64_t hash; /* 0: none */
	time_t printed_s;
	unsigned int held_back;
};

/* One for the process, as stderr is. */
static struct {
	bool to_journal;
	enum log_level most;
	struct recent recent[RECENT_MAX];
} logger = {.most = LOG_LEVEL_INFO};

/* The journal tells its services by JOURNAL_STREAM=DEVICE:INODE which stream is its own. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device;
	uintmax_t inode;
	struct stat status;

	return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void log_open(bool journal, enum log_level most)
{
	logger.to_journal = journal && stderr_is_journal();
	logger.most = most;
}

void log_set_journal(bool journal)
{
	logger.to_journal = journal && stderr_is_journal();
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		return "info";
	default:
		return "debug";
	}
}

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* Prints now? *repeats gets how often the same text was held back since it was printed. */
static bool is_due(const char *text, unsigned int *repeats)
{
	struct timespec now = {0};
	uint64_t hash = hash_text(text);
	struct recent *recent = &logger.recent[hash % RECENT_MAX];

	*repeats = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (recent->hash == hash && now.tv_sec - recent->printed_s < REPEAT_AFTER_S) {
		recent->held_back++;
		return false;
	}
	if (recent->hash == hash)
		*repeats = recent->held_back;
	*recent = (struct recent){.hash = hash, .printed_s = now.tv_sec};
	return true;
}

static void write_line(enum log_level level, const char *text, unsigned int repeats)
{
	char line[TEXT_MAX + 64];
	char prefix[32] = "";
	char suffix[32] = "";
	int length;
	ssize_t written;

	if (logger.to_journal)
		snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
	else
		snprintf(prefix, sizeof(prefix), "vmclockd: %s: ", level_name(level));
	if (repeats)
		snprintf(suffix, sizeof(suffix), " (and %u times more)", repeats);
	length = snprintf(line, sizeof(line), "%s%s%s\n", prefix, text, suffix);
	/* Nobody is left to be told when stderr fails. */
	written = write(STDERR_FILENO, line, (size_t)length);
	(void)written;
}

void log_message(enum log_level level, const char *format, ...)
{
	char text[TEXT_MAX];
	unsigned int repeats = 0;
	va_list arguments;

	if (level > logger.most)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (level == LOG_LEVEL_DEBUG || is_due(text, &repeats))
		write_line(level, text, repeats);
}

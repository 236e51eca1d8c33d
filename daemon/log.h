/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for the operator: stderr, with journal priorities where stderr is the journal. */
#ifndef VMCLOCK_LOG_H
#define VMCLOCK_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* journal: prefix "<N>" priorities. Messages less urgent than `most` are dropped. */
void log_open(bool journal, enum log_level most);

void log_set_journal(bool journal);

__attribute__((format(printf, 2, 3))) void log_message(enum log_level level, const char *format, ...);

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_message(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of its own for each test that works on files. */
#ifndef VMCLOCK_OWN_DIRECTORY_H
#define VMCLOCK_OWN_DIRECTORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[32];

/* cmocka set-up and tear-down functions; 0, or not. */
static inline int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/vmclock-test-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state)
{
	char command[48];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

#endif

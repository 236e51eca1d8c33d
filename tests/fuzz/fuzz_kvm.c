// SPDX-License-Identifier: GPL-2.0-or-later
/* What KVM and /proc say of a virtual machine: any bytes are refused, or a number that is there. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/publish/kvm_counter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It is the number that was read, whose digits are all there is beside '-' and zeros before it. */
static void check_number(const char *text, size_t size)
{
	char again[2][32];
	uint64_t value;
	const char *digits = text;

	if (kvm_counter_parse(text, size, &value))
		return;
	snprintf(again[0], sizeof(again[0]), "%" PRIu64 "\n", value);
	snprintf(again[1], sizeof(again[1]), "%" PRIu64 "\n", -value);
	digits += *text == '-';
	while (*digits == '0' && digits[1] != '\n')
		digits++;
	if (strncmp(digits, again[*text == '-'], size - (size_t)(digits - text)))
		abort();
}

/* A whole one, that nothing else is appended to. */
static void check_name(const char *text, size_t size)
{
	char name[KVM_NAME_MAX];

	if (!kvm_arguments_name(text, size, name) &&
	    (!name[0] || strnlen(name, sizeof(name)) == sizeof(name) || strchr(name, ',')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t value;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_number(text, size);
	check_name(text, size);
	kvm_parse_start(text, &value);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of NTP's symmetric keys, in the format that chronyd and ntpd know. */
#ifndef VMCLOCK_KEY_FILE_H
#define VMCLOCK_KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { NTP_KEY_SECRET_MAX = 512, KEY_FILE_BYTES_MAX = 1 << 16 };

enum ntp_key_type {
	NTP_KEY_SHA1,
	NTP_KEY_SHA256,
	NTP_KEY_SHA384,
	NTP_KEY_SHA512,
	NTP_KEY_AES128, /* CMAC, RFC 8573 */
	NTP_KEY_AES256,
	NTP_KEY_TYPES,
};

struct ntp_key {
	uint32_t id; /* 0: there is none */
	enum ntp_key_type type;
	size_t length;
	uint8_t secret[NTP_KEY_SECRET_MAX];
};

/*
 * Takes the whole text apart, "ID TYPE KEY" a line, and looks for key `id` in it: *out, whose id is
 * 0 when the text has no such key. 0, or -EINVAL: a line is wrong, whether or not it is the one
 * looked for; -ENOMEM. The message is "FILE:LINE: what is wrong; what was expected" and quotes no
 * secret.
 */
int key_file_parse(const char *text, size_t length, const char *file, uint32_t id,
		   struct ntp_key *out, char *message, size_t message_size);

/*
 * The same from the file at `path`. Also -EKEYREJECTED: others than its owner and its group
 * may read or write it; -errno: it cannot be read. A key that is not there is no fault here either.
 */
int key_file_find(const char *path, uint32_t id, struct ntp_key *out, char *message,
		  size_t message_size);

#endif

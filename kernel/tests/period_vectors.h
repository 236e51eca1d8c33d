/* SPDX-License-Identifier: GPL-2.0-only */
/* The periods that are just within limits, from exact fractions; made by a script: do not edit. */
#ifndef VMCLOCK_PERIOD_VECTORS_H
#define VMCLOCK_PERIOD_VECTORS_H

#include <linux/errno.h>
#include <linux/types.h>

static const struct limit_vector {
	u64 hz;
	u8 shift;
	u64 least;
	u64 most;
} limit_vectors[] = {
	{ 1, 0, 0xffbe76c8b4395811, 0xffffffffffffffff },
	{ 0x16e3600, 0, 0xb2c72be7d5, 0xb322cc2754 },
	{ 0x16e3600, 23, 0x596395f3ea147db3, 0x59916613aa7c0f3f },
	{ 0x16e3600, 24, 0xb2c72be7d428fb66, 0xb322cc2754f81e7e },
	{ 0x3b9aca00, 0, 0x44a698072, 0x44c9c73a1 },
	{ 0x3b9aca00, 28, 0x44a698071a2c68bb, 0x44c9c73a1c883cdc },
	{ 0x3b9aca00, 29, 0x894d300e3458d175, 0x89938e74391079b9 },
	{ 0x8f0d1030, 0, 0x1c9ac0e84, 0x1ca969e8e },
	{ 0x8f0d1030, 30, 0x726b03a0d9aea1cf, 0x72a5a7a3bc22cf3a },
	{ 0x8f0d1030, 31, 0xe4d60741b35d439d, 0xe54b4f4778459e75 },
	{ 0x12a05f200, 0, 0xdbaeb34a, 0xdc1f4a53 },
	{ 0x12a05f200, 31, 0x6dd759a4f6ad745e, 0x6e0fa529c7406161 },
	{ 0x12a05f200, 32, 0xdbaeb349ed5ae8bc, 0xdc1f4a538e80c2c2 },
	{ 0xffffffffff, 0, 0xffbe77, 0x1004189 },
	{ 0xffffffffff, 38, 0x3fef9db22d4e45a2, 0x4010624dd331ba5e },
	{ 0xffffffffff, 39, 0x7fdf3b645a9c8b44, 0x8020c49ba66374bc },
	{ 0xffffffffff, 40, 0xffbe76c8b5391688, 0xffffffffffffffff },
};

#endif

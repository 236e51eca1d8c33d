/* SPDX-License-Identifier: GPL-2.0-only */
/* What the line arithmetic has to give, from exact fractions; made by a script: do not edit. */
#ifndef VMCLOCK_LINE_VECTORS_H
#define VMCLOCK_LINE_VECTORS_H

#include <linux/errno.h>
#include <linux/types.h>

static const struct span_vector {
	u64 period;
	u8 shift;
	u64 ticks;
	u64 sec;
	u64 frac;
} span_vectors[] = {
	{ 0xffffffffffffffff, 0, 0, 0, 0 },
	{ 0xffffffffffffffff, 0, 1, 0, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0, 0xffffffffffffffff, 0xffffffffffffffff, 1 },
	{ 0xffffffffffffffff, 0, 0x80000000, 0x7fffffff, 0xffffffff80000000 },
	{ 0xffffffffffffffff, 0, 0xffffffff80000000, 0xffffffff80000000, 0x80000000 },
	{ 0xffffffffffffffff, 0, 0x4000000000000000, 0x3fffffffffffffff, 0xc000000000000000 },
	{ 0xffffffffffffffff, 0, 0xc000000000000000, 0xc000000000000000, 0x4000000000000000 },
	{ 0xffffffffffffffff, 0, 0x7fffffffffffffff, 0x7ffffffffffffffe, 0x8000000000000001 },
	{ 0xffffffffffffffff, 0, 0x8000000000000000, 0x8000000000000000, 0x8000000000000000 },
	{ 0xb2f4fc0794908cf2, 24, 0, 0, 0 },
	{ 0xb2f4fc0794908cf2, 24, 1, 0, 0xb2f4fc0794 },
	{ 0xb2f4fc0794908cf2, 24, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffff4d0b03f86b },
	{ 0xb2f4fc0794908cf2, 24, 0x80000000, 0x59, 0x7a7e03ca48467900 },
	{ 0xb2f4fc0794908cf2, 24, 0xffffffff80000000, 0xffffffffffffffa6, 0x8581fc35b7b98700 },
	{ 0xb2f4fc0794908cf2, 24, 0x4000000000000000, 0x2cbd3f01e5, 0x24233c8000000000 },
	{ 0xb2f4fc0794908cf2, 24, 0xc000000000000000, 0xffffffd342c0fe1a, 0xdbdcc38000000000 },
	{ 0xb2f4fc0794908cf2, 24, 0x7fffffffffffffff, 0x597a7e03ca, 0x4846784d0b03f86b },
	{ 0xb2f4fc0794908cf2, 24, 0x8000000000000000, 0xffffffa68581fc35, 0xb7b9870000000000 },
	{ 0xb7407f019e46321e, 31, 0, 0, 0 },
	{ 0xb7407f019e46321e, 31, 1, 0, 0x16e80fe03 },
	{ 0xb7407f019e46321e, 31, 0xffffffffffffffff, 0xffffffffffffffff, 0xfffffffe917f01fc },
	{ 0xb7407f019e46321e, 31, 0x80000000, 0, 0xb7407f019e46321e },
	{ 0xb7407f019e46321e, 31, 0xffffffff80000000, 0xffffffffffffffff, 0x48bf80fe61b9cde2 },
	{ 0xb7407f019e46321e, 31, 0x4000000000000000, 0x5ba03f80, 0xcf23190f00000000 },
	{ 0xb7407f019e46321e, 31, 0xc000000000000000, 0xffffffffa45fc07f, 0x30dce6f100000000 },
	{ 0xb7407f019e46321e, 31, 0x7fffffffffffffff, 0xb7407f01, 0x9e46321c917f01fc },
	{ 0xb7407f019e46321e, 31, 0x8000000000000000, 0xffffffff48bf80fe, 0x61b9cde200000000 },
	{ 1, 0, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 0, 0x4000000000000000, 0, 0x4000000000000000 },
	{ 1, 0, 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000000 },
	{ 1, 1, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 1, 0x4000000000000000, 0, 0x2000000000000000 },
	{ 1, 1, 0x8000000000000000, 0xffffffffffffffff, 0xc000000000000000 },
	{ 1, 31, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 31, 0x4000000000000000, 0, 0x80000000 },
	{ 1, 31, 0x8000000000000000, 0xffffffffffffffff, 0xffffffff00000000 },
	{ 1, 63, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 63, 0x4000000000000000, 0, 0 },
	{ 1, 63, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 64, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 64, 0x4000000000000000, 0, 0 },
	{ 1, 64, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 65, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 65, 0x4000000000000000, 0, 0 },
	{ 1, 65, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 126, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 126, 0x4000000000000000, 0, 0 },
	{ 1, 126, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 127, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 127, 0x4000000000000000, 0, 0 },
	{ 1, 127, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 128, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 128, 0x4000000000000000, 0, 0 },
	{ 1, 128, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 255, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 1, 255, 0x4000000000000000, 0, 0 },
	{ 1, 255, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x8000000000000000, 0, 0xffffffffffffffff, 0xffffffffffffffff, 0x8000000000000000 },
	{ 0x8000000000000000, 0, 0x4000000000000000, 0x2000000000000000, 0 },
	{ 0x8000000000000000, 0, 0x8000000000000000, 0xc000000000000000, 0 },
	{ 0x8000000000000000, 1, 0xffffffffffffffff, 0xffffffffffffffff, 0xc000000000000000 },
	{ 0x8000000000000000, 1, 0x4000000000000000, 0x1000000000000000, 0 },
	{ 0x8000000000000000, 1, 0x8000000000000000, 0xe000000000000000, 0 },
	{ 0x8000000000000000, 31, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffff00000000 },
	{ 0x8000000000000000, 31, 0x4000000000000000, 0x40000000, 0 },
	{ 0x8000000000000000, 31, 0x8000000000000000, 0xffffffff80000000, 0 },
	{ 0x8000000000000000, 63, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x8000000000000000, 63, 0x4000000000000000, 0, 0x4000000000000000 },
	{ 0x8000000000000000, 63, 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000000 },
	{ 0x8000000000000000, 64, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x8000000000000000, 64, 0x4000000000000000, 0, 0x2000000000000000 },
	{ 0x8000000000000000, 64, 0x8000000000000000, 0xffffffffffffffff, 0xc000000000000000 },
	{ 0x8000000000000000, 65, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x8000000000000000, 65, 0x4000000000000000, 0, 0x1000000000000000 },
	{ 0x8000000000000000, 65, 0x8000000000000000, 0xffffffffffffffff, 0xe000000000000000 },
	{
		0x8000000000000000, 126, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0x8000000000000000, 126, 0x4000000000000000, 0, 0 },
	{
		0x8000000000000000, 126, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{
		0x8000000000000000, 127, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0x8000000000000000, 127, 0x4000000000000000, 0, 0 },
	{
		0x8000000000000000, 127, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{
		0x8000000000000000, 128, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0x8000000000000000, 128, 0x4000000000000000, 0, 0 },
	{
		0x8000000000000000, 128, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{
		0x8000000000000000, 255, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0x8000000000000000, 255, 0x4000000000000000, 0, 0 },
	{
		0x8000000000000000, 255, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0xffffffffffffffff, 0, 0xffffffffffffffff, 0xffffffffffffffff, 1 },
	{ 0xffffffffffffffff, 0, 0x4000000000000000, 0x3fffffffffffffff, 0xc000000000000000 },
	{ 0xffffffffffffffff, 0, 0x8000000000000000, 0x8000000000000000, 0x8000000000000000 },
	{ 0xffffffffffffffff, 1, 0xffffffffffffffff, 0xffffffffffffffff, 0x8000000000000000 },
	{ 0xffffffffffffffff, 1, 0x4000000000000000, 0x1fffffffffffffff, 0xe000000000000000 },
	{ 0xffffffffffffffff, 1, 0x8000000000000000, 0xc000000000000000, 0x4000000000000000 },
	{ 0xffffffffffffffff, 31, 0xffffffffffffffff, 0xffffffffffffffff, 0xfffffffe00000000 },
	{ 0xffffffffffffffff, 31, 0x4000000000000000, 0x7fffffff, 0xffffffff80000000 },
	{ 0xffffffffffffffff, 31, 0x8000000000000000, 0xffffffff00000000, 0x100000000 },
	{ 0xffffffffffffffff, 63, 0xffffffffffffffff, 0xffffffffffffffff, 0xfffffffffffffffe },
	{ 0xffffffffffffffff, 63, 0x4000000000000000, 0, 0x7fffffffffffffff },
	{ 0xffffffffffffffff, 63, 0x8000000000000000, 0xffffffffffffffff, 1 },
	{ 0xffffffffffffffff, 64, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 64, 0x4000000000000000, 0, 0x3fffffffffffffff },
	{ 0xffffffffffffffff, 64, 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000000 },
	{ 0xffffffffffffffff, 65, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 65, 0x4000000000000000, 0, 0x1fffffffffffffff },
	{ 0xffffffffffffffff, 65, 0x8000000000000000, 0xffffffffffffffff, 0xc000000000000000 },
	{
		0xffffffffffffffff, 126, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0xffffffffffffffff, 126, 0x4000000000000000, 0, 0 },
	{
		0xffffffffffffffff, 126, 0x8000000000000000, 0xffffffffffffffff,
		0xfffffffffffffffe,
	},
	{
		0xffffffffffffffff, 127, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0xffffffffffffffff, 127, 0x4000000000000000, 0, 0 },
	{
		0xffffffffffffffff, 127, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{
		0xffffffffffffffff, 128, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0xffffffffffffffff, 128, 0x4000000000000000, 0, 0 },
	{
		0xffffffffffffffff, 128, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{
		0xffffffffffffffff, 255, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0xffffffffffffffff, 255, 0x4000000000000000, 0, 0 },
	{
		0xffffffffffffffff, 255, 0x8000000000000000, 0xffffffffffffffff,
		0xffffffffffffffff,
	},
	{ 0x1e54e9bc8a5c, 101, 0x80062e3fe85351d2, 0xffffffffffffffff, 0xffffffffffffff86 },
	{ 0x892f902bd23f0, 93, 0x80000001db208eb2, 0xffffffffffffffff, 0xffffffffffddb41b },
	{ 0x2c, 107, 0x8007b382e4823c41, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0xd95a944d1a22dd, 31, 0x80724c60b3e51820, 0xffffffffff276782, 0x10f7ff1bcd984ecb },
	{ 0x2579, 12, 0x81c4c68c87cf5ed6, 0xfffffffffffffffe, 0xd85c6b4280d29b8c },
	{ 0x6de24b65c740, 74, 0x800049dbcd48d699, 0xffffffffffffffff, 0xfffffff243be803f },
	{ 0x9df1547124, 26, 0x800000923a736994, 0xffffffffffffec41, 0xd588696c828d1908 },
	{ 0x18f135d25f5572, 15, 0x8000000000000000, 0xffffffe70eca2da0, 0xaa8e000000000000 },
	{ 0x220, 80, 0x8000000000000025, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x997b0f5a, 46, 0x800000018f45d441, 0xffffffffffffffff, 0xfffecd09e14fbd82 },
	{ 0x24c35ba, 126, 0x800000000000002b, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x4df25e7e24db25, 30, 0x8000035850c74418, 0xffffffffff641b47, 0x16a25b33d730a4de },
	{ 0xaf21f05d83a, 125, 0x800504be4bb5fa36, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x8ede0d, 87, 0x8000000000000000, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x33, 17, 0x8000000005fd7a0d, 0xffffffffffffffff, 0xfff34000000098bf },
	{ 0xb2715945795e82, 15, 0x80000000016729f6, 0xffffff4d8ea6ba88, 0x963267a14a397623 },
	{ 0x49, 72, 0x8000000000062c33, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x1e, 90, 0x80027194e4e0ac14, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x1e2f4600f, 73, 0x800000017a0ac3cc, 0xffffffffffffffff, 0xffffffffff8742e7 },
	{ 0, 20, 0x8000000000000e5f, 0, 0 },
};

static const struct at_vector {
	u64 period;
	u8 shift;
	u64 counter;
	u64 origin_sec;
	u64 origin_frac;
	u64 now;
	u64 sec;
	u64 frac;
} at_vectors[] = {
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0, 0x6b038200,
		0xffffffffffffffff,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 1, 0x6b038201,
		0x16e80fe02,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0xffffffffffffffff,
		0x6b038200, 0xfffffffe917f01fb,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0xb2d05e00, 0x6b038201,
		0xfffffffffffffffd,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0xffffffff4d2fa200,
		0x6b038200, 0,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0x4000000000000000,
		0xc6a3c181, 0xcf23190effffffff,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0xffffffffffffffff, 0xc000000000000000,
		0xf634280, 0x30dce6f0ffffffff,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 1, 0x6b038200,
		0xffffffffffffffff,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 2, 0x6b038201,
		0x16e80fe02,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 0, 0x6b038200,
		0xfffffffe917f01fb,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 0xb2d05e01, 0x6b038201,
		0xfffffffffffffffd,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 0xffffffff4d2fa201,
		0x6b038200, 0,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 0x4000000000000001,
		0xc6a3c181, 0xcf23190effffffff,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0xffffffffffffffff, 0xc000000000000001,
		0xf634280, 0x30dce6f0ffffffff,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff, 0,
		0x6b038201, 0x16e80fe02,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0xfffffffffffffffe, 0x6b038200, 0xfffffffe917f01fb,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0xb2d05dff, 0x6b038201, 0xfffffffffffffffd,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0xffffffff4d2fa1ff, 0x6b038200, 0,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0x3fffffffffffffff, 0xc6a3c181, 0xcf23190effffffff,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0xffffffffffffffff,
		0xbfffffffffffffff, 0xf634280, 0x30dce6f0ffffffff,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x8000000000000001, 0x6b038201, 0x16e80fe02,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x7fffffffffffffff, 0x6b038200, 0xfffffffe917f01fb,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x80000000b2d05e00, 0x6b038201, 0xfffffffffffffffd,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x7fffffff4d2fa200, 0x6b038200, 0,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0xc000000000000000, 0xc6a3c181, 0xcf23190effffffff,
	},
	{
		0xb7407f019e46321e, 31, 0x8000000000000000, 0x6b038200, 0xffffffffffffffff,
		0x4000000000000000, 0xf634280, 0x30dce6f0ffffffff,
	},
	{ 0xffffffffffffffff, 0, 0x10000000000, 0, 0, 0x10000000001, 0, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0, 0x10000000000, 0, 0, 0xffffffffff, 0xffffffffffffffff, 1 },
	{
		0xffffffffffffffff, 0, 0x10000000000, 0x7fffffffffffffff, 0xffffffffffffffff,
		0x10000000001, 0x8000000000000000, 0xfffffffffffffffe,
	},
	{
		0xffffffffffffffff, 0, 0x10000000000, 0x7fffffffffffffff, 0xffffffffffffffff,
		0xffffffffff, 0x7fffffffffffffff, 0,
	},
	{
		0xffffffffffffffff, 0, 0x10000000000, 0x8000000000000000, 0, 0x10000000001,
		0x8000000000000000, 0xffffffffffffffff,
	},
	{
		0xffffffffffffffff, 0, 0x10000000000, 0x8000000000000000, 0, 0xffffffffff,
		0x7fffffffffffffff, 1,
	},
	{
		0xffffffffffffffff, 0, 0x10000000000, 0xffffffffffffffff, 0xffffffffffffffff,
		0x10000000001, 0, 0xfffffffffffffffe,
	},
	{
		0xffffffffffffffff, 0, 0x10000000000, 0xffffffffffffffff, 0xffffffffffffffff,
		0xffffffffff, 0xffffffffffffffff, 0,
	},
};

static const struct span_ns_vector {
	u64 sec;
	u64 frac;
	u64 ns;
} span_ns_vectors[] = {
	{ 0, 0, 1 },
	{ 0, 1, 1 },
	{ 0, 0x44b82fa09, 1 },
	{ 0, 0x44b82fa0a, 2 },
	{ 0, 0xffffffffffffffff, 0x3b9aca00 },
	{ 1, 0, 0x3b9aca01 },
	{ 0xffffffff, 0xffffffffffffffff, 0x3b9aca0000000000 },
	{ 0x100000000, 0, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
	{ 0x11c, 0x81dc7e32a0000000, 0x423df46e32 },
	{ 0, 0x466d982c000000, 0x1065d8 },
	{ 0, 0x16f60000, 1 },
	{ 0, 0xa9f3e1513400, 0x2792 },
	{ 0, 0x544a46449, 2 },
	{ 0, 0x1a985185cf80000, 0x6312f7 },
	{ 1, 0xc4759482c000000, 0x3e76a830 },
	{ 0, 0x5e876600, 1 },
	{ 0x6dfa54, 0x5958621880000000, 0x199b30cedbac47 },
	{ 0, 0x6f7c000000, 0x1a },
};

static const struct growth_vector {
	u64 rate;
	u8 shift;
	u64 ticks;
	u64 ns;
} growth_vectors[] = {
	{ 0, 0, 0xffffffff80000000, 0 },
	{ 0, 0, 0x4000000000000000, 0 },
	{ 0, 0, 0xc000000000000000, 0 },
	{ 0, 0, 0x7fffffffffffffff, 0 },
	{ 0, 0, 0x8000000000000000, 0 },
	{ 0, 64, 0xffffffff80000000, 0 },
	{ 0, 64, 0x4000000000000000, 0 },
	{ 0, 64, 0xc000000000000000, 0 },
	{ 0, 64, 0x7fffffffffffffff, 0 },
	{ 0, 64, 0x8000000000000000, 0 },
	{ 0, 127, 0xffffffff80000000, 0 },
	{ 0, 127, 0x4000000000000000, 0 },
	{ 0, 127, 0xc000000000000000, 0 },
	{ 0, 127, 0x7fffffffffffffff, 0 },
	{ 0, 127, 0x8000000000000000, 0 },
	{ 0, 255, 0xffffffff80000000, 0 },
	{ 0, 255, 0x4000000000000000, 0 },
	{ 0, 255, 0xc000000000000000, 0 },
	{ 0, 255, 0x7fffffffffffffff, 0 },
	{ 0, 255, 0x8000000000000000, 0 },
	{ 1, 0, 0xffffffff80000000, 1 },
	{ 1, 0, 0x4000000000000000, 0xee6b280 },
	{ 1, 0, 0xc000000000000000, 0xee6b280 },
	{ 1, 0, 0x7fffffffffffffff, 0x1dcd6500 },
	{ 1, 0, 0x8000000000000000, 0x1dcd6500 },
	{ 1, 64, 0xffffffff80000000, 1 },
	{ 1, 64, 0x4000000000000000, 1 },
	{ 1, 64, 0xc000000000000000, 1 },
	{ 1, 64, 0x7fffffffffffffff, 1 },
	{ 1, 64, 0x8000000000000000, 1 },
	{ 1, 127, 0xffffffff80000000, 1 },
	{ 1, 127, 0x4000000000000000, 1 },
	{ 1, 127, 0xc000000000000000, 1 },
	{ 1, 127, 0x7fffffffffffffff, 1 },
	{ 1, 127, 0x8000000000000000, 1 },
	{ 1, 255, 0xffffffff80000000, 1 },
	{ 1, 255, 0x4000000000000000, 1 },
	{ 1, 255, 0xc000000000000000, 1 },
	{ 1, 255, 0x7fffffffffffffff, 1 },
	{ 1, 255, 0x8000000000000000, 1 },
	{ 0xffffffffffffffff, 0, 0xffffffff80000000, 0x1dcd650000000000 },
	{ 0xffffffffffffffff, 0, 0x4000000000000000, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0, 0xc000000000000000, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0, 0x7fffffffffffffff, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 0, 0x8000000000000000, 0xffffffffffffffff },
	{ 0xffffffffffffffff, 64, 0xffffffff80000000, 1 },
	{ 0xffffffffffffffff, 64, 0x4000000000000000, 0xee6b280 },
	{ 0xffffffffffffffff, 64, 0xc000000000000000, 0xee6b280 },
	{ 0xffffffffffffffff, 64, 0x7fffffffffffffff, 0x1dcd6500 },
	{ 0xffffffffffffffff, 64, 0x8000000000000000, 0x1dcd6500 },
	{ 0xffffffffffffffff, 127, 0xffffffff80000000, 1 },
	{ 0xffffffffffffffff, 127, 0x4000000000000000, 1 },
	{ 0xffffffffffffffff, 127, 0xc000000000000000, 1 },
	{ 0xffffffffffffffff, 127, 0x7fffffffffffffff, 1 },
	{ 0xffffffffffffffff, 127, 0x8000000000000000, 1 },
	{ 0xffffffffffffffff, 255, 0xffffffff80000000, 1 },
	{ 0xffffffffffffffff, 255, 0x4000000000000000, 1 },
	{ 0xffffffffffffffff, 255, 0xc000000000000000, 1 },
	{ 0xffffffffffffffff, 255, 0x7fffffffffffffff, 1 },
	{ 0xffffffffffffffff, 255, 0x8000000000000000, 1 },
	{ 0xc0275149a39, 31, 0, 0 },
	{ 0xc0275149a39, 31, 1, 1 },
	{ 0xc0275149a39, 31, 0xffffffffffffffff, 1 },
	{ 0xc0275149a39, 31, 0x80000000, 0x2cc },
	{ 0xc0275149a39, 31, 0xffffffff80000000, 0x2cc },
	{ 0xc0275149a39, 31, 0x4000000000000000, 0x165e9f80f2a },
	{ 0xc0275149a39, 31, 0xc000000000000000, 0x165e9f80f2a },
	{ 0xc0275149a39, 31, 0x7fffffffffffffff, 0x2cbd3f01e53 },
	{ 0xc0275149a39, 31, 0x8000000000000000, 0x2cbd3f01e53 },
	{ 0x44b82fa09fffff, 20, 1, 2 },
	{ 0x44b82fa09fffff, 20, 0xffffffffffffffff, 2 },
	{ 0x32728656b311b, 123, 0x80cd06d10d44c19a, 1 },
	{ 0x44f6c5f4c, 112, 0x8000000000038488, 1 },
	{ 0x6bacc2ecce4a, 0, 0x80026b94c7f9118b, 0xffffffffffffffff },
	{ 0xba2b145fe5dc9c8, 18, 0x800000000000353c, 0xffffffffffffffff },
	{ 0xa268aa87, 88, 0x8000000000000005, 1 },
	{ 0, 119, 0x8000000000f7b92d, 0 },
	{ 0x1272712d0afe4, 87, 0x8000000000000002, 1 },
	{ 0xb12aa1f6d42, 5, 0x800000000003cdcf, 0xffffffffffffffff },
	{ 0x1615089ca4b0f7cd, 76, 0x801492c6d45f4fe1, 0x291b },
	{ 0x6c37a07b, 93, 0x800000000001561a, 1 },
	{ 0xe423c, 57, 0x800000cfbf33609c, 1 },
	{ 0x7a9, 58, 0x8000000000000001, 1 },
	{ 0x1764627eab60c4b1, 7, 0x8000000000000004, 0xffffffffffffffff },
	{ 0x3192b, 114, 0x80000000000efe09, 1 },
	{ 0x3e5e7, 20, 0x80000000d137c449, 0x742bceb },
	{ 0x64b6a, 52, 0x1fc2d0a17b8f2ab5, 1 },
	{ 0xe8c14, 21, 0x800152384873ab57, 0xd8c2d9e },
	{ 0x31bb8a03f4, 122, 0x800000000000005b, 1 },
	{ 0x28b1a3, 22, 0x8000000000003c8d, 0x12f31713 },
	{ 0x19b052539da46c, 40, 0x8000fe3c9c8f2b85, 0x2fd8fb756cc },
};

static const struct convert_vector {
	u64 period;
	u8 shift;
	u64 counter;
	u64 sec;
	u64 frac;
	u64 est;
	u64 max;
	u64 ratio;
	u8 frac_bits;
	u64 offset;
	int rc;
	u64 guest_counter;
	u64 guest_period;
	u8 guest_shift;
	u64 guest_sec;
	u64 guest_frac;
	u64 guest_est;
	u64 guest_max;
} convert_vectors[] = {
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 1, 0, 0xff6e5d4c3b2a1909, 0, 0x91a2b3c4d5e6f8,
		0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 1, 0, 0x8000000000000001, 0, 0x8000000000000000,
		0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 1, 0, 0, 0, 0, 0xb7407f019e46321e, 31, 0x6b038200,
		0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x100000000, 32, 0xff6e5d4c3b2a1909, 0,
		0x91a2b3c4d5e6f8, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x100000000, 32, 0x8000000000000001, 0,
		0x8000000000000000, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x100000000, 32, 0, 0, 0, 0xb7407f019e46321e, 31, 0x6b038200,
		0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x1000000000000, 48, 0xff6e5d4c3b2a1909, 0,
		0x91a2b3c4d5e6f8, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x1000000000000, 48, 0x8000000000000001, 0,
		0x8000000000000000, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x1000000000000, 48, 0, 0, 0, 0xb7407f019e46321e, 31, 0x6b038200,
		0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x8000000000000000, 63, 0xff6e5d4c3b2a1909, 0,
		0x91a2b3c4d5e6f8, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x8000000000000000, 63, 0x8000000000000001, 0,
		0x8000000000000000, 0xb7407f019e46321e, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x8000000000000000, 63, 0, 0, 0, 0xb7407f019e46321e, 31,
		0x6b038200, 0x89abcdef01234567, 0x3130fa2f8, 0xc0275149a3a,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xcccccccc, 32, 0xff6e5d4c3b2a1909, 0,
		0x57619f0eca8642, 0xe5109ec2eae85d68, 31, 0x6b038200, 0x89abcdeeb35b85d2,
		0x3d7d38bba, 0xf031259cfcc,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xcccccccc, 32, 0x8000000000000001, 0,
		0x4ccccccc00000000, 0xe5109ec2eae85d68, 31, 0x6b038200, 0x89abcdeea58305e5,
		0x3d7d38bba, 0xf031259cfcc,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xcccccccc, 32, 0, 0, 0, 0xe5109ec2eae85d68, 31, 0x6b038200,
		0x89abcdef01234567, 0x3d7d38bba, 0xf031259cfcc,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xcccccccccccc, 48, 0xff6e5d4c3b2a1909, 0,
		0x57619f0fb389ab, 0xe5109ec205d8a3b6, 31, 0x6b038200, 0x89abcded3ebec7d9,
		0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xcccccccccccc, 48, 0x8000000000000001, 0,
		0x4ccccccccccc0000, 0xe5109ec205d8a3b6, 31, 0x6b038200, 0x89abcdeea58305e7,
		0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xcccccccccccc, 48, 0, 0, 0, 0xe5109ec205d8a3b6, 31, 0x6b038200,
		0x89abcdef01234567, 0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x6666666666666666, 63, 0xff6e5d4c3b2a1909, 0,
		0x57619f0fb38a94, 0xe5109ec205d7bea6, 31, 0x6b038200, 0x89abcded38a307e1,
		0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x6666666666666666, 63, 0x8000000000000001, 0,
		0x4ccccccccccccccc, 0xe5109ec205d7bea6, 31, 0x6b038200, 0x89abcdeea58305e7,
		0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x6666666666666666, 63, 0, 0, 0, 0xe5109ec205d7bea6, 31,
		0x6b038200, 0x89abcdef01234567, 0x3d7d38bb7, 0xf031259c0c9,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x18aaac736, 32, 0xff6e5d4c3b2a1909, 0,
		0x12f686c54320fed, 0xedbb63237876d87d, 32, 0x6b038200, 0x89abcdeed663f66b,
		0x3fd0d13f4, 0xf947b15efaf,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x18aaac736, 32, 0x8000000000000001, 0,
		0xaaac735ffffffff, 0xedbb63237876d87d, 32, 0x6b038200, 0x89abcdee942d7d24,
		0x3fd0d13f4, 0xf947b15efaf,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x18aaac736, 32, 0, 0, 0, 0xedbb63237876d87d, 32, 0x6b038200,
		0x89abcdef01234567, 0x3fd0d13f4, 0xf947b15efaf,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x18aaac7361517, 48, 0xff6e5d4c3b2a1909, 0,
		0x12f686c544a0ec9, 0xedbb63236bc2b328, 32, 0x6b038200, 0x89abcdee291c3b3e,
		0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x18aaac7361517, 48, 0x8000000000000001, 0,
		0xaaac7361516ffff, 0xedbb63236bc2b328, 32, 0x6b038200, 0x89abcdee942d7d24,
		0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x18aaac7361517, 48, 0, 0, 0, 0xedbb63236bc2b328, 32, 0x6b038200,
		0x89abcdef01234567, 0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xc555639b0a8bcff8, 63, 0xff6e5d4c3b2a1909, 0,
		0x12f686c544a0f7f, 0xedbb63236bc252d1, 32, 0x6b038200, 0x89abcdee2f7325fe,
		0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xc555639b0a8bcff8, 63, 0x8000000000000001, 0,
		0xaaac73615179fef, 0xedbb63236bc252d1, 32, 0x6b038200, 0x89abcdee942d7d24,
		0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xc555639b0a8bcff8, 63, 0, 0, 0, 0xedbb63236bc252d1, 32,
		0x6b038200, 0x89abcdef01234567, 0x3fd0d13f3, 0xf947b15eeda,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 1, 63, 0xff6e5d4c3b2a1909, -ERANGE, 0, 0, 0, 0, 0, 0,
		0,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 1, 63, 0x8000000000000001, -ERANGE, 0, 0, 0, 0, 0, 0,
		0,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 1, 63, 0, -ERANGE, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 3, 63, 0xff6e5d4c3b2a1909, -ERANGE, 0, 0, 0, 0, 0, 0,
		0,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 3, 63, 0x8000000000000001, -ERANGE, 0, 0, 0, 0, 0, 0,
		0,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 3, 63, 0, -ERANGE, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 63, 0xff6e5d4c3b2a1909, 0,
		0x1b4e81b4e81b4e6, 0xb7407f019e46321f, 32, 0x6b038200, 0x89abcdee4b83c664,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 63, 0x8000000000000001, 0,
		0x7ffffffffffffffd, 0xb7407f019e46321f, 32, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xffffffffffffffff, 63, 0, 0, 0, 0xb7407f019e46321f, 32,
		0x6b038200, 0x89abcdef01234567, 0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 48, 0xff6e5d4c3b2a1909, 0,
		0x44d5e6f8091917e5, 0xb7407f019e46321f, 47, 0x6b038200, 0x89abcdef01223a44,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 48, 0x8000000000000001, 0,
		0x7ffffffffffe0001, 0xb7407f019e46321f, 47, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xffffffffffffffff, 48, 0, 0, 0, 0xb7407f019e46321f, 47,
		0x6b038200, 0x89abcdef01234567, 0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 0, 0xff6e5d4c3b2a1909, 0,
		0xfe4b17e4b17e4b1a, 0xb7407f019e46321f, 95, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0xffffffffffffffff, 0, 0x8000000000000001, 0,
		0x8000000000000002, 0xb7407f019e46321f, 95, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0xffffffffffffffff, 0, 0, 0, 0, 0xb7407f019e46321f, 95, 0x6b038200,
		0x89abcdef01234567, 0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0x123456789abcdef, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x7fffffffffffffff, 63, 0xff6e5d4c3b2a1909, 0,
		0x91a2b3c4d5e6f7, 0xb7407f019e46321f, 31, 0x6b038200, 0x89abcded95e44760,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0xffffffffffffffff, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f8, 0xc0275149a39, 0x7fffffffffffffff, 63, 0x8000000000000001, 0,
		0x7ffffffffffffffe, 0xb7407f019e46321f, 31, 0x6b038200, 0x89abcdef01234567,
		0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 0, 0x6b038200, 0x89abcdef01234567, 0x3130fa2f8,
		0xc0275149a39, 0x7fffffffffffffff, 63, 0, 0, 0, 0xb7407f019e46321f, 31,
		0x6b038200, 0x89abcdef01234567, 0x3130fa2f9, 0xc0275149a3b,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0x89abcdef01234567, 0, 0, 0, 0, 0, -EINVAL,
		0, 0, 0, 0, 0, 0, 0,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 64, 0,
		-EINVAL, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0xb7407f019e46321e, 31, 1, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 255, 0,
		-EINVAL, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0, 0, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, -ERANGE, 0, 0, 0, 0, 0, 0,
		0,
	},
	{
		1, 128, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, -ERANGE, 0, 0, 0, 0, 0,
		0, 0,
	},
	{
		1, 127, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, -ERANGE, 0, 0, 0, 0, 0,
		0, 0,
	},
	{
		1, 64, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, 0, 5, 0x8000000000000000,
		127, 0x6b038200, 0x89abcdef01234567, 0, 1,
	},
	{
		1, 63, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, 0, 5, 0x8000000000000000,
		126, 0x6b038200, 0x89abcdef01234567, 0, 1,
	},
	{
		0xffffffffffffffff, 127, 5, 0x6b038200, 0x89abcdef01234567, 0, 0, 1, 0, 0, 0, 5,
		0xffffffffffffffff, 127, 0x6b038200, 0x89abcdef01234567, 0, 1,
	},
	{
		0xffffffffffffffff, 0, 7, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0xffffffffffffffff, 0, 0, 0,
		0, 1,
	},
	{ 0xffffffffffffffff, 0, 7, 0, 0, 0, 0, 1, 1, 0, -ERANGE, 0, 0, 0, 0, 0, 0, 0 },
	{ 0x8000000000000000, 0, 7, 0, 0, 0, 0, 1, 1, 0, -ERANGE, 0, 0, 0, 0, 0, 0, 0 },
	{
		0x8000000000000000, 127, 7, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0x8000000000000000, 127, 0,
		0, 0, 1,
	},
	{ 0x8000000000000000, 127, 7, 0, 0, 0, 0, 2, 0, 0, -ERANGE, 0, 0, 0, 0, 0, 0, 0 },
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 0xffffffffffffffff, 0,
		0x1000000000000, 48, 0, 0, 9, 0x8000000000000000, 20, 0x6b038200,
		0x89abcdef01234567, 0xffffffffffffffff, 1,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 0, 0xfffffffffffffffe,
		0x1000000000000, 48, 0, 0, 9, 0x8000000000000000, 20, 0x6b038200,
		0x89abcdef01234567, 0, 0xffffffffffffffff,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 0, 0xffffffffffffffff,
		0x1000000000000, 48, 0, 0, 9, 0x8000000000000000, 20, 0x6b038200,
		0x89abcdef01234567, 0, 0xffffffffffffffff,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 1, 1, 0x1000000000000,
		48, 0, 0, 9, 0x8000000000000000, 20, 0x6b038200, 0x89abcdef01234567, 1, 2,
	},
	{
		0xffffffffffffffff, 20, 9, 0x6b038200, 0x89abcdef01234567, 1, 1, 0x1800000000000,
		48, 0, 0, 0xd, 0xaaaaaaaaaaaaaaaa, 20, 0x6b038200, 0x89abc899abcdf012, 1, 2,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 1, 1, 0x1800000000000,
		48, 0, 0, 0xd, 0xaaaaaaaaaaaaaaab, 21, 0x6b038200, 0x89abcb4456789abd, 2, 3,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 0x8000000000000000, 0,
		0xffffffffffff, 48, 0, 0, 8, 0x8000000000008000, 20, 0x6b038200,
		0x89abc5ef01234568, 0x8000000000008001, 1,
	},
	{
		0x8000000000000000, 20, 9, 0x6b038200, 0x89abcdef01234567, 0xffffffffffffffff, 0,
		0xffffffffffff, 48, 0, 0, 8, 0x8000000000008000, 20, 0x6b038200,
		0x89abc5ef01234568, 0xffffffffffffffff, 1,
	},
	{
		5, 38, 0xd39630d69c9011ef, 0x54215e0c796f74ad, 0xfaf55496988af3fb, 0xb3689d,
		0x8c5c715, 0x1d2b66082bd3, 17, 0xfc8e80b36f0e2289, 0, 0x8aa2a3db468b2625,
		0xaf86911e1091072b, 127, 0x54215e0c796f74ad, 0xfaf55496988af3fb,
		0xffffffffffffffff, 0xffffffffffffffff,
	},
	{
		0x63bd89e9b, 23, 0x3678bc8d40783f0a, 0x61c042503d93fd4c, 0x804c25d64affdcd1,
		0x29b, 0x6b44680, 0x747b7, 58, 0x9556585ea997f351, 0, 0x9556585ea9fb1736,
		0xdb349e4c6134b318, 13, 0x61c042503d93fd4c, 0x804b5a84b91822bc, 0x5b9e81ace9,
		0xebbf69b19938af,
	},
	{
		0x73b, 84, 0x8825ae562179b37d, 0x264ebc682b33599, 0x8604871926debfdb, 0xe1580,
		0x20370, 3, 15, 0xfcf31ca8e752fdf, 0, 0xfd262aca479f8b9, 0x9a40000000000000, 123,
		0x264ebc682b33599, 0x8604871926debfdb, 0xffffffffffffffff, 0xffffffffffffffff,
	},
	{
		5, 33, 0x8f6f915fe21b37ca, 0x237204c830f97058, 0x3f9d52f90e8bec94, 0xc5b2e75a,
		0xe7839a5903, 0xe4ddf9b9c28ee9, 56, 0x9ccea098535b6a43, 0, 0x1d0a5d4dd18ac942,
		0xb2f7ef9580cdfc7f, 94, 0x237204c830f97058, 0x3f9d52f90e8bec94,
		0xffffffffffffffff, 0xffffffffffffffff,
	},
	{
		0x40b5f7037d, 55, 0x8216858f73ccef03, 0x40fe034f7a609683, 0xceaf4915888564e8,
		0x1fb, 0x479e2, 0x39489adeeb85, 53, 0x6471fde41f229dd0, 0, 0x655add2a49c81a69,
		0x909894bd95d17c97, 73, 0x40fe034f7a609683, 0xceaf4915888564e8, 0x46ce3b1df,
		0xa007870e16c,
	},
	{
		0x287206aa389753, 50, 0x12b80aed6da79a87, 0x645803f74d82feac, 0xab6286cd3672d6ae,
		0x1cb470c, 0, 0x2065d668124d, 59, 0xbf268ea03836e865, 0, 0xbf26da6ead253c3b,
		0x9fcb917ca30d4ed8, 46, 0x645803f74d82feac, 0xab6286cd3672001f, 0x7168d837a, 1,
	},
	{
		0x607, 82, 0xfd68373b29acf1a5, 0x14aaeb783945336b, 0xd51b1815aaf719f3, 0, 0x35ec6,
		0xa315c8a4b6963, 46, 0x5685d62404fcd555, -ERANGE, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0x75, 22, 0x54dd0ba5626467ba, 0x4191cf7a4ba2e161, 0x9fb9af5084768b8c, 0x41d5725,
		0x7592, 0x702d9f09fc609, 10, 0x459c945c43fc0527, 0, 0x696cc4188fb69707,
		0x85807a3c978a8665, 119, 0x4191cf7a4ba2e161, 0x9fb9af5084768b8c,
		0xffffffffffffffff, 0xffffffffffffffff,
	},
	{
		0x1cfd1f3ec15, 54, 0x212a8d9bc17a9262, 0x74a93534d97e967b, 0x6c18d982d1dcec53,
		0x68d, 0, 0xa772e6ef669d1, 35, 0xccb1c51d0eba0ea8, 0, 0x172f98c22e8aecc1,
		0xb14664bcc28b5fdd, 93, 0x74a93534d97e967b, 0x6c18d982d1dcec53, 0x280f5c02c, 1,
	},
	{
		0xbb, 29, 0xf037afc644d82a53, 0x669bc40716ac4191, 0xa26aa0ae044f1574, 0x1570,
		0x87661ec, 0x5e97, 53, 0xea59679aed3a32a8, 0, 0xea59679af00043c3,
		0xfd0ce88a734c3c02, 47, 0x669bc40716ac4191, 0xa26aa0ae044ede65,
		0xffffffffffffffff, 0xffffffffffffffff,
	},
	{
		0x9f27f52c4493, 25, 0xb5a432cf86e3e726, 0x7c0f2a6e1c0502c6, 0xf02905313d0a270b,
		0x10c2e47b4a, 6, 0x1385355c69, 37, 0x8005ce74721888ff, 0, 0xeed36df758f5103c,
		0x827418784a12b83c, 40, 0x7c0f2a6e1c0502c6, 0xf02905313cc9a2c5, 0xdbd1010f1687b,
		0x4eb00,
	},
	{
		0xb62b631, 64, 0x4a65651cdbde747, 0x1f6dc9009758340, 0x401d68fbfe977c56, 0xbbab2,
		0xf31, 0x39391dce77a27, 55, 0x7eb86c57a81100a1, 0, 0x7ed9aeb128eb638b,
		0xcbbe6140ee8d7222, 95, 0x1f6dc9009758340, 0x401d68fbfe977c56, 0xd1e4d5d3eb2cf7,
		0x10fd923eeb82d,
	},
	{
		0x356b, 84, 0xb00fd7bb4ecadea2, 0x2bddbecb3ac4da9a, 0xfb81392137161c16, 0x6a885d8,
		0, 0xdec6823fb5d, 1, 0xa01d616f121ae3e6, -ERANGE, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0xe13e213f, 75, 0xe2ec40a29ca862d, 0x30c0bbffd75d6769, 0xaa4c5c6015a0cce6, 0x81,
		0x1f, 0xeb3d6ab217, 20, 0x72218fdc44df96ff, 0, 0xc255ebd5ab7154a0,
		0xf51edaabae60756d, 127, 0x30c0bbffd75d6769, 0xaa4c5c6015a0cce6, 0x8c62644567,
		0x21bc5b91ad,
	},
	{
		0x10d8f, 62, 0xfc2325a9f8fdd208, 0x468c0083e940bb4, 0x52d31e1b8c0d0033, 0x1c,
		0xb6922, 0x55d9, 10, 0x4767e1fa79823eb2, 0, 0x6ac13511a997b79e,
		0xc8f52db27d983624, 114, 0x468c0083e940bb4, 0x52d31e1b8c0d0033, 0x14dfcab23ef8d7,
		0xffffffffffffffff,
	},
	{
		0x53f864cf41, 51, 0xc6b789ef81365acc, 0x6894e83343a08f06, 0x17420e940144702b, 0,
		0, 0x132d66b, 29, 0x95e8c93e15a0a8ae, 0, 0x9d5a37d8f80b2965, 0x8c1da43495424d20,
		71, 0x6894e83343a08f06, 0x17420e940144702b, 0, 1,
	},
	{
		0x10ef1ee85ea5, 96, 0xc3a9e88963b759f5, 0x3f41a482fc173498, 0xb87e4e2b537d9128,
		0x122ff2f, 0, 0x59bc1d3e5def, 2, 0xafbc9ca9d38f8c45, -ERANGE, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0x6623c9ebd, 30, 0xab7798807fa22f7, 0x7ad16c3c5c57532b, 0xa31a49dd22126540, 0,
		0x33ffc1523b, 0x110196803, 62, 0xd935344387ee7b, 0, 0xd935347117f413,
		0xc0316a4955b906d2, 29, 0x7ad16c3c5c57532b, 0xa31a49db9ae82897, 0,
		0xffffffffffffffff,
	},
	{
		0xcc35e83474fa95, 84, 0x8902dafce5d9fe81, 0x874568086a74a63, 0xa8c7d9e01789819f,
		0, 0x67947b2f2, 0x10fee7ef3, 26, 0xbd65680c3b1185d9, 0, 0x1fd002bd36849702,
		0xc03f1b9581e4a7bf, 98, 0x874568086a74a63, 0xa8c7d9e01789819f, 0, 0x6182f69f7af,
	},
	{
		0x3f, 83, 0x61ef7bd1d874bc79, 0x57835e7be91457db, 0x7aa068f113a5397f,
		0x622c1397a4, 0x50ff5, 0x2661923804f5, 42, 0xa6caf4a341023aed, -ERANGE, 0, 0, 0,
		0, 0, 0, 0,
	},
};

#endif

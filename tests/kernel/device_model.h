/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that are nearly right, and what the driver must say to each. */
#ifndef VMCLOCK_DEVICE_MODEL_H
#define VMCLOCK_DEVICE_MODEL_H

#include <stddef.h>

#include "harness.h"

#define FUZZ_GUESTS 4 /* as many as guests_max allows while there is a model */
#define UNPREDICTED (-1) /* too close to a limit to say */

enum {
	GET_INFO,
	SET_REFERENCE,
	GET_REFERENCE,
	GET_SNAPSHOT,
	DISRUPT,
	CREATE_GUEST,
	LIST_GUESTS,
	GUEST_SET,
	CALLS
};

/* Where the structure is. */
enum place {
	WRITABLE,
	READ_ONLY,
	CUT_OFF, /* its end is not there */
	NOWHERE
};

/* A structure, and a tail behind it. */
union request {
	__u32 size;
	struct vmclock_host_info info;
	struct vmclock_host_reference ref;
	struct vmclock_host_state state;
	struct vmclock_host_snapshot snapshot;
	struct vmclock_host_disrupt disrupt;
	struct vmclock_guest_config config;
	struct vmclock_host_guests list;
	unsigned char bytes[4096];
};

/* What one thread knows and has. */
struct fuzz {
	uint64_t seed;
	uint64_t hz;
	int snapshot_errno; /* what GET_SNAPSHOT gives on this machine */
	union request request;
	int writer;
	int reader;
	int eventfd;
	char *pinnable; /* a page */
	char *read_only; /* one that is not writable */
	struct vmclock_host_guest *entries; /* room for a list */
	int guests[FUZZ_GUESTS]; /* descriptors, or -1 */
	uint32_t ids[FUZZ_GUESTS];
};

/* On which descriptor. */
enum through {
	WRITER,
	READER,
	GUEST
};

struct call {
	int number;
	enum through through;
	enum place place;
	size_t there; /* CUT_OFF: so many bytes are */
};

/* A generator of our own, for the same sequence everywhere. */
uint64_t fuzz_next(struct fuzz *f);
unsigned int fuzz_below(struct fuzz *f, unsigned int limit);
bool fuzz_one_in(struct fuzz *f, unsigned int n);

/* How many bytes of the structure this kernel knows. */
size_t fuzz_known_size(int number);

/* Fills the request; one in two has some bit or byte that is not as it should be. */
void fuzz_prepare(struct fuzz *f, int number);

/* The errno that this call must give now, 0, or UNPREDICTED. */
int fuzz_predict(const struct fuzz *f, const struct call *call);

/* Of f->guests. */
int fuzz_count(const struct fuzz *f, uint32_t after_id);

#endif

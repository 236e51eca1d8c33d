/* SPDX-License-Identifier: MIT */
/*
 * libvmclock: keep a vmclock page in a file that applications and VMMs map.
 *
 * Functions return 0 or a negative errno. One writer at a time; not for use by several threads.
 */
#ifndef VMCLOCK_WRITER_H
#define VMCLOCK_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "vmclock.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vmclock_writer;

/* What a page says; always TAI. Units as in the page. */
struct vmclock_reference {
	uint64_t counter_value;
	uint64_t counter_period_frac_sec; /* s / 2^(64 + counter_period_shift) per tick; not 0 */
	uint64_t period_esterror;	  /* same unit */
	uint64_t period_maxerror;	  /* same unit */
	uint64_t time_sec;		  /* TAI */
	uint64_t time_frac_sec;		  /* s / 2^64 */
	uint64_t time_esterror_nanosec;
	uint64_t time_maxerror_nanosec;
	uint64_t flags;		      /* VMCLOCK_FLAG_*: which of these are valid, TIME_MONOTONIC,
				       * DISRUPTION_*; no others */
	int16_t tai_offset_sec;	      /* UTC - TAI: -37 in 2017 */
	uint8_t counter_period_shift; /* at most 127 */
	uint8_t leap_indicator;	      /* VMCLOCK_LEAP_* */
	uint8_t smearing_hint;	      /* VMCLOCK_SMEARING_* */
	uint8_t clock_status;	      /* VMCLOCK_STATUS_* */
	bool disrupt;		      /* change the disruption marker; the time may step back */
};

/*
 * Opens the page file for writing, or creates it (0644, all at once: nobody can map half of one).
 * A page that is there is continued in place, because others have it mapped. One that a dead writer
 * left in mid-update is repaired from PATH.journal; where that cannot be, or the page is not of
 * this boot or lies in the counter's future, it becomes UNRELIABLE with a new disruption marker.
 * A page for another counter becomes UNRELIABLE and a new file takes its place.
 *
 * counter_id: VMCLOCK_COUNTER_*; read_counter reads that counter, ordered with the memory accesses
 * before and after it.
 *
 * -EBUSY: another writer has it; -ELOOP: a symbolic link; -EEXIST: something that is no vmclock
 * page; -EPERM: the file belongs to somebody else, or has several names; -ENAMETOOLONG; or -errno
 * of the system call that failed.
 */
int vmclock_writer_open(const char *path, uint8_t counter_id, uint64_t (*read_counter)(void),
			struct vmclock_writer **out);

/*
 * The same for a guest's page: references go on to be told by this machine's counter, the page by
 * the guest's, as vmclock_convert() does it. -EINVAL: a scale out of range.
 */
int vmclock_writer_open_guest(const char *path, uint8_t counter_id, uint64_t (*read_counter)(void),
			      const struct vmclock_scale *scale, struct vmclock_writer **out);

/*
 * A page in memory of the caller's, for a VMM: 4096 bytes (size is at least that) of the guest's
 * RAM or of a device's, aligned to 4096, until vmclock_writer_close(). Whatever is there becomes a
 * page that says UNRELIABLE, with a new disruption marker. Nothing there is ever read back, so that
 * a guest that writes to it harms only itself. vmclock_page_downgrade() is not for such pages: a
 * guest does not outlive its VMM. -EINVAL: size, alignment or scale; -ENOMEM.
 */
int vmclock_writer_open_memory(void *memory, size_t size, uint8_t counter_id,
			       uint64_t (*read_counter)(void), const struct vmclock_scale *scale,
			       struct vmclock_writer **out);

/*
 * What the host's page says now, for the guest. A new disruption marker there is one here; to be
 * called after each vmclock_wait(host, ...), and after vmclock_writer_rescale().
 * -ENODATA: the host has no time, and the guest's page says UNRELIABLE; -EXDEV: the host's page is
 * not TAI by the writer's counter; -ETIMEDOUT: the host's page is half written, and the guest's
 * stays as it is; or as vmclock_writer_publish().
 */
int vmclock_writer_relay(struct vmclock_writer *writer, struct vmclock *host);

/*
 * Of a page in memory: announce(context) is called after each update, this call included, and the
 * page says VMCLOCK_FLAG_NOTIFICATION_PRESENT: the VMM then interrupts the guest. NULL takes that
 * back; the update that does so is announced too. -EINVAL: a page in a file.
 */
int vmclock_writer_announce(struct vmclock_writer *writer, void (*announce)(void *context),
			    void *context);

/* The guest's counter is another one from the next publication on, which is one with `disrupt`,
 * since the line before cannot be continued. -EINVAL: out of range; nothing changes then. */
int vmclock_writer_rescale(struct vmclock_writer *writer, const struct vmclock_scale *scale);

/*
 * The guest's counter is no longer what it was, and nobody knows yet what it is: the page says
 * UNRELIABLE at once, with a new disruption marker, without a line and without warnings. It does so
 * until the next publication, before which vmclock_writer_rescale() says what the counter is.
 */
void vmclock_writer_disrupt(struct vmclock_writer *writer);

/*
 * VMCLOCK_FLAG_DISRUPTION_SOON, _IMMINENT, both or 0, on the page at once and with each reference
 * from then on, beside those of the reference. Not continued by the next writer. -EINVAL: others.
 */
int vmclock_writer_warn(struct vmclock_writer *writer, uint64_t warning);

/*
 * The page has this vm_generation_counter from now on; the next writer continues it. A guest that
 * was loaded from a snapshot, or cloned, needs one that it never had, and vmclock_writer_disrupt().
 */
void vmclock_writer_set_generation(struct vmclock_writer *writer, uint64_t generation);

/* The page stays as it is. */
void vmclock_writer_close(struct vmclock_writer *writer);

/* The reference in force, as the page has it (a guest's by the guest's counter), as far as it is of
 * this boot and counter; -ENODATA: none. `disrupt` is false in it. */
int vmclock_writer_current(const struct vmclock_writer *writer, struct vmclock_reference *out);

/*
 * Publishes. If the new line is behind the one in force at this moment, and one of the two says
 * TIME_MONOTONIC, it is raised to it; what that took is added to the maximum error and returned in
 * *raised_ns (may be NULL; never negative).
 * Only with `disrupt` may the time step back instead: the marker changes, and TIME_MONOTONIC is
 * clear until the next update.
 *
 * -ESTALE: it would have to be raised by more than splice_max_ns, or its counter value is more than
 * 2^62 ticks old; -EINVAL: a flag, status, leap indicator or hint that is not defined, or flags
 * that a page file cannot hold to (NOTIFICATION_PRESENT, VM_GEN_COUNTER_PRESENT); -ERANGE: period
 * 0, shift above 127, a guest's line that its page cannot hold, time before 1970 or after 2242, TAI
 * offset beyond 1000 s, counter value more than 1 ms in the future. After an error nothing has
 * changed.
 */
int vmclock_writer_publish(struct vmclock_writer *writer, const struct vmclock_reference *reference,
			   uint64_t splice_max_ns, double *raised_ns);

/*
 * After a writer's death: a SYNCHRONIZED page becomes `clock_status`, FREERUNNING or UNRELIABLE;
 * one left in mid-update is repaired as by vmclock_writer_open(). -EBUSY: its writer lives;
 * -ENOENT: no page; -EINVAL: another status.
 */
int vmclock_page_downgrade(const char *path, uint8_t clock_status);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * libvmclock: hand a reference on, from host to host with a live migration, or over a kexec.
 *
 * What travels is one structure of fixed layout, which says what a page said and by which counter
 * value it was taken. Functions return 0 or a negative errno. vmclock_export(3) says more.
 */
#ifndef VMCLOCK_EXPORT_H
#define VMCLOCK_EXPORT_H

#include "vmclock_writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VMCLOCK_EXPORT_MAGIC 0x45434d56 /* "VMCE" */
#define VMCLOCK_EXPORT_VERSION 1

/* Little endian throughout, as in a page; units as there. Reserved fields are zero. */
struct vmclock_export {
	__le32 magic;
	__le16 version;
	__le16 size; /* of this structure: 120 */
	__le32 crc;  /* CRC-32 (IEEE 802.3) of all of it with this field zero */
	__u8 counter_id;
	__u8 clock_status; /* SYNCHRONIZED or FREERUNNING */
	__u8 leap_indicator;
	__u8 smearing_hint;
	__le64 flags; /* of the page; both MAXERROR_VALID are set */
	__le16 tai_offset_sec;
	__u8 counter_period_shift; /* at most 127 */
	__u8 reserved[5];
	__le64 exported_at; /* the counter when it was exported; not before counter_value */
	__le64 counter_value;
	__le64 counter_period_frac_sec; /* not 0 */
	__le64 period_esterror;
	__le64 period_maxerror;
	__le64 time_sec; /* TAI */
	__le64 time_frac_sec;
	__le64 time_esterror_nanosec;
	__le64 time_maxerror_nanosec;
	__le64 disruption_marker;
	__le64 vm_generation_counter;
};

/* How it arrived. */
struct vmclock_arrival {
	/* The counter of the importing side, now. */
	uint64_t counter_now;
	/*
	 * It is the one that the export is by, and has counted on ever since: after a kexec. The
	 * rest is then not looked at.
	 */
	bool same_counter;
	/* Else how much time has passed since the export: between these two, in ns. */
	uint64_t elapsed_min_ns;
	uint64_t elapsed_max_ns; /* at most 2^53 */
	/* And how this side's counter goes, as in a page, with the bound of that. */
	uint64_t counter_period_frac_sec;
	uint64_t period_maxerror;
	uint8_t counter_period_shift;
};

/*
 * page: a consistent copy, of the host's page or of a guest's; counter: the counter that it is by,
 * read just before or after. -ENODATA: the page has no time, or gives no maximum errors, so that
 * nothing could be said of what arrives; -EXDEV: it is not TAI; -ERANGE: a counter value before
 * that of the page, or a page that makes no sense.
 */
int vmclock_export(const struct vmclock_abi *page, uint64_t counter, struct vmclock_export *out);

/*
 * What came from elsewhere is an export: size, magic, version, sum and ranges. *out is a copy.
 * -EMSGSIZE: not 120 bytes; -EPROTO: no export, or of another version; -EBADMSG: damaged, or a
 * value out of range.
 */
int vmclock_export_check(const void *data, size_t size, struct vmclock_export *out);

/*
 * The reference to begin with on the importing side, until there is a better one: FREERUNNING, by
 * that side's counter, and wider by what is not known of the way. With another counter it is
 * marked as a disruption, and says nothing of UTC if a leap second is near; with the same one it
 * goes on unchanged. For a guest, the writer's scale turns it into the guest's counter as usual.
 * -ESTALE: with the same counter, it is behind the export, or more than 2^62 ticks ahead: it
 * started again; -EINVAL: elapsed times in the wrong order or too long, or a period of 0; -ERANGE:
 * the errors cannot be held by a page.
 */
int vmclock_import(const struct vmclock_export *from, const struct vmclock_arrival *how,
		   struct vmclock_reference *out);

#ifdef __cplusplus
}
#endif

#endif

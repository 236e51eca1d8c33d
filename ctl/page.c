// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl page: every field of a page, raw and in words. */
#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "driver.h"
#include "format.h"
#include "member.h"
#include "page_open.h"

struct flag_name {
	uint64_t bit;
	const char *name;
};

static const struct flag_name flag_names[] = {
	{VMCLOCK_FLAG_TAI_OFFSET_VALID, "TAI_OFFSET_VALID"},
	{VMCLOCK_FLAG_DISRUPTION_SOON, "DISRUPTION_SOON"},
	{VMCLOCK_FLAG_DISRUPTION_IMMINENT, "DISRUPTION_IMMINENT"},
	{VMCLOCK_FLAG_PERIOD_ESTERROR_VALID, "PERIOD_ESTERROR_VALID"},
	{VMCLOCK_FLAG_PERIOD_MAXERROR_VALID, "PERIOD_MAXERROR_VALID"},
	{VMCLOCK_FLAG_TIME_ESTERROR_VALID, "TIME_ESTERROR_VALID"},
	{VMCLOCK_FLAG_TIME_MAXERROR_VALID, "TIME_MAXERROR_VALID"},
	{VMCLOCK_FLAG_TIME_MONOTONIC, "TIME_MONOTONIC"},
	{VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT, "VM_GEN_COUNTER_PRESENT"},
	{VMCLOCK_FLAG_NOTIFICATION_PRESENT, "NOTIFICATION_PRESENT"},
};

static const char *counter_name(uint8_t id)
{
	switch (id) {
	case VMCLOCK_COUNTER_ARM_VCNT:
		return "Arm virtual counter";
	case VMCLOCK_COUNTER_X86_TSC:
		return "x86 TSC";
	case VMCLOCK_COUNTER_INVALID:
		return "none that a reader could know";
	default:
		return "unknown";
	}
}

static const char *time_type_name(uint8_t type)
{
	static const char *const names[] = {"UTC", "TAI", "MONOTONIC", "smeared (reserved)",
					    "maybe smeared (reserved)"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

static const char *smearing_name(uint8_t hint)
{
	static const char *const names[] = {"strict", "noon to noon, linear", "UTC-SLS"};

	return hint < sizeof(names) / sizeof(names[0]) ? names[hint] : "unknown";
}

/* Names of the bits set; those without a name as a number. */
static void flags_text(char *out, size_t size, uint64_t flags)
{
	size_t used = 0;
	size_t i;

	out[0] = '\0';
	for (i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if (!(flags & flag_names[i].bit))
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
					 flag_names[i].name);
		flags &= ~flag_names[i].bit;
	}
	if (flags)
		snprintf(out + used, size - used, "%sunknown:0x%" PRIx64, used ? " " : "", flags);
}

static double period_ns(const struct vmclock_abi *page)
{
	return ldexp((double)le64toh(page->counter_period_frac_sec),
		     -64 - page->counter_period_shift) *
	       1e9;
}

/* A rate error relative to the period, in ppb; NAN where the page says that it gives none. */
static double rate_error_ppb(const struct vmclock_abi *page, uint64_t error, uint64_t valid_flag)
{
	double period = (double)le64toh(page->counter_period_frac_sec);

	if (!(le64toh(page->flags) & valid_flag) || period <= 0)
		return (double)NAN;
	return (double)error / period * 1e9;
}

static double time_error_ns(const struct vmclock_abi *page, uint64_t error, uint64_t valid_flag)
{
	return le64toh(page->flags) & valid_flag ? (double)error : (double)NAN;
}

static int64_t fraction_ns(uint64_t frac)
{
	return (int64_t)(((unsigned __int128)frac * 1000000000) >> 64);
}

/* A reference time that a date can show; 0: out of its range. */
static int64_t reference_ns(const struct vmclock_abi *page)
{
	uint64_t sec = le64toh(page->time_sec);

	if (sec >= INT64_MAX / 1000000000)
		return 0;
	return (int64_t)sec * 1000000000 + fraction_ns(le64toh(page->time_frac_sec));
}

__attribute__((format(printf, 3, 4))) static void field(const char *name, const char *meaning,
							const char *format, ...)
{
	char value[48];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	printf("%-38s %-20s %s\n", name, value, meaning);
}

static void rate_field(const struct vmclock_abi *page, const char *name, uint64_t value,
		       uint64_t flag)
{
	struct text rate;
	double ppb = rate_error_ppb(page, value, flag);

	format_rate_size(&rate, ppb);
	field(name, isnan(ppb) ? "not valid" : rate.text, "0x%" PRIx64, value);
}

static void error_field(const struct vmclock_abi *page, const char *name, uint64_t value,
			uint64_t flag)
{
	double ns = time_error_ns(page, value, flag);
	struct text text;

	format_time(&text, ns);
	field(name, isnan(ns) ? "not valid" : text.text, "%" PRIu64, value);
}

static void print_constant(const struct vmclock_abi *page)
{
	char magic[5];

	memcpy(magic, &page->magic, 4);
	magic[4] = '\0';
	field("magic", magic, "0x%08x", le32toh(page->magic));
	field("size", "bytes", "%u", le32toh(page->size));
	field("version", "", "%u", le16toh(page->version));
	field("counter_id", counter_name(page->counter_id), "%u", page->counter_id);
	field("time_type", time_type_name(page->time_type), "%u", page->time_type);
}

static void print_state(const struct vmclock_abi *page)
{
	bool tai = le64toh(page->flags) & VMCLOCK_FLAG_TAI_OFFSET_VALID;
	char flags[300];

	flags_text(flags, sizeof(flags), le64toh(page->flags));
	field("seq_count", "", "%u", le32toh(page->seq_count));
	field("disruption_marker", "", "%" PRIu64, (uint64_t)le64toh(page->disruption_marker));
	field("flags", flags, "0x%" PRIx64, (uint64_t)le64toh(page->flags));
	field("clock_status", page_status_name(page->clock_status), "%u", page->clock_status);
	field("leap_second_smearing_hint", smearing_name(page->leap_second_smearing_hint), "%u",
	      page->leap_second_smearing_hint);
	field("tai_offset_sec", tai ? "seconds, UTC - TAI" : "not valid", "%d",
	      (int16_t)le16toh(page->tai_offset_sec));
	field("leap_indicator", page_leap_name(page->leap_indicator), "%u", page->leap_indicator);
}

static void print_period(const struct vmclock_abi *page)
{
	double ns = period_ns(page);
	struct text hz;
	char period[100];

	snprintf(period, sizeof(period), "%.12g ns, %s", ns,
		 format_frequency(&hz, ns > 0 ? 1e9 / ns : (double)NAN));
	field("counter_period_shift", "bits", "%u", page->counter_period_shift);
	field("counter_value", "", "%" PRIu64, (uint64_t)le64toh(page->counter_value));
	field("counter_period_frac_sec", period, "0x%" PRIx64,
	      (uint64_t)le64toh(page->counter_period_frac_sec));
	rate_field(page, "counter_period_esterror_rate_frac_sec",
		   le64toh(page->counter_period_esterror_rate_frac_sec),
		   VMCLOCK_FLAG_PERIOD_ESTERROR_VALID);
	rate_field(page, "counter_period_maxerror_rate_frac_sec",
		   le64toh(page->counter_period_maxerror_rate_frac_sec),
		   VMCLOCK_FLAG_PERIOD_MAXERROR_VALID);
}

static void print_reference(const struct vmclock_abi *page)
{
	bool present = le64toh(page->flags) & VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT;
	struct text date;

	field("time_sec", format_date(&date, reference_ns(page)), "%" PRIu64,
	      (uint64_t)le64toh(page->time_sec));
	field("time_frac_sec", "", "0x%" PRIx64, (uint64_t)le64toh(page->time_frac_sec));
	error_field(page, "time_esterror_nanosec", le64toh(page->time_esterror_nanosec),
		    VMCLOCK_FLAG_TIME_ESTERROR_VALID);
	error_field(page, "time_maxerror_nanosec", le64toh(page->time_maxerror_nanosec),
		    VMCLOCK_FLAG_TIME_MAXERROR_VALID);
	field("vm_generation_counter", present ? "" : "not present", "%" PRIu64,
	      (uint64_t)le64toh(page->vm_generation_counter));
}

static json_t *unsigned_json(uint64_t value)
{
	struct text text;

	snprintf(text.text, sizeof(text.text), "%" PRIu64, value);
	return json_string(text.text);
}

static json_t *number_json(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *raw_json(const struct vmclock_abi *page)
{
	return json_pack(
		"{s:I, s:I, s:i, s:i, s:i, s:I, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, "
		"s:o, s:o, s:o, s:o}",
		"magic", (json_int_t)le32toh(page->magic), "size", (json_int_t)le32toh(page->size),
		"version", (int)le16toh(page->version), "counter_id", (int)page->counter_id,
		"time_type", (int)page->time_type, "seq_count",
		(json_int_t)le32toh(page->seq_count), "disruption_marker",
		unsigned_json(le64toh(page->disruption_marker)), "flags",
		unsigned_json(le64toh(page->flags)), "clock_status", (int)page->clock_status,
		"leap_second_smearing_hint", (int)page->leap_second_smearing_hint, "tai_offset_sec",
		(int)(int16_t)le16toh(page->tai_offset_sec), "leap_indicator",
		(int)page->leap_indicator, "counter_period_shift", (int)page->counter_period_shift,
		"counter_value", unsigned_json(le64toh(page->counter_value)),
		"counter_period_frac_sec", unsigned_json(le64toh(page->counter_period_frac_sec)),
		"counter_period_esterror_rate_frac_sec",
		unsigned_json(le64toh(page->counter_period_esterror_rate_frac_sec)),
		"counter_period_maxerror_rate_frac_sec",
		unsigned_json(le64toh(page->counter_period_maxerror_rate_frac_sec)),
		"time_esterror_nanosec", unsigned_json(le64toh(page->time_esterror_nanosec)),
		"time_maxerror_nanosec", unsigned_json(le64toh(page->time_maxerror_nanosec)),
		"vm_generation_counter", unsigned_json(le64toh(page->vm_generation_counter)));
}

static json_t *decoded_json(const struct vmclock_abi *page)
{
	char flags[300];

	flags_text(flags, sizeof(flags), le64toh(page->flags));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "status",
		page_status_name(page->clock_status), "flag_names", flags, "counter_name",
		counter_name(page->counter_id), "time_type_name", time_type_name(page->time_type),
		"time_sec", unsigned_json(le64toh(page->time_sec)), "time_ns",
		(json_int_t)reference_ns(page), "time_frac_sec",
		unsigned_json(le64toh(page->time_frac_sec)), "period_ns",
		number_json(period_ns(page)), "est_rate_error_ppb",
		number_json(rate_error_ppb(page,
					   le64toh(page->counter_period_esterror_rate_frac_sec),
					   VMCLOCK_FLAG_PERIOD_ESTERROR_VALID)),
		"max_rate_error_ppb",
		number_json(rate_error_ppb(page,
					   le64toh(page->counter_period_maxerror_rate_frac_sec),
					   VMCLOCK_FLAG_PERIOD_MAXERROR_VALID)),
		"est_error_ns",
		number_json(time_error_ns(page, le64toh(page->time_esterror_nanosec),
					  VMCLOCK_FLAG_TIME_ESTERROR_VALID)),
		"max_error_ns",
		number_json(time_error_ns(page, le64toh(page->time_maxerror_nanosec),
					  VMCLOCK_FLAG_TIME_MAXERROR_VALID)));
}

static void print_page_json(const struct vmclock_abi *page, const struct vmclock_host_state *driver)
{
	json_t *json = raw_json(page);
	json_t *decoded = decoded_json(page);

	if (json && decoded)
		json_object_update(json, decoded);
	json_object_set_new(json, "driver", driver_json(driver));
	print_json(json, false);
	json_decref(json);
	json_decref(decoded);
}

int page_run(const struct options *options)
{
	struct vmclock_abi page;
	struct vmclock_host_state state;
	struct vmclock *clock;
	bool driver;
	int rc;

	if (page_open(options, true, &clock))
		return CTL_ERROR;
	rc = vmclock_read_page(clock, &page);
	vmclock_close(clock);
	if (rc)
		return page_explain(options, rc);
	driver = driver_asked(options->argument, &page, &state);
	if (options->json) {
		print_page_json(&page, driver ? &state : NULL);
		return CTL_FINE;
	}
	print_constant(&page);
	print_state(&page);
	print_period(&page);
	print_reference(&page);
	if (driver)
		driver_print(&state);
	return CTL_FINE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon knows, as JSON: the types of org.vmclock.Host.
 *
 * Every member that the interface names is always there; what is not known, not finite or out of
 * range is null. All functions return NULL only when memory is out.
 */
#ifndef VMCLOCK_CONTROL_REPORT_H
#define VMCLOCK_CONTROL_REPORT_H

#include <stdint.h>

#include <jansson.h>

#include "../daemon.h"

/* When the report is made, on both clocks that it is made from. */
struct report_moment {
	int64_t now_ns; /* CLOCK_MONOTONIC */
	uint64_t counter;
};

json_t *report_status(const struct daemon *daemon, const struct report_moment *moment);
json_t *report_sources(const struct daemon *daemon, const struct report_moment *moment);
/* Names of settings, "[page] file", that wait for a restart. */
json_t *report_waiting_settings(const struct daemon *daemon);
/* Arrays of Guest, and of DriverGuest: none where there is no driver. */
json_t *report_guests(const struct guest_pages *guests);
json_t *report_driver_guests(const struct page_kernel *page);

/* Names that the interface gives to states: they never change, whatever messages call them. */
const char *report_clock_status(enum discipline_status status);
const char *report_source_state(enum source_state state);

/* The building blocks. A string that is not UTF-8 has its odd bytes replaced by '?'. */
json_t *report_number(double value);
json_t *report_count(uint64_t value);
json_t *report_counter(uint64_t value);
json_t *report_text(const char *text);
/* Seconds from then_ns to now_ns; null for then_ns == 0, which says never. */
json_t *report_age(int64_t then_ns, int64_t now_ns);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon, and the driver for others, know of guests, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loop.h"
#include "../publish/kernel_guests.h"
#include "report.h"

static const char *status_word(uint8_t status)
{
	switch (status) {
	case VMCLOCK_STATUS_SYNCHRONIZED:
		return "synchronized";
	case VMCLOCK_STATUS_FREERUNNING:
		return "freerunning";
	case VMCLOCK_STATUS_UNRELIABLE:
		return "unreliable";
	default:
		return "unknown";
	}
}

static json_t *text_if(bool known, uint64_t value)
{
	return known ? report_counter(value) : json_null();
}

static json_t *report_guest(const struct guest_pages *g, const struct guest_page *guest)
{
	const struct guest_facts *facts = &guest->facts;
	bool known = facts->known;
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", g->home.directory, guest->name);
	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:s}",
			 "name", guest->name, "page", report_text(path), "kept",
			 known && guest->writer && !guest->error, "offset",
			 text_if(known, facts->scale.offset), "ratio",
			 text_if(known, facts->scale.ratio), "frac_bits",
			 known ? json_integer(facts->scale.frac_bits) : json_null(), "vm",
			 facts->vm[0] ? json_string(facts->vm) : json_null(), "status",
			 status_word(guest_page_status(guest)), "why", report_text(facts->why),
			 "warning", guest_text_warning(facts->warning), "generation",
			 text_if(facts->has_generation, facts->generation), "writes",
			 report_count(guest->writes), "update_age_s",
			 report_age(guest->updated_ns, loop_now_ns()), "problem",
			 guest->error ? strerror(-guest->error) : "");
}

json_t *report_guests(const struct guest_pages *g)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < g->count; i++) {
		if (json_array_append_new(list, report_guest(g, &g->guests[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *report_driver_guest(const struct vmclock_host_guest *guest)
{
	bool known = guest->ratio != 0;

	return json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "id", (json_int_t)guest->id,
		"creator_pid", guest->creator_pid ? json_integer(guest->creator_pid) : json_null(),
		"offset", text_if(known, guest->offset), "ratio", text_if(known, guest->ratio),
		"frac_bits", known ? json_integer(guest->frac_bits) : json_null(), "status",
		status_word(guest->clock_status), "generation",
		text_if(guest->vm_generation_counter, guest->vm_generation_counter), "marker",
		report_counter(guest->disruption_marker));
}

json_t *report_driver_guests(const struct page_kernel *page)
{
	struct vmclock_host_guest *entries = calloc(VMCLOCK_HOST_LIST_MAX, sizeof(*entries));
	json_t *list = entries ? json_array() : NULL;
	unsigned int count = 0;

	if (list)
		kernel_guests_list(page, entries, VMCLOCK_HOST_LIST_MAX, &count);
	for (unsigned int i = 0; list && i < count; i++) {
		if (json_array_append_new(list, report_driver_guest(&entries[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	free(entries);
	return list;
}

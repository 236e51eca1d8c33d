// SPDX-License-Identifier: GPL-2.0-or-later
/* PTP management messages: the questions to a ptp4l, and its answers. */
#include "ptp_management.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where things are in a message: the common header, the management header, then one TLV. */
enum {
	AT_LENGTH = 2,
	AT_DOMAIN = 4,
	AT_SOURCE_PORT = 28,
	AT_SEQUENCE = 30,
	AT_CONTROL = 32,
	AT_INTERVAL = 33,
	AT_TARGET = 34,
	TARGET_SIZE = 10,
	AT_ACTION = 46,
	AT_TLV = 48,
	AT_TLV_LENGTH = 50,
	AT_ID = 52,
	AT_DATA = 54,
};

enum {
	TYPE_MANAGEMENT = 0xd,
	VERSION = 2,
	CONTROL_MANAGEMENT = 4,
	INTERVAL_NONE = 0x7f,
	ACTION_RESPONSE = 2,
	TLV_MANAGEMENT = 1,
	ID_SIZE = 2,
};

/* Flags of the time properties. */
enum {
	LEAP_61 = 1 << 0,
	LEAP_59 = 1 << 1,
	UTC_OFFSET_VALID = 1 << 2,
	PTP_TIMESCALE = 1 << 3,
	TIME_TRACEABLE = 1 << 4,
};

static const struct {
	uint16_t id;
	uint8_t size;
} data_sets[] = {
	[PTP_PORT] = {0x2004, 26},	  [PTP_CURRENT] = {0x2001, 18},
	[PTP_PARENT] = {0x2002, 32},	  [PTP_TIME_PROPERTIES] = {0x2003, 4},
	[PTP_TIME_STATUS] = {0xc000, 50},
};

static void put_16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t get_16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_32(const uint8_t *at)
{
	return (uint32_t)get_16(at) << 16 | get_16(at + 2);
}

static int64_t get_64(const uint8_t *at)
{
	return (int64_t)((uint64_t)get_32(at) << 32 | get_32(at + 4));
}

void ptp_management_encode(uint8_t out[PTP_MANAGEMENT_REQUEST_SIZE], enum ptp_data_set data_set,
			   uint8_t domain, uint8_t standard, uint16_t sequence)
{
	memset(out, 0, PTP_MANAGEMENT_REQUEST_SIZE);
	out[0] = (uint8_t)(standard << 4 | TYPE_MANAGEMENT);
	out[1] = VERSION;
	put_16(out + AT_LENGTH, PTP_MANAGEMENT_REQUEST_SIZE);
	out[AT_DOMAIN] = domain;
	put_16(out + AT_SOURCE_PORT, 1);
	put_16(out + AT_SEQUENCE, sequence);
	out[AT_CONTROL] = CONTROL_MANAGEMENT;
	out[AT_INTERVAL] = INTERVAL_NONE;
	memset(out + AT_TARGET, 0xff, TARGET_SIZE); /* all; the hops stay 0 */
	put_16(out + AT_TLV, TLV_MANAGEMENT);
	put_16(out + AT_TLV_LENGTH, ID_SIZE);
	put_16(out + AT_ID, data_sets[data_set].id);
}

static void parse_port(const uint8_t *data, struct ptp_port *out)
{
	int8_t log_interval = (int8_t)data[22];

	*out = (struct ptp_port){
		.state = data[10],
		.sync_interval_s =
			log_interval == INTERVAL_NONE ? INFINITY : ldexp(1, log_interval),
	};
}

static void parse_current(const uint8_t *data, struct ptp_current *out)
{
	*out = (struct ptp_current){
		.steps_removed = get_16(data),
		/* offsetFromMaster comes between; both are in 2^-16 ns */
		.mean_path_delay_ns = (double)get_64(data + 10) / 65536,
	};
}

static void parse_parent(const uint8_t *data, struct ptp_parent *out)
{
	out->clock_class = data[19];
	out->accuracy = data[20];
	memcpy(out->identity, data + 24, PTP_IDENTITY_SIZE);
}

static void parse_properties(const uint8_t *data, struct ptp_time_properties *out)
{
	uint8_t flags = data[2];

	*out = (struct ptp_time_properties){
		.utc_offset_s = (int16_t)get_16(data),
		.utc_offset_valid = flags & UTC_OFFSET_VALID,
		.leap_59 = flags & LEAP_59,
		.leap_61 = flags & LEAP_61,
		.time_traceable = flags & TIME_TRACEABLE,
		.ptp_timescale = flags & PTP_TIMESCALE,
	};
}

static void parse_status(const uint8_t *data, struct ptp_time_status *out)
{
	*out = (struct ptp_time_status){
		.offset_ns = get_64(data),
		.ingress_ns = get_64(data + 8),
		.following = get_32(data + 38) != 0,
	};
}

static bool is_answer(const uint8_t *data, size_t size)
{
	return size >= AT_DATA && (data[0] & 0xf) == TYPE_MANAGEMENT &&
	       (data[1] & 0xf) == VERSION && get_16(data + AT_LENGTH) >= AT_DATA &&
	       get_16(data + AT_LENGTH) <= size && (data[AT_ACTION] & 0xf) == ACTION_RESPONSE;
}

static int find_data_set(const uint8_t *data, size_t length)
{
	for (int i = 0; i < PTP_DATA_SETS; i++)
		if (get_16(data + AT_ID) == data_sets[i].id &&
		    get_16(data + AT_TLV_LENGTH) >= ID_SIZE + data_sets[i].size &&
		    length >= AT_DATA + (size_t)data_sets[i].size)
			return i;
	return -1;
}

int ptp_management_parse(const uint8_t *data, size_t size, struct ptp_management *out)
{
	int data_set;

	if (!is_answer(data, size))
		return -EBADMSG;
	if (get_16(data + AT_TLV) != TLV_MANAGEMENT)
		return -ENOTSUP;
	data_set = find_data_set(data, get_16(data + AT_LENGTH));
	if (data_set < 0)
		return -ENOTSUP;
	*out = (struct ptp_management){
		.data_set = (enum ptp_data_set)data_set,
		.sequence = get_16(data + AT_SEQUENCE),
		.domain = data[AT_DOMAIN],
		.standard = data[0] >> 4,
	};
	if (data_set == PTP_PORT)
		parse_port(data + AT_DATA, &out->port);
	else if (data_set == PTP_CURRENT)
		parse_current(data + AT_DATA, &out->current);
	else if (data_set == PTP_PARENT)
		parse_parent(data + AT_DATA, &out->parent);
	else if (data_set == PTP_TIME_PROPERTIES)
		parse_properties(data + AT_DATA, &out->properties);
	else
		parse_status(data + AT_DATA, &out->status);
	return 0;
}

double ptp_accuracy_ns(uint8_t accuracy)
{
	enum { FIRST = 0x1d, LAST = 0x30 };
	static const double within_ns[] = {
		1,     2.5,   10,  25,	  100,	250,  1e3,   2.5e3, 10e3, 25e3,
		100e3, 250e3, 1e6, 2.5e6, 10e6, 25e6, 100e6, 250e6, 1e9,  10e9,
	};

	_Static_assert(sizeof(within_ns) / sizeof(within_ns[0]) == LAST - FIRST + 1, "all of them");
	if (accuracy < 0x17 || accuracy > LAST)
		return INFINITY;
	/* Below that they are fractions of a nanosecond. */
	return accuracy < FIRST ? 1 : within_ns[accuracy - FIRST];
}

void ptp_identity_format(const uint8_t identity[PTP_IDENTITY_SIZE], char out[PTP_IDENTITY_TEXT])
{
	const uint8_t *i = identity;

	snprintf(out, PTP_IDENTITY_TEXT, "%02x%02x%02x.%02x%02x.%02x%02x%02x", i[0], i[1], i[2],
		 i[3], i[4], i[5], i[6], i[7]);
}

const char *ptp_port_state_name(uint8_t state)
{
	static const char *const names[] = {
		"?",	      "INITIALIZING", "FAULTY",	 "DISABLED",	 "LISTENING",
		"PRE_MASTER", "MASTER",	      "PASSIVE", "UNCALIBRATED", "SLAVE",
	};

	return names[state < sizeof(names) / sizeof(names[0]) ? state : 0];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: every key, its unit and its range. See vmclockd.conf(5). */
#ifndef VMCLOCK_CONFIG_H
#define VMCLOCK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counter.h"
#include "key_file.h"

enum {
	CONFIG_SOURCES_MAX = 64,
	CONFIG_NAME_MAX = 32,
	CONFIG_PATH_MAX = 256,
	CONFIG_HOST_MAX = 256
};

enum source_type {
	SOURCE_TYPE_NTP,
	SOURCE_TYPE_POOL,
	SOURCE_TYPE_SYSTEM,
	SOURCE_TYPE_PHC,
	SOURCE_TYPE_PPS,
	SOURCE_TYPE_LATCH,
	SOURCE_TYPE_SOCK,
	SOURCE_TYPE_SHM,
	SOURCE_TYPE_VMCLOCK,
	SOURCE_TYPE_EXTTS
};

enum timestamps_mode { TIMESTAMPS_AUTO, TIMESTAMPS_KERNEL, TIMESTAMPS_DAEMON };

enum host_clock_mode {
	HOST_CLOCK_MODE_OFF,
	HOST_CLOCK_MODE_ADJTIMEX,
	HOST_CLOCK_MODE_KERNEL,
	HOST_CLOCK_MODE_AUTO, /* by the kernel where it can, else by adjtimex */
};

enum config_edge { EDGE_ASSERT, EDGE_CLEAR };

enum config_timescale { TIMESCALE_AUTO, TIMESCALE_TAI, TIMESCALE_UTC };

/* AUTO: not with counter = monotonic-raw, under which simulators watch every descriptor. */
enum config_hotplug { HOTPLUG_AUTO, HOTPLUG_ON, HOTPLUG_OFF };

struct config_source {
	char name[CONFIG_NAME_MAX];
	enum source_type type;
	bool prefer;
	bool trust;
	bool noselect;
	double offset_ns;    /* source time - true time, any sign, |x| <= 1 s */
	double max_error_ns; /* added to what the source claims, >= 0; INFINITY: it claims nothing
			      */
	double min_poll_s;   /* 1..1024; 0 until config_check() puts the type's default */
	double max_poll_s;   /* min_poll_s..1024; likewise */
	unsigned int min_samples; /* 1..64 */
	/* ntp, pool */
	char host[CONFIG_HOST_MAX]; /* name or numeric address, without port */
	uint16_t port;
	bool iburst;
	bool interleaved;
	enum timestamps_mode timestamps;
	char interface[16];	   /* bind to this one; "": any; phc: whose clock */
	unsigned int pool_sources; /* 1..16 */
	unsigned int key;	   /* number of the symmetric key, 1..4294967295; 0: none */
	struct ntp_key secret;	   /* that key, from config_read() on */
	bool nts;
	unsigned int nts_port;		 /* TCP, of NTS-KE */
	char nts_trust[CONFIG_PATH_MAX]; /* file of further authorities; "": none */
	/* sources that mark seconds */
	char lock[CONFIG_NAME_MAX]; /* who names them; "": any */
	double max_latency_ns;	    /* of the stamp of a pulse; INFINITY: not stated */
	double max_jitter_ns;	    /* how far from where it should be it may come */
	enum config_edge edge;	    /* the one that marks the second */
	/* latch: socket or device; sock: socket; shm: unit */
	char socket[CONFIG_PATH_MAX]; /* "": none */
	double uncertainty_ticks;
	unsigned int unit;
	/* phc: one of device, clock_name and interface; pps: one of device and pps_name */
	char device[CONFIG_PATH_MAX];
	char clock_name[64];
	char pps_name[64];
	enum config_timescale timescale;
	unsigned int reads; /* 1..25 */
	char ptp4l[CONFIG_PATH_MAX]; /* its management socket; "": none */
	unsigned int ptp_domain;     /* 0..255 */
	bool dpll;		     /* the card's PPS DPLL is what disciplines the clock */
	unsigned int channel;	     /* extts: of the clock, 0..63 */
	int pin;		     /* extts: to set up for that, 0..63; -1: none */
	/* where it was written, for messages */
	char file[CONFIG_PATH_MAX];
	unsigned int line;
	bool by_hand;	/* of no file: `vmclockctl source add` */
	bool typed;	/* `type` was given */
	uint64_t given; /* keys that were given, one bit each: the place in config_keys[] */
};

struct config {
	/* [clock] */
	enum counter_kind counter;
	enum counter_check counter_check;
	double max_rate_change_ppb;
	bool monotonic;
	double nesting_horizon_s;
	double max_slew_ppb;
	double unreliable_above_ns;
	char leap_file[CONFIG_PATH_MAX]; /* "": tzdata's */
	bool tai_offset_set;
	int tai_offset_s; /* TAI - UTC, positive today */
	/* [page] */
	char page_file[CONFIG_PATH_MAX];
	char page_driver[CONFIG_PATH_MAX]; /* "auto", "off", or the device */
	double page_lease_ns;
	char page_kvm[CONFIG_PATH_MAX]; /* "auto", "off", or KVM's directory in debugfs */
	/* [host] */
	enum host_clock_mode host_clock;
	double step_above_ns;	 /* farther off, the clock is set rather than slewed */
	unsigned int step_limit; /* in this many first updates */
	/* [control] */
	char control_socket[CONFIG_PATH_MAX]; /* "": none */
	char control_group[CONFIG_NAME_MAX];
	/* [log] */
	bool journal;
	char event_log[CONFIG_PATH_MAX]; /* "": none */
	/* [ntp] */
	char ntp_keys[CONFIG_PATH_MAX]; /* file of symmetric keys; "": none */
	char statistics[CONFIG_PATH_MAX]; /* directory; "": none */
	double statistics_interval_s;	  /* 1..86400 */
	/* [state] */
	char state_file[CONFIG_PATH_MAX]; /* "": none */
	/* [process] */
	int realtime_priority; /* 0: off */
	bool lock_memory;
	enum config_hotplug hotplug; /* devices and links are watched */
	char cpu_list[64]; /* "": any */

	struct config_source sources[CONFIG_SOURCES_MAX];
	unsigned int source_count;
};

void config_defaults(struct config *config);

/* Read when no --config is given; it need not exist. */
#define CONFIG_DEFAULT_PATH "/etc/vmclockd.conf"

/*
 * Reads `path` (CONFIG_DEFAULT_PATH may be missing, and is then empty), then every *.conf in
 * `path`.d/ in name order (later wins), then the keys that sources ask for. Without any source the
 * default `[source pool]` asking pool.ntp.org is added. What was read may hold secrets: wipe it
 * before it is freed. 0, or -EINVAL (text wrong), -errno (file); the message is "FILE:LINE: what
 * is wrong; what was expected".
 */
int config_read(struct config *config, const char *path, char *message, size_t message_size);

/* The parser alone, for tests and the fuzzer: `text` is the file's content. */
int config_parse(struct config *config, const char *text, size_t length, const char *file,
		 char *message, size_t message_size);

/*
 * Keys of one source as the lines of its section would set them, "KEY = VALUE" each; a source that
 * is not there is made. Of one that is, other keys stay. 0, or -EINVAL: "what is wrong; what was
 * expected", and *config is then of no use. config_check() and config_read_keys() follow.
 */
int config_parse_source(struct config *config, const char *name, const char *const *settings,
			unsigned int count, char *message, size_t message_size);

/* Its place among the sources; source_count: there is none of that name. */
unsigned int config_find_source(const struct config *config, const char *name);
void config_remove_source(struct config *config, unsigned int place);

/* Its events are counter values at whole seconds, and name the second rarely or never. */
bool config_marks_seconds(const struct config_source *source);

/*
 * After all files: ranges that span keys (min-poll <= max-poll, an ntp source has an address), and
 * the defaults that depend on them. config_read() ends with it; a second call changes nothing.
 */
int config_check(struct config *config, char *message, size_t message_size);

/* The symmetric keys that sources ask for, from their file; after config_check(). As
 * config_read(), which ends with it. */
int config_read_keys(struct config *config, char *message, size_t message_size);

#endif

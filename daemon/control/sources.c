// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the configuration again, and changes sources by hand. */
#include <errno.h>
#include <string.h>

#include "../daemon.h"
#include "../log.h"
#include "interface.h"
#include "report.h"
#include "sources.h"

enum { SETTINGS_MAX = 64, MESSAGE_MAX = 600 };

static json_t *refused(const char *reason)
{
	return varlink_error(CONTROL_INTERFACE ".ConfigurationInvalid",
			     json_pack("{s:o}", "reason", report_text(reason)));
}

/* The lines of a report; of one without any the array is empty. */
static json_t *lines_of(const struct change_report *report)
{
	json_t *lines = json_array();
	const char *at = report->text;

	while (lines && *at) {
		size_t length = strcspn(at, "\n");

		if (json_array_append_new(lines, json_stringn(at, length))) {
			json_decref(lines);
			return NULL;
		}
		at += length + (at[length] == '\n');
	}
	return lines;
}

json_t *sources_reload(struct connection *c, const json_t *parameters)
{
	struct change_report report;

	(void)parameters;
	log_notice("control: the configuration is read again, as asked by uid %u",
		   (unsigned int)c->uid);
	if (daemon_reload(c->daemon, &report))
		return refused(report.text);
	return varlink_reply(json_pack("{s:o, s:o}", "changes", lines_of(&report),
				       "waiting_settings", report_waiting_settings(c->daemon)),
			     false);
}

static const char *name_of(const json_t *parameters)
{
	return json_string_value(json_object_get(parameters, "name"));
}

/* What came of a change of the source, as a message. */
static json_t *outcome(const char *name, int err, const char *message)
{
	const char *error = err == -EEXIST   ? CONTROL_INTERFACE ".SourceExists"
			    : err == -ENOENT ? CONTROL_INTERFACE ".NoSuchSource"
					     : NULL;

	if (error)
		return varlink_error(error, json_pack("{s:s}", "name", name));
	return err ? refused(message) : varlink_reply(json_object(), false);
}

/* False: one is no text, or there are too many of them. */
static bool settings_of(const json_t *parameters, const char *settings[SETTINGS_MAX],
			unsigned int *count)
{
	const json_t *array = json_object_get(parameters, "settings");

	*count = (unsigned int)json_array_size(array);
	if (*count > SETTINGS_MAX)
		return false;
	for (unsigned int i = 0; i < *count; i++) {
		settings[i] = json_string_value(json_array_get(array, i));
		if (!settings[i])
			return false;
	}
	return true;
}

typedef int edit_function(struct daemon *daemon, const char *name, const char *const *settings,
			  unsigned int count, char *message, size_t message_size);

static json_t *edit(struct connection *c, const json_t *parameters, edit_function *function,
		    const char *what)
{
	const char *name = name_of(parameters);
	const char *settings[SETTINGS_MAX];
	char message[MESSAGE_MAX] = "out of memory";
	unsigned int count;
	int err;

	if (!settings_of(parameters, settings, &count))
		return varlink_error(VARLINK_SERVICE ".InvalidParameter",
				     json_pack("{s:s}", "parameter", "settings"));
	err = function(c->daemon, name, settings, count, message, sizeof(message));
	if (!err)
		log_notice("control: source %s is %s, as asked by uid %u", name, what,
			   (unsigned int)c->uid);
	return outcome(name, err, message);
}

json_t *sources_add(struct connection *c, const json_t *parameters)
{
	return edit(c, parameters, daemon_add_source, "added");
}

json_t *sources_set(struct connection *c, const json_t *parameters)
{
	return edit(c, parameters, daemon_set_source, "set");
}

json_t *sources_remove(struct connection *c, const json_t *parameters)
{
	const char *name = name_of(parameters);
	char message[MESSAGE_MAX] = "out of memory";
	int err = daemon_remove_source(c->daemon, name, message, sizeof(message));

	if (!err)
		log_notice("control: source %s is removed, as asked by uid %u", name,
			   (unsigned int)c->uid);
	return outcome(name, err, message);
}

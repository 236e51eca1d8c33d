// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the method that a call names, checks who may call it and how, and answers. */
#include <errno.h>
#include <string.h>

#include "../daemon.h"
#include "../log.h"
#include "guests.h"
#include "interface.h"
#include "method.h"
#include "report.h"
#include "sources.h"

#define SERVICE VARLINK_SERVICE

static const char service_text[] =
	"interface " SERVICE "\n\n"
	"method GetInfo() -> (\n  vendor: string,\n  product: string,\n  version: string,\n"
	"  url: string,\n  interfaces: []string\n)\n\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
	"error InterfaceNotFound (interface: string)\n\n"
	"error MethodNotFound (method: string)\n\n"
	"error MethodNotImplemented (method: string)\n\n"
	"error InvalidParameter (parameter: string)\n\n"
	"error PermissionDenied ()\n\n"
	"error ExpectedMore ()\n";

struct parameter {
	const char *name; /* NULL ends a list */
	json_type type;	  /* JSON_TRUE: either */
	bool optional;
};

struct method {
	const char *name;
	const struct parameter *parameters;
	bool changes;  /* needs root */
	bool monitors; /* needs "more" */
	/* The whole message to send. NULL: memory is out. */
	json_t *(*answer)(struct connection *c, const json_t *parameters);
};

static const struct parameter no_parameter[] = {{0}};
static const struct parameter one_interface[] = {{"interface", JSON_STRING, false}, {0}};
static const struct parameter one_name[] = {{"name", JSON_STRING, false}, {0}};
static const struct parameter guest_and_counter[] = {
	{"name", JSON_STRING, false}, {"offset", JSON_STRING, true},
	{"ratio", JSON_STRING, true}, {"frac_bits", JSON_INTEGER, true},
	{"vm", JSON_STRING, true},    {0}};
static const struct parameter new_guest[] = {
	{"name", JSON_STRING, false},	   {"offset", JSON_STRING, true},
	{"ratio", JSON_STRING, true},	   {"frac_bits", JSON_INTEGER, true},
	{"generation", JSON_STRING, true}, {"vm", JSON_STRING, true},
	{"new", JSON_TRUE, true},	   {0}};
static const struct parameter disruption[] = {{"name", JSON_STRING, false},
					      {"reason", JSON_STRING, true},
					      {"warning", JSON_STRING, true},
					      {"generation", JSON_STRING, true},
					      {0}};

static const struct parameter name_and_settings[] = {
	{"name", JSON_STRING, false}, {"settings", JSON_ARRAY, false}, {0}};

static const char *text_of(const json_t *parameters, const char *name)
{
	return json_string_value(json_object_get(parameters, name));
}

static json_t *get_info(struct connection *c, const json_t *parameters)
{
	(void)c;
	(void)parameters;
	return varlink_reply(json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "vmclock-host",
				       "product", "vmclockd", "version", VMCLOCK_VERSION, "url", "",
				       "interfaces", SERVICE, CONTROL_INTERFACE),
			     false);
}

static json_t *get_interface_description(struct connection *c, const json_t *parameters)
{
	const char *argument = text_of(parameters, "interface");
	const char *text = NULL;

	(void)c;
	if (strcmp(argument, SERVICE) == 0)
		text = service_text;
	else if (strcmp(argument, CONTROL_INTERFACE) == 0)
		text = control_interface_text;
	if (!text)
		return varlink_error(SERVICE ".InterfaceNotFound",
				     json_pack("{s:s}", "interface", argument));
	return varlink_reply(json_pack("{s:s}", "description", text), false);
}

static struct report_moment moment_now(const struct daemon *daemon)
{
	return (struct report_moment){.now_ns = loop_now_ns(), .counter = daemon->counter.read()};
}

static json_t *get_status(struct connection *c, const json_t *parameters)
{
	struct report_moment moment = moment_now(c->daemon);

	(void)parameters;
	return varlink_reply(json_pack("{s:o}", "status", report_status(c->daemon, &moment)),
			     false);
}

static json_t *get_sources(struct connection *c, const json_t *parameters)
{
	struct report_moment moment = moment_now(c->daemon);

	(void)parameters;
	return varlink_reply(json_pack("{s:o}", "sources", report_sources(c->daemon, &moment)),
			     false);
}

json_t *method_watch_reply(const struct daemon *daemon)
{
	struct report_moment moment = moment_now(daemon);

	return varlink_reply(json_pack("{s:o, s:o}", "status", report_status(daemon, &moment),
				       "sources", report_sources(daemon, &moment)),
			     true);
}

static json_t *watch(struct connection *c, const json_t *parameters)
{
	(void)parameters;
	c->watching = true;
	c->updated_ns = loop_now_ns();
	return method_watch_reply(c->daemon);
}

static json_t *reset_source(struct connection *c, const json_t *parameters)
{
	const char *argument = text_of(parameters, "name");
	unsigned int i;

	for (i = 0; i < c->daemon->source_count; i++) {
		struct source *source = c->daemon->sources[i];

		if (strcmp(source->name, argument) != 0)
			continue;
		log_notice("control: source %s starts over, as asked by uid %u", source->name,
			   (unsigned int)c->uid);
		c->daemon->env.reset(c->daemon->env.context, source);
		return varlink_reply(json_object(), false);
	}
	return varlink_error(CONTROL_INTERFACE ".NoSuchSource",
			     json_pack("{s:s}", "name", argument));
}

static const struct method methods[] = {
	{SERVICE ".GetInfo", no_parameter, false, false, get_info},
	{SERVICE ".GetInterfaceDescription", one_interface, false, false,
	 get_interface_description},
	{CONTROL_INTERFACE ".GetStatus", no_parameter, false, false, get_status},
	{CONTROL_INTERFACE ".GetSources", no_parameter, false, false, get_sources},
	{CONTROL_INTERFACE ".Watch", no_parameter, false, true, watch},
	{CONTROL_INTERFACE ".ResetSource", one_name, true, false, reset_source},
	{CONTROL_INTERFACE ".Reload", no_parameter, true, false, sources_reload},
	{CONTROL_INTERFACE ".AddSource", name_and_settings, true, false, sources_add},
	{CONTROL_INTERFACE ".SetSource", name_and_settings, true, false, sources_set},
	{CONTROL_INTERFACE ".RemoveSource", one_name, true, false, sources_remove},
	{CONTROL_INTERFACE ".GetGuests", no_parameter, false, false, guests_get},
	{CONTROL_INTERFACE ".AddGuest", new_guest, true, false, guests_add},
	{CONTROL_INTERFACE ".SetGuest", guest_and_counter, true, false, guests_set},
	{CONTROL_INTERFACE ".DisruptGuest", disruption, true, false, guests_disrupt},
	{CONTROL_INTERFACE ".RemoveGuest", one_name, true, false, guests_remove},
};

static const struct method *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	}
	return NULL;
}

static bool is_own_interface(const char *name)
{
	size_t length = (size_t)(strrchr(name, '.') - name);

	return (length == strlen(SERVICE) && strncmp(name, SERVICE, length) == 0) ||
	       (length == strlen(CONTROL_INTERFACE) &&
		strncmp(name, CONTROL_INTERFACE, length) == 0);
}

static json_t *not_found(const char *name)
{
	int length = (int)(strrchr(name, '.') - name);

	if (is_own_interface(name))
		return varlink_error(SERVICE ".MethodNotFound", json_pack("{s:s}", "method", name));
	return varlink_error(SERVICE ".InterfaceNotFound",
			     json_pack("{s:s#}", "interface", name, length));
}

static bool is_known(const struct method *method, const char *name)
{
	for (const struct parameter *p = method->parameters; p->name; p++)
		if (!strcmp(p->name, name))
			return true;
	return false;
}

static bool has_type(const json_t *value, json_type type)
{
	return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

/* The name of the parameter that is missing, of the wrong type, or unknown; NULL: all is well. */
static const char *wrong_parameter(const struct method *method, const struct varlink_call *call)
{
	/* jansson iterates only what it may change. */
	json_t *parameters = (json_t *)(uintptr_t)call->parameters;
	const char *name;
	json_t *value;

	for (const struct parameter *p = method->parameters; p->name; p++) {
		value = json_object_get(parameters, p->name);
		if (p->optional && (!value || json_is_null(value)))
			continue;
		if (!value || !has_type(value, p->type))
			return p->name;
	}
	json_object_foreach(parameters, name, value)
	{
		if (!is_known(method, name))
			return name;
	}
	return NULL;
}

static json_t *answer_call(struct connection *c, const struct varlink_call *call)
{
	const struct method *method = find(call->method);
	const char *wrong;

	if (!method)
		return not_found(call->method);
	if (method->changes && c->uid != 0)
		return varlink_error(SERVICE ".PermissionDenied", json_object());
	wrong = wrong_parameter(method, call);
	if (wrong)
		return varlink_error(SERVICE ".InvalidParameter",
				     json_pack("{s:s}", "parameter", wrong));
	if (method->monitors && (!call->more || call->oneway))
		return varlink_error(SERVICE ".ExpectedMore", json_object());
	return method->answer(c, call->parameters);
}

/* Sends and releases `message`. */
static int send_message(struct connection *c, json_t *message)
{
	int rc = message ? varlink_output_add(&c->out, message) : -ENOMEM;

	json_decref(message);
	return rc;
}

int method_refuse(struct connection *c, const char *reason)
{
	c->closing = true;
	return send_message(c, varlink_error(CONTROL_INTERFACE ".BadMessage",
					     json_pack("{s:o}", "reason", report_text(reason))));
}

int method_answer(struct connection *c, const char *message, size_t length)
{
	struct varlink_call call;
	char reason[256];
	json_t *reply;
	int rc = 0;

	if (varlink_call_parse(&call, message, length, reason, sizeof(reason)))
		return method_refuse(c, reason);
	reply = answer_call(c, &call);
	if (call.oneway)
		json_decref(reply);
	else
		rc = send_message(c, reply);
	varlink_call_free(&call);
	return rc;
}

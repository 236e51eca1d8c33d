// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockctl metrics: what Prometheus is told, and whom it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics.h"

static char *printed(const char *status, const char *sources, const char *guests)
{
	json_t *parts[] = {json_loads(status, 0, NULL), json_loads(sources, 0, NULL),
			   json_loads(guests, 0, NULL)};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	size_t i;

	assert_non_null(to);
	metrics_print(to, parts[0], parts[1], parts[2]);
	fclose(to);
	for (i = 0; i < 3; i++) {
		assert_non_null(parts[i]);
		json_decref(parts[i]);
	}
	return text;
}

static void assert_line(const char *text, const char *line)
{
	size_t length = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line)) != NULL) {
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return;
		at += length;
	}
	fail_msg("'%s' is not in:\n%s", line, text);
}

static void times_are_seconds_and_keep_their_sign(void **state)
{
	char *text = printed("{\"now\": {\"max_error_ns\": 80613.5}, \"remaining_ns\": -6067.25,"
			     " \"page\": {\"writes\": 12345678901234, \"open\": true},"
			     " \"driver\": {\"open\": false}}",
			     "[]", "[]");

	(void)state;
	assert_line(text, "vmclock_max_error_seconds 8.06135e-05");
	assert_line(text, "vmclock_remaining_seconds -6.06725e-06");
	assert_line(text, "vmclock_page_writes_total 12345678901234");
	assert_line(text, "# TYPE vmclock_page_writes_total counter");
	assert_line(text, "vmclock_page_open 1");
	assert_line(text, "vmclock_driver_open 0");
	free(text);
}

static void what_is_not_known_is_left_out_with_its_title(void **state)
{
	char *text = printed("{\"now\": null, \"tai\": {\"expires_utc_s\": null}}",
			     "[{\"name\": \"a\", \"offset_ns\": null},"
			     " {\"name\": \"b\", \"offset_ns\": 5}]",
			     "[]");

	(void)state;
	assert_null(strstr(text, "vmclock_max_error_seconds"));
	assert_null(strstr(text, "expiry"));
	assert_null(strstr(text, "vmclock_guest"));
	assert_null(strstr(text, "source=\"a\""));
	assert_line(text, "vmclock_source_offset_seconds{source=\"b\"} 5e-09");
	free(text);
}

static void a_state_is_one_of_all_it_can_be(void **state)
{
	char *text = printed("{\"status\": \"FREERUNNING\"}", "[]",
			     "[{\"name\": \"web\", \"status\": \"unreliable\"}]");

	(void)state;
	assert_line(text, "vmclock_status{state=\"SYNCHRONIZED\"} 0");
	assert_line(text, "vmclock_status{state=\"FREERUNNING\"} 1");
	assert_line(text, "vmclock_status{state=\"UNRELIABLE\"} 0");
	assert_line(text, "vmclock_guest_status{guest=\"web\",state=\"unreliable\"} 1");
	assert_line(text, "vmclock_guest_status{guest=\"web\",state=\"synchronized\"} 0");
	free(text);
}

static void names_cannot_break_out_of_their_label(void **state)
{
	char *text = printed("{\"version\": \"1\\\"} 7\\nx\\\\\"}",
			     "[{\"name\": \"a\\\"b\\\\c\", \"reach\": 1, \"sent\": 3}]", "[]");

	(void)state;
	assert_line(text, "vmclock_info{version=\"1\\\"} 7\\nx\\\\\",counter=\"\"} 1");
	assert_line(text, "vmclock_source_sent_total{source=\"a\\\"b\\\\c\"} 3");
	free(text);
}

static int status_of(const char *request, bool *head)
{
	return metrics_http_status(request, strlen(request), head);
}

static void only_a_request_for_metrics_gets_them(void **state)
{
	bool head;

	(void)state;
	assert_int_equal(status_of("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", &head), 200);
	assert_false(head);
	assert_int_equal(status_of("GET /metrics?x=1 HTTP/1.0\r\n\r\n", &head), 200);
	assert_int_equal(status_of("HEAD /metrics HTTP/1.1\r\n\r\n", &head), 200);
	assert_true(head);
	assert_int_equal(status_of("GET / HTTP/1.1\r\n\r\n", &head), 404);
	assert_int_equal(status_of("GET /metricsx HTTP/1.1\r\n\r\n", &head), 404);
	assert_int_equal(status_of("POST /metrics HTTP/1.1\r\n\r\n", &head), 405);
	assert_int_equal(status_of("GET /metrics\r\n\r\n", &head), 400);
	assert_int_equal(status_of("GET /metrics HTTP/2\r\n\r\n", &head), 400);
	assert_int_equal(status_of("GET\r\n", &head), 400);
	assert_int_equal(status_of("GET /metrics HTTP/1.1", &head), 400);
	assert_int_equal(status_of("", &head), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_seconds_and_keep_their_sign),
		cmocka_unit_test(what_is_not_known_is_left_out_with_its_title),
		cmocka_unit_test(a_state_is_one_of_all_it_can_be),
		cmocka_unit_test(names_cannot_break_out_of_their_label),
		cmocka_unit_test(only_a_request_for_metrics_gets_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

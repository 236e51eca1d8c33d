/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon reports, as Prometheus reads it (text exposition format 0.0.4). */
#ifndef VMCLOCKCTL_METRICS_H
#define VMCLOCKCTL_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/*
 * Prints every metric of a Status, of an array of Source and of one of Guest, each family with its
 * HELP (unit, range, sign) and TYPE. What is not known (null, or not there) has no sample.
 */
void metrics_print(FILE *to, const json_t *status, const json_t *sources, const json_t *guests);

/*
 * What an HTTP server answers to `request`, all that came until the empty line or the limit: 200,
 * 400 (no request), 404 (another path than /metrics), 405 (neither GET nor HEAD).
 * *head: no body is wanted.
 */
int metrics_http_status(const char *request, size_t length, bool *head);

#endif

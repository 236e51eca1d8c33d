/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture of a replay, drawn by gnuplot: error, bound and estimated error over time. */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* More columns than a screen has pixels: extremes are kept, the file stays small. */
enum { PLOT_COLUMNS = 1200 };

struct column {
	double t_s;
	double least_ns;
	double most_ns;
	double sigma_ns; /* largest in the column */
	double bound_ns; /* smallest: a violation stays visible */
};

static struct column summarise(const struct point *points, size_t count)
{
	struct column c = {points[0].t_s, points[0].error_ns, points[0].error_ns, 0,
			   points[0].bound_ns};

	for (size_t i = 0; i < count; i++) {
		c.least_ns = fmin(c.least_ns, points[i].error_ns);
		c.most_ns = fmax(c.most_ns, points[i].error_ns);
		c.sigma_ns = fmax(c.sigma_ns, points[i].sigma_ns);
		c.bound_ns = fmin(c.bound_ns, points[i].bound_ns);
	}
	return c;
}

/* Within gnuplot's single quotes a quote is written twice. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		fputc((unsigned char)*text < ' ' ? '?' : *text, out);
	}
	fputc('\'', out);
}

static void print_data(FILE *out, const struct points *all)
{
	size_t columns = all->count < PLOT_COLUMNS ? all->count : PLOT_COLUMNS;

	fprintf(out, "$data << END\n");
	for (size_t i = 0; i < columns; i++) {
		size_t from = i * all->count / columns, to = (i + 1) * all->count / columns;
		struct column c = summarise(all->points + from, to - from);

		fprintf(out, "%.3f %.6g %.6g %.6g %.6g %.6g\n", c.t_s, c.least_ns * 1e-3,
			c.most_ns * 1e-3, c.sigma_ns * 1e-3, c.bound_ns * 1e-3,
			fmax(fmax(fabs(c.least_ns), fabs(c.most_ns)), 1e-3) * 1e-3);
	}
	fprintf(out, "END\n");
}

/* Above: the error within its estimate. Below: everything by size, so that the bound fits. */
static void print_script(FILE *out, const struct points *all, const char *title, const char *path)
{
	fprintf(out, "set terminal svg size 1000,700 dynamic background rgb 'white'\nset output ");
	print_quoted(out, path);
	fprintf(out, "\n");
	print_data(out, all);
	fprintf(out, "set multiplot layout 2,1 title ");
	print_quoted(out, title);
	fprintf(out, " noenhanced\nset grid\nset key outside right top\nset xlabel 'time (s)'\n"
		     "set ylabel 'error of the line (us)'\n"
		     "stats $data using 4 nooutput\ns = 6 * STATS_median\n"
		     "if (s > 0) { set yrange [-s:s] }\n"
		     "plot $data using 1:(-$4):4 with filledcurves lc rgb '#cfe3f5' "
		     "title 'estimated error (1 sigma)', "
		     "'' using 1:2:3 with filledcurves lc rgb '#1f5f99' title 'error'\n"
		     "set logscale y\nset yrange [*:*]\nset ylabel 'size (us)'\n"
		     "plot $data using 1:5 with lines lw 2 lc rgb '#b03020' title 'bound', "
		     "'' using 1:4 with lines lc rgb '#60a0d8' title 'estimated error', "
		     "'' using 1:6 with lines lc rgb '#1f5f99' title 'error'\n"
		     "unset multiplot\n");
}

int plot_svg(const struct points *points, const char *title, const char *path)
{
	void (*before)(int);
	FILE *gnuplot;
	int status;

	if (points->count == 0)
		return -ENODATA;
	fflush(NULL);
	gnuplot = popen("gnuplot", "w");
	if (!gnuplot)
		return -EIO;
	before = signal(SIGPIPE, SIG_IGN); /* gnuplot may be missing */
	print_script(gnuplot, points, title, path);
	status = pclose(gnuplot);
	signal(SIGPIPE, before);
	return status == 0 ? 0 : -EIO;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The first process of a machine under test: runs the programs of /order one by one, and halts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void mount_all(void)
{
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	mkdir("/run", 0755);
	mkdir("/tmp", 01777);
	mount("run", "/run", "tmpfs", 0, NULL);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
}

/* Calls back with each line of a file; one that does not exist has none. */
static void each_line(const char *path, void (*use)(char *line))
{
	char line[256];
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		use(line);
	}
	if (file)
		fclose(file);
}

/* What the driver itself depends on. */
static void load(char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_finit_module, fd, "", 0))
		printf("not ok - %s cannot be loaded\n", path);
	close(fd);
}

/* The counter's rate is known when its clocksource is no longer the early one: up to 1 s after
 * boot. */
static void wait_for_the_rate_of_the_counter(void)
{
	const char *path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	const struct timespec pause = {0, 10000000};
	char name[32];
	FILE *file;

	for (int i = 0; i < 3000; i++) {
		name[0] = '\0';
		file = fopen(path, "r");
		if (file && !fgets(name, sizeof(name), file))
			name[0] = '\0';
		if (file)
			fclose(file);
		if (strncmp(name, "tsc-early", 9))
			return;
		nanosleep(&pause, NULL);
	}
	printf("not ok - the kernel does not know the counter's rate\n");
}

/* The tests may set the clock. */
static long now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec;
}

static void run(char *name)
{
	char path[300];
	char *args[] = {path, NULL};
	long began = now_s();
	int status = -1;
	pid_t child;

	snprintf(path, sizeof(path), "/tests/%s", name);
	printf("# test %s\n", name);
	fflush(stdout);
	child = fork();
	if (!child) {
		execv(path, args);
		_exit(127);
	}
	while (waitpid(-1, &status, 0) != child)
		; /* orphans end up here too */
	if (status)
		printf("not ok - %s: ended with status %#x\n", name, (unsigned int)status);
	printf("# test %s: %ld s\n", name, now_s() - began);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	mount_all();
	wait_for_the_rate_of_the_counter();
	each_line("/modules", load);
	each_line("/order", run);
	printf("# the end\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}

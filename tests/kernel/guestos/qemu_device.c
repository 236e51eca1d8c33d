// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU maps /dev/vmclock_host itself, with the arguments of `vmclockctl qemu-args --device`.
 *
 * No processor runs in it: over its qtest protocol we do on its buses what a guest would, which is
 * to put BAR2 somewhere, to read the page there and to write to it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define QTEST "/run/qtest"
#define BAR 0xfe000000u

enum { WORDS_MAX = 40, SLOT = 0x10, PATIENCE_S = 120, IVSHMEM = 0x11101af4 };

static FILE *to, *from;

/* Its output in a file: there is no shell here. */
static pid_t start(char *words[], const char *output)
{
	pid_t child = fork();

	if (!child) {
		int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		execv(words[0], words);
		_exit(127);
	}
	return child;
}

/* Adds what vmclockctl says to `count` words. */
static void append_arguments(char *words[WORDS_MAX], int count)
{
	static char text[2048];
	char *ask[] = {"/vmclockctl", "qemu-args", "--device", "--table", "/vmclock-ivshmem.aml",
		       NULL};
	int status = -1;
	char *at;

	waitpid(start(ask, "/run/arguments"), &status, 0);
	get_text("/run/arguments", text, sizeof(text));
	for (at = strtok(text, " "); at && count < WORDS_MAX - 1; at = strtok(NULL, " "))
		words[count++] = at;
	words[count] = NULL;
	check(!status && strstr(words[count - 1], "vmclock-ivshmem.aml"),
	      "vmclockctl prints arguments for the device");
}

/* QEMU comes to us. */
static bool accept_qemu(int door)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int link;

	setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	link = accept(door, NULL, NULL);
	if (link < 0)
		return false;
	setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	to = fdopen(link, "w");
	from = fdopen(dup(link), "r");
	return to && from;
}

static int open_door(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = QTEST};
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(door, (struct sockaddr *)&address, sizeof(address)) || listen(door, 1) ? -1
											   : door;
}

/* One command; what it answers after "OK", or "". */
static const char *qtest(const char *command)
{
	static char line[512];

	fprintf(to, "%s\n", command);
	fflush(to);
	do {
		if (!fgets(line, sizeof(line), from))
			return "";
	} while (!strncmp(line, "IRQ", 3));
	return strncmp(line, "OK", 2) ? "" : line + 2;
}

static uint32_t config_read(unsigned int where)
{
	char command[64];

	snprintf(command, sizeof(command), "outl 0xcf8 0x%x", 1u << 31 | SLOT << 11 | where);
	qtest(command);
	return (uint32_t)strtoul(qtest("inl 0xcfc"), NULL, 16);
}

static void config_write(unsigned int where, uint32_t value)
{
	char command[64];

	config_read(where);
	snprintf(command, sizeof(command), "outl 0xcfc 0x%x", value);
	qtest(command);
}

static uint64_t read_field(size_t offset)
{
	char command[64];

	snprintf(command, sizeof(command), "readq 0x%zx", BAR + offset);
	return strtoull(qtest(command), NULL, 16);
}

static void write_everywhere(void)
{
	char command[64];

	for (size_t i = 0; i < 4096; i += 8) {
		snprintf(command, sizeof(command), "writeq 0x%zx 0xffffffffffffffff", BAR + i);
		qtest(command);
	}
}

static void look(int writer)
{
	struct vmclock_host_reference ref = good_reference(1900000000);

	check(config_read(0) == IVSHMEM, "the device is in its slot");
	config_write(0x18, BAR);
	config_write(0x1c, 0);
	config_write(0x04, 2);
	check(!ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref) &&
		      (uint32_t)read_field(0) == VMCLOCK_MAGIC &&
		      read_field(offsetof(struct vmclock_abi, time_sec)) == ref.line.time_sec,
	      "the guest sees the host's page");
	ref = good_reference(1900000100);
	check(!ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref) &&
		      read_field(offsetof(struct vmclock_abi, time_sec)) == ref.line.time_sec,
	      "and what becomes of it");
	write_everywhere();
	check((uint32_t)read_field(0) == VMCLOCK_MAGIC &&
		      read_field(offsetof(struct vmclock_abi, time_sec)) == ref.line.time_sec &&
		      !read_field(4088),
	      "what it writes there reaches nothing");
}

int main(void)
{
	char *words[WORDS_MAX] = {"/usr/bin/qemu-system-x86_64", "-accel", "tcg", "-S", "-machine",
				  "pc", "-m", "16M", "-display", "none", "-nodefaults", "-qtest",
				  "unix:" QTEST, "-qtest-log", "/dev/null"};
	int door = open_door(), count = 0, writer;
	pid_t qemu;

	check(!load_driver(), "the driver loads");
	writer = open(DEVICE, O_RDWR | O_CLOEXEC);
	while (words[count])
		count++;
	append_arguments(words, count);
	qemu = start(words, "/run/qemu.log");
	if (accept_qemu(door))
		look(writer);
	else
		check(false, "QEMU starts with them");
	kill(qemu, SIGKILL);
	waitpid(qemu, NULL, 0);
	close(writer);
	check(!unload_driver(), "the driver unloads");
	return done();
}

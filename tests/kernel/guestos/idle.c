// SPDX-License-Identifier: GPL-2.0-or-later
/* Suspend to idle, from which somebody at a serial port wakes the machine. */
#include "idle.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "harness.h"

/* Without an echo, for which closing would wait. */
static int open_serial_port(void)
{
	int fd = open("/dev/ttyS1", O_RDONLY | O_NOCTTY | O_NONBLOCK);
	struct termios mode;

	if (fd >= 0 && !tcgetattr(fd, &mode)) {
		cfmakeraw(&mode);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

bool idle(void)
{
	int fd = open_serial_port();
	bool good = fd >= 0 && put_text("/sys/class/tty/ttyS1/power/wakeup", "enabled");
	bool slept = false;

	for (int i = 0; i < 10 && good && !slept; i++)
		slept = put_text("/sys/power/state", "freeze"); /* not if it is typed just now */
	close(fd);
	return slept;
}

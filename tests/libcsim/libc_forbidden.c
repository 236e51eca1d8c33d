// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a daemon must not call if it is to run under simulators: each of these would wait in real
 * time, or hide from the simulator what it waits for. The call ends the simulation and names it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "interpose.h"
#include "world.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define FORBID(returns, name, ...)                          \
	EXPORT returns name(__VA_ARGS__)                    \
	{                                                   \
		world_fail(#name "() cannot be simulated"); \
	}

FORBID(int, epoll_create, int size)
FORBID(int, epoll_create1, int flags)
FORBID(int, timerfd_create, clockid_t id, int flags)
FORBID(int, signalfd, int fd, const sigset_t *mask, int flags)
FORBID(int, eventfd, unsigned int count, int flags)
FORBID(int, ppoll, struct pollfd *fds, nfds_t count, const struct timespec *timeout,
       const sigset_t *mask)
FORBID(int, select, int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout)
FORBID(int, pselect, int count, fd_set *read, fd_set *write, fd_set *except,
       const struct timespec *timeout, const sigset_t *mask)
FORBID(pid_t, fork, void)
FORBID(int, system, const char *command)
FORBID(FILE *, popen, const char *command, const char *mode)
FORBID(int, posix_spawn, pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
FORBID(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
       void *(*routine)(void *), void *argument)
FORBID(unsigned int, alarm, unsigned int seconds)
FORBID(unsigned int, sleep, unsigned int seconds)
FORBID(int, usleep, useconds_t us)

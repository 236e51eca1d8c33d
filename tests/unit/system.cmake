# SPDX-License-Identifier: GPL-2.0-or-later
# The system tests' own tools.
vmclock_unit_test(test_responder m)
target_sources(test_responder PRIVATE system/responder_behaviour.c system/responder_reply.c)

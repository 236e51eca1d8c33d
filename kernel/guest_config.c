// SPDX-License-Identifier: GPL-2.0-only
/* What is asked for a guest: checked, and taken over. */
#include <linux/mm.h>

#include "vmclock_host.h"

#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)
#define FLAGS_OF_BOTH                                                            \
	(VMCLOCK_GUEST_SCALE | VMCLOCK_GUEST_GENERATION | VMCLOCK_GUEST_WARNING | \
	 VMCLOCK_GUEST_EVENTFD | VMCLOCK_GUEST_UNKNOWN)
#define FLAGS_OF_CREATE (FLAGS_OF_BOTH | VMCLOCK_GUEST_PINNED_PAGE)
#define FLAGS_OF_SET (FLAGS_OF_BOTH | VMCLOCK_GUEST_DISRUPT)

/* A field whose flag is not set is zero, as is padding. */
static bool nothing_unasked(const struct vmclock_guest_config *config)
{
	u32 flags = config->flags;

	if (!(flags & VMCLOCK_GUEST_SCALE) &&
	    (config->offset || config->ratio || config->frac_bits))
		return false;
	if (!(flags & VMCLOCK_GUEST_GENERATION) && config->vm_generation_counter)
		return false;
	if (!(flags & VMCLOCK_GUEST_WARNING) && config->warning)
		return false;
	if (!(flags & VMCLOCK_GUEST_EVENTFD) && config->eventfd)
		return false;
	if (!(flags & VMCLOCK_GUEST_PINNED_PAGE) && config->address)
		return false;
	return !config->pad[0] && !config->pad[1] && !config->pad[2] && !config->pad2;
}

static bool well_formed(const struct vmclock_guest_config *config, u32 flags_allowed)
{
	if (config->flags & ~flags_allowed || !nothing_unasked(config))
		return false;
	if (config->flags & VMCLOCK_GUEST_SCALE &&
	    (config->flags & VMCLOCK_GUEST_UNKNOWN || !config->ratio || config->frac_bits > 63))
		return false;
	return !(config->warning & ~WARNINGS) && PAGE_ALIGNED(config->address);
}

/* For a new guest, or for one that exists. */
int vmclock_guest_config_get(struct vmclock_guest_config *config, u32 *size, bool create,
			     const void __user *arg)
{
	u32 flags_allowed = create ? FLAGS_OF_CREATE : FLAGS_OF_SET;
	int rc = vmclock_user_get(config, size, sizeof(*config), arg);

	if (!rc && !well_formed(config, flags_allowed))
		rc = -EINVAL;
	return rc;
}

/* NULL: none is wanted. */
int vmclock_guest_config_eventfd(const struct vmclock_guest_config *config,
				 struct eventfd_ctx **eventfd)
{
	*eventfd = NULL;
	if (!(config->flags & VMCLOCK_GUEST_EVENTFD) || config->eventfd == -1)
		return 0;
	*eventfd = eventfd_ctx_fdget(config->eventfd);
	return PTR_ERR_OR_ZERO(*eventfd);
}

/*
 * Another value than before disrupts the guest's counter, whoever set it. What is not known has the
 * ratio 0, as the fields of the request have it then.
 */
static bool rescale(struct vmclock_guest *guest, const struct vmclock_guest_config *config)
{
	struct vmclock_line_scale *scale = &guest->scale;
	bool same = scale->ratio == config->ratio && scale->offset == config->offset &&
		    scale->frac_bits == config->frac_bits;

	scale->ratio = config->ratio;
	scale->offset = config->offset;
	scale->frac_bits = config->frac_bits;
	return !same;
}

/* All that needs no resource. Returns whether the time continues from what the page says. */
bool vmclock_guest_config_apply(struct vmclock_guest *guest,
				const struct vmclock_guest_config *config)
{
	bool rescaled = config->flags & (VMCLOCK_GUEST_SCALE | VMCLOCK_GUEST_UNKNOWN) &&
			rescale(guest, config);

	if (rescaled || config->flags & VMCLOCK_GUEST_DISRUPT)
		guest->marker++;
	if (config->flags & VMCLOCK_GUEST_GENERATION) {
		guest->generation = config->vm_generation_counter;
		guest->flags |= VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT;
	}
	if (config->flags & VMCLOCK_GUEST_WARNING)
		guest->flags = (guest->flags & ~WARNINGS) | config->warning;
	return !rescaled;
}

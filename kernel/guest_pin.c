// SPDX-License-Identifier: GPL-2.0-only
/* A guest's page in memory of its creator: pinned, and accounted as locked. */
#include <linux/backing-dev.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>

#include "vmclock_host.h"

/*
 * A file system has to be asked before one of its pages is written to, and we cannot ask each time.
 * Not every kernel that we build for refuses to pin such pages for long.
 */
static bool is_written_back(struct page *page)
{
	struct folio *folio = page_folio(page);
	struct address_space *mapping;
	bool is;

	folio_lock(folio); /* or the mapping may go away under us */
	mapping = folio_mapping(folio);
	is = !folio_test_anon(folio) && mapping && mapping_can_writeback(mapping);
	folio_unlock(folio);
	return is;
}

static int pin(u64 address, struct page **page)
{
	int pinned = pin_user_pages_fast(address, 1, FOLL_WRITE | FOLL_LONGTERM, page);

	if (pinned != 1)
		return pinned < 0 ? pinned : -EFAULT;
	if (!is_written_back(*page))
		return 0;
	unpin_user_page(*page);
	return -EFAULT;
}

/*
 * How many pages can be neither freed nor split off for as long as one of them is pinned. Those of
 * hugetlbfs, which are never swapped out and are limited elsewhere, count as one.
 */
static unsigned long held_with(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_hugetlb(folio) ? 1 : folio_nr_pages(folio);
}

/*
 * Without the lock: this may wait for the memory to be swapped in, or for its pager. The page stays
 * what it is for as long as it is pinned, whatever becomes of the mapping or of the file: if they
 * leave it behind, it is merely nobody's.
 */
int vmclock_guest_pin(struct vmclock_guest *guest, u64 address)
{
	struct page *page;
	int rc = pin(address, &page);

	if (rc)
		return rc;
	guest->pinned_pages = held_with(page);
	rc = account_locked_vm(current->mm, guest->pinned_pages, true);
	if (rc) {
		unpin_user_page(page);
		return rc;
	}
	guest->page.page = page; /* not before: a guest without pinned_by would free it */
	mmgrab(current->mm);
	guest->pinned_by = current->mm;
	guest->page.abi = page_address(guest->page.page);
	return 0;
}

/* By whomever closes the descriptor, which need not be who pinned. */
void vmclock_guest_unpin(struct vmclock_guest *guest)
{
	unpin_user_pages_dirty_lock(&guest->page.page, 1, true);
	account_locked_vm(guest->pinned_by, guest->pinned_pages, false);
	mmdrop(guest->pinned_by);
}

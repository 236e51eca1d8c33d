// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of guests in the directory of their pages: which there are, and what they hold. */
#include "guest_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char our_ending[] = ".guest";
static const char disrupted_ending[] = ".disrupted"; /* by vmclockctl, with the reason */
static const char *const endings[] = {our_ending, ".journal", ".new", ".tmp", disrupted_ending};

static bool ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name), end = strlen(ending);

	return length >= end && !strcmp(name + length - end, ending);
}

bool guest_name_is_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strspn(name, letters);

	if (!length || name[length] || length >= GUEST_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(name, endings[i]))
			return false;
	return true;
}

const char *guest_store_path(const char *directory, const char *name, const char *ending,
			     char path[GUEST_PATH_MAX])
{
	snprintf(path, GUEST_PATH_MAX, "%s/%s%s", directory, name, ending);
	return path;
}

bool guest_store_is_kept(char *entry)
{
	if (!ends_with(entry, our_ending))
		return false;
	entry[strlen(entry) - strlen(our_ending)] = '\0';
	return guest_name_is_good(entry);
}

static int read_text(const char *path, char text[GUEST_TEXT_SIZE])
{
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file)
		return -errno;
	length = fread(text, 1, GUEST_TEXT_SIZE - 1, file);
	text[length] = '\0';
	fclose(file);
	return strlen(text) == length ? 0 : -EINVAL;
}

int guest_store_read(const char *directory, const char *name, struct guest_facts *out)
{
	char path[GUEST_PATH_MAX], text[GUEST_TEXT_SIZE];
	int err = read_text(guest_store_path(directory, name, our_ending, path), text);

	return err ? err : guest_text_parse(text, out);
}

int guest_store_read_note(const char *directory, const char *name, char why[GUEST_TEXT_SIZE])
{
	char path[GUEST_PATH_MAX];
	int err = read_text(guest_store_path(directory, name, disrupted_ending, path), why);

	if (!err)
		why[strcspn(why, "\n")] = '\0';
	return err;
}

int guest_store_keep(const char *directory, const char *name, const struct guest_facts *facts)
{
	char path[GUEST_PATH_MAX], next[GUEST_PATH_MAX], text[GUEST_TEXT_SIZE];
	FILE *file = fopen(guest_store_path(directory, name, ".tmp", next), "we");
	int err = 0;

	if (!file)
		return -errno;
	guest_text_print(facts, text);
	if (fputs(text, file) < 0)
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(next, guest_store_path(directory, name, our_ending, path)))
		err = -errno;
	if (err)
		unlink(next);
	else
		unlink(guest_store_path(directory, name, disrupted_ending, path));
	return err;
}

void guest_store_drop(const char *directory, const char *name)
{
	char path[GUEST_PATH_MAX];

	unlink(guest_store_path(directory, name, our_ending, path));
}

void guest_store_forget(const char *directory, const char *name)
{
	char path[GUEST_PATH_MAX];

	guest_store_drop(directory, name);
	unlink(guest_store_path(directory, name, disrupted_ending, path));
	unlink(guest_store_path(directory, name, "", path));
	unlink(guest_store_path(directory, name, ".journal", path));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* vmclockd.conf(5) and the table of keys say the same: every key, its default, its range. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_key.h"
#include "config_value.h"

/* One ".It Ic KEY No = VALUE" and the text up to the next, lines joined by blanks. */
struct item {
	char section[16];
	char key[32];
	char head[128];
	char text[2048];
};

enum { ITEMS_MAX = 128 };

static struct item items[ITEMS_MAX];
static unsigned int item_count;
static char reserved[2048]; /* the text of "Words of later versions" */

static void append(char *text, size_t size, const char *line)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s ", line);
}

static int read_manual(void **state)
{
	FILE *stream = fopen(MANUAL, "r");
	char section[16] = "";
	char line[256];

	(void)state;
	if (!stream)
		return -1;
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, ".Sh ", 4) || !strncmp(line, ".Ss ", 4)) {
			section[0] = '\0';
			sscanf(line, ".Ss Section %15s", section);
			if (!strcmp(line, ".Ss Words of later versions"))
				strcpy(section, "later");
		} else if (!strcmp(section, "later")) {
			append(reserved, sizeof(reserved), line);
		} else if (section[0] && !strncmp(line, ".It Ic ", 7) && item_count < ITEMS_MAX) {
			struct item *item = &items[item_count++];

			strcpy(item->section, section);
			sscanf(line, ".It Ic %31s No = %127[^\n]", item->key, item->head);
		} else if (section[0] && item_count) {
			append(items[item_count - 1].text, sizeof(items[0].text), line);
		}
	}
	return fclose(stream);
}

static const struct item *find_item(const struct config_key *key)
{
	for (unsigned int i = 0; i < item_count; i++)
		if (!strcmp(items[i].section, key->section) && !strcmp(items[i].key, key->name))
			return &items[i];
	return NULL;
}

static const struct item *documented(const struct config_key *key)
{
	const struct item *item = find_item(key);

	if (!item)
		fail_msg("[%s] %s is not in the manual", key->section, key->name);
	return item;
}

static void every_key_is_in_the_manual_once(void **state)
{
	unsigned int keys = 0;

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++) {
		documented(key);
		keys++;
	}
	assert_int_equal(keys, item_count);
}

static void every_key_of_the_manual_exists(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < item_count; i++) {
		const struct config_key *key = config_key_find(items[i].section, items[i].key);

		if (!key)
			fail_msg("the manual has [%s] %s", items[i].section, items[i].key);
	}
}

/* Who sets the defaults has nobody to complain to. */
static void every_default_is_a_value(void **state)
{
	static union {
		struct config config;
		struct config_source source;
	} scratch;
	char why[256];

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->fallback &&
		    config_value_set(key, key->fallback, &scratch, why, sizeof(why)))
			fail_msg("[%s] %s = %s: %s", key->section, key->name, key->fallback, why);
}

static void defaults_are_documented(void **state)
{
	char expected[128];

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++) {
		if (!key->fallback)
			continue;
		snprintf(expected, sizeof(expected), "Default %s", key->fallback);
		if (strncmp(documented(key)->text, expected, strlen(expected)) ||
		    !strchr(".;", documented(key)->text[strlen(expected)]))
			fail_msg("[%s] %s: no '%s'", key->section, key->name, expected);
	}
}

/* The parser's own words for a range ("from 1 s to 64 s") stand in the manual. */
static void ranges_are_documented(void **state)
{
	static struct config scratch;
	char why[256];

	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++) {
		const char *range;

		if (key->kind == CONFIG_TEXT)
			continue;
		assert_int_not_equal(config_value_set(key, "?", &scratch, why, sizeof(why)), 0);
		range = strstr(why, "from ");
		if (range && !strstr(documented(key)->text, range))
			fail_msg("[%s] %s: no '%s'", key->section, key->name, range);
	}
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
		bool begins = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '-');
		bool ends = !(isalnum((unsigned char)at[length]) || at[length] == '-');

		if (begins && ends)
			return true;
	}
	return false;
}

static void words_are_documented(void **state)
{
	(void)state;
	for (const struct config_key *key = config_keys; key->name; key++) {
		char words[128];
		const char *word;

		if (!key->words)
			continue;
		snprintf(words, sizeof(words), "%s", key->words);
		for (word = strtok(words, "|"); word; word = strtok(NULL, "|"))
			if (!has_word(documented(key)->head, word))
				fail_msg("[%s] %s: no word '%s'", key->section, key->name, word);
	}
}

static void reserved_words_are_listed(void **state)
{
	(void)state;
	assert_true(has_word(reserved, "hardware"));
}

static void all_manuals_are_free_of_lint(void **state)
{
	char line[256];
	FILE *lint;

	(void)state;
	if (system("command -v mandoc >/dev/null"))
		skip();
	/* From their own directory, so that they find each other. */
	lint = popen("cd " MANUAL_DIR " && mandoc -Tlint -W warning *.[1-8] 2>&1", "r");
	assert_non_null(lint);
	if (fgets(line, sizeof(line), lint))
		fail_msg("%s", line);
	pclose(lint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_in_the_manual_once),
		cmocka_unit_test(every_key_of_the_manual_exists),
		cmocka_unit_test(every_default_is_a_value),
		cmocka_unit_test(defaults_are_documented),
		cmocka_unit_test(ranges_are_documented),
		cmocka_unit_test(words_are_documented),
		cmocka_unit_test(reserved_words_are_listed),
		cmocka_unit_test(all_manuals_are_free_of_lint),
	};

	return cmocka_run_group_tests_name("manual", tests, read_manual, NULL);
}

# SPDX-License-Identifier: GPL-2.0-or-later
# Packages of Debian from the mirrors that this machine's apt uses already, kept apart from it.
#
# A private apt directory leaves the system's sources, lists and cache as they are; signatures are
# checked as usual. To be used with the cache's lock held.

apt=$cache/apt
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

# mirror SUITE: the mirror that apt has for this suite of the machine's own release.
mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $1" | head -n 1
}

# sources SUITE...: which suites to look in; those named *-security may be on another mirror.
sources() {
	local main security suite uri

	main=$(mirror "$release")
	security=$(mirror "$release-security")
	[[ -n $main ]] || die "apt knows no mirror of this machine's release"
	for suite in "$@"; do
		uri=$main
		[[ $suite != *-security ]] || uri=$security
		[[ -z $uri ]] || printf 'deb %s %s main\n' "$uri" "$suite"
	done
}

private() {
	local program=$1

	shift
	"$program" -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" \
		-o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# The lists of these suites, current.
update() {
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	sources "$@" >"$apt/sources.list"
	private apt-get update >&2
}

# download DIRECTORY PACKAGE...: the newest of each, as files.
download() {
	local directory=$1

	shift
	rm -rf "$directory"
	mkdir -p "$directory"
	(cd "$directory" && private apt-get download "$@" >&2)
}

# The same of one package's source, which has a list of its own.
update_source() {
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	sources "$1" | sed 's/^deb /deb-src /' >"$apt/sources.list"
	private apt-get update >&2
}

download_source() {
	rm -rf "$1"
	mkdir -p "$1"
	(cd "$1" && private apt-get source --download-only "$2" >&2)
}

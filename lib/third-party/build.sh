#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh headers DIR   klibc and the kernel's headers, unpacked in DIR
# build.sh sources LINK    the three libraries' sources, THIRD_PARTY_SRC's or the archive's; LINK points there
# build.sh libraries LINK  libblkid, libkmod and cJSON built with CC, AR and CFLAGS; LINK points there
#
# The Makefile exports the versions. Built libraries are kept under build/third-party by a hash of
# all that goes into them: versions, flags, recipe, compiler.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
cache=$PWD/build/third-party
packages="util-linux=$UTIL_LINUX_VERSION kmod=$KMOD_VERSION cjson=$CJSON_VERSION"

apt_private() {
	"$here/apt-private" --suite "$SUITE" "$@" && return
	cat >&2 <<-END
		The versions are pinned in lib/third-party/versions.mk. If one is gone from the archive,
		set UTIL_LINUX_VERSION, KMOD_VERSION, CJSON_VERSION, KLIBC_VERSION or
		LINUX_HEADERS_VERSION to one that is there, or point to your own:
		THIRD_PARTY_SRC=DIR (has util-linux, kmod, cjson), KLIBC_DIR=DIR.
	END
	return 1
}

# Something made in a directory of its own and then moved into place, once.
make_once() {
	local target=$1
	shift
	mkdir -p "$(dirname "$target")"
	exec 8>"$target.lock"
	flock 8
	if [ ! -e "$target" ]; then
		rm -rf "$target.new"
		mkdir -p "$target.new"
		"$@" "$target.new" 8>&-
		mv "$target.new" "$target"
	fi
	exec 8>&-
}

headers() {
	apt_private --arch "$DEB_ARCH" unpack "$1" \
		"libklibc-dev=$KLIBC_VERSION" "linux-libc-dev=$LINUX_HEADERS_VERSION"
}

sources() {
	# shellcheck disable=SC2086 # a list of packages
	apt_private source "$1" $packages
	local name
	for name in util-linux kmod cjson; do
		mv "$1/$name"-[0-9]* "$1/$name"
	done
	rm -f "$1"/*.*
}

# Where the sources are, once they are there.
source_of() {
	source=${THIRD_PARTY_SRC:-$cache/source-$(echo "$packages" | sha256sum | cut -c1-12)}
	[ -n "${THIRD_PARTY_SRC:-}" ] || make_once "$source" sources
}

library_key() {
	{
		cat "$here"/{Makefile,build.sh,blkid-config.h,blkid-none.c,kmod-config.h}
		$CC --version
		$CC -dumpmachine
		# The same flags in another checkout are the same flags.
		echo "${CFLAGS//$PWD/.}" "$packages" "$KLIBC_VERSION $LINUX_HEADERS_VERSION"
		[ "$LIBC" != klibc ] || find lib/klibc/include -type f -print0 | sort -z | xargs -0 cat
		[ -z "${THIRD_PARTY_SRC:-}" ] ||
			(cd "$THIRD_PARTY_SRC" && find -L util-linux/{lib,include,libblkid} kmod cjson -name '*.[ch]' -print0 |
				sort -z | xargs -0 sha256sum)
	} | sha256sum | cut -c1-20
}

libraries() {
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -f "$here/Makefile" -s -j"$(nproc)" OUT="$1" SRC="$source" CC="$CC" AR="$AR" CFLAGS="$CFLAGS"
	rm -rf "$1/obj"
}

case $1 in
headers)
	make_once "$(realpath -m "$2")" headers
	;;
sources)
	source_of
	mkdir -p "$(dirname "$2")"
	ln -sfn "$(realpath "$source")" "$2"
	;;
libraries)
	key=$LIBC-$(library_key)
	if [ ! -e "$cache/$key" ]; then
		source_of
		make_once "$cache/$key" libraries
	fi
	mkdir -p "$(dirname "$2")"
	ln -sfnr "$cache/$key" "$2"
	;;
*)
	sed -n '4,6s/^# *//p' "$0" >&2
	exit 2
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# run.sh PROGRAM SECONDS FOLDER [FLAG...]: lets a fuzz target look for so long,
# with its dictionary and from its own seeds, or else from the samples, whole and
# by lines, from captures and seeds.  What it finds is kept in FOLDER/NAME, from which it goes on the
# next time; an input that breaks something, in the current folder.  FLAG is
# libFuzzer's.

set -eu

program=$1 seconds=$2 folder=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$program")
own=$here/${name#fuzz_}

# Otherwise GLib keeps memory for itself, and what is lost in it is not seen.
export G_SLICE=always-malloc

# Each line of a sample by itself; in a folder that all targets share, which two may make at once.
make_lines()
{
  test -d "$folder/lines" && return
  new=$(mktemp -d "$folder/lines.XXXXXX")
  awk -v folder="$new" '/^(#|[{]"recognised"|no-match|$)/ { next }
    { file = folder "/" ++n; printf "%s", $0 >file; close(file) }' "$here"/../samples/*.case
  mv -T "$new" "$folder/lines" 2>/dev/null || rm -r "$new"
}

mkdir -p "$folder/$name"
set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 "$@"
test ! -f "$own.dict" || set -- "$@" -dict="$own.dict"
if test -d "$own"
then
  exec "$program" "$@" -max_len=8192 "$folder/$name" "$own"
fi
make_lines
exec "$program" "$@" -max_len=66000 "$folder/$name" "$folder/lines" "$here/seeds" "$here/../samples" "$here/../captures"

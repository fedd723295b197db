#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# coverage.sh BUILD FOLDER: what of modules/ the fuzz targets in BUILD reach with
# their seeds and with what run.sh has kept in FOLDER, as lines of a table: by
# target, then in sum; FOLDER/coverage.txt tells it by file.  BUILD is made as in
# README.md; needs llvm-14.

set -eu

build=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# report TITLE PROFILE PROGRAM [-object PROGRAM]...
report()
{
  title=$1 profile=$2
  shift 2
  llvm-cov-14 report "$@" -instr-profile="$profile" "$source/modules" >"$scratch/report"
  awk -v title="$title" '$1 == "TOTAL" {
    printf "| %s | %d | %s | %d | %s |\n", title, $8 - $9, $10, $2 - $3, $4 }' "$scratch/report"
}

objects=
for program in "$build"/tests/fuzz/fuzz_*
do
  test -f "$program" && test -x "$program" || continue
  name=$(basename "$program")
  LLVM_PROFILE_FILE=$scratch/$name.raw sh "$here/run.sh" "$program" 600 "$folder" -runs=0 >"$scratch/output" 2>&1 ||
    { cat "$scratch/output"; exit 1; }
  llvm-profdata-14 merge -o "$scratch/$name.profile" "$scratch/$name.raw"
  report "\`$name\`" "$scratch/$name.profile" "$program"
  objects="$objects -object $program"
done
llvm-profdata-14 merge -o "$scratch/all.profile" "$scratch"/*.raw
# shellcheck disable=SC2086
report "together" "$scratch/all.profile" ${objects# -object }
cp "$scratch/report" "$folder/coverage.txt"

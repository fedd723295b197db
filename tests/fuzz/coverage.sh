#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# coverage.sh BUILD FOLDER: what of modules/ the fuzz targets in BUILD reach with
# their seeds and with what run.sh has kept in FOLDER, as two tables: lines and
# regions by target, and by folder for all of them.  FOLDER/coverage.txt tells
# it by file.  BUILD is made as in README.md; needs llvm-14.

set -eu

build=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# report PROFILE PROGRAM [-object PROGRAM]...
report()
{
  profile=$1
  shift
  llvm-cov-14 report "$@" -instr-profile="$profile" "$source/modules" >"$scratch/report"
}

# As a row of the first table.
print_target()
{
  awk -v name="$1" '$1 == "TOTAL" { printf "| `%s` | %d | %d |\n", name, $8 - $9, $2 - $3 }' "$scratch/report"
}

# As rows of the second; names of files begin below modules/.
print_folders()
{
  awk 'function print_row(name) {
         printf "| %s | %d of %d | %.1f %% | %d of %d | %.1f %% |\n", name,
           lines[name] - no_line[name], lines[name], 100 - 100 * no_line[name] / lines[name],
           regions[name] - no_region[name], regions[name], 100 - 100 * no_region[name] / regions[name]
       }
       function add(name) { regions[name] += $2; no_region[name] += $3; lines[name] += $8; no_line[name] += $9 }
       $1 ~ "/" { split($1, path, "/"); add("`" path[1] "/`"); add("together") }
       END { n = split("`scan/` `engine/` `syslog-ng/` `cli/` together", names, " ")
             for (i = 1; i <= n; i++) if (lines[names[i]]) print_row(names[i]) }' "$scratch/report"
}

objects=
for program in "$build"/tests/fuzz/fuzz_*
do
  test -f "$program" && test -x "$program" || continue
  name=$(basename "$program")
  LLVM_PROFILE_FILE=$scratch/$name.raw sh "$here/run.sh" "$program" 600 "$folder" -runs=0 >"$scratch/output" 2>&1 ||
    { cat "$scratch/output"; exit 1; }
  llvm-profdata-14 merge -o "$scratch/$name.profile" "$scratch/$name.raw"
  report "$scratch/$name.profile" "$program"
  print_target "$name"
  objects="$objects -object $program"
done
llvm-profdata-14 merge -o "$scratch/all.profile" "$scratch"/*.raw
# shellcheck disable=SC2086
report "$scratch/all.profile" ${objects# -object }
echo
print_folders
cp "$scratch/report" "$folder/coverage.txt"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# lint.sh FLAG...: what clang-tidy and cppcheck say of modules/, which is to be
# nothing.  FLAGs are those of the preprocessor, as the build has them; run in the
# build folder by `make lint`.  -DPK_LINT_WITHOUT_PLUGIN: modules/syslog-ng is left
# out.  First a file with known faults has to be found by both.

set -u

source=${PK_SOURCE_DIR:?"set by make lint"}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

# FLAG...; names of files on standard input, each with a NUL behind it
_tidy()
{
  xargs -0 -P "$(nproc)" -I @FILE@ clang-tidy-14 --quiet --config-file="$source/.clang-tidy" @FILE@ -- -std=gnu11 "$@"
}

# Macros of GLib and syslog-ng that its own library of GLib does not know.
_check()
{
  cppcheck --quiet --std=c11 --library=gtk -j "$(nproc)" --enable=warning,performance,portability --inline-suppr \
    --error-exitcode=1 -D_GNU_SOURCE -D'G_GNUC_PRINTF(a,b)=' -D'G_DEFINE_QUARK(a,b)=' \
    -D'CFG_PARSER_DECLARE_LEXER_BINDING(a,b,c)=' -D'CFG_PARSER_IMPLEMENT_LEXER_BINDING(a,b,c)=' \
    -I"$source/include" -I"$source/modules" "$@"
}

cat >"$scratch/faults.c" <<END
#include <stdlib.h>
int fault(int n);
int fault(int n) { int *p = malloc(sizeof(p)); int v[2] = { 0 }; if (n) { free(p); } return *p + v[2]; }
END
if printf '%s\0' "$scratch/faults.c" | _tidy >"$scratch/said" 2>&1 || _check "$scratch/faults.c" >>"$scratch/said" 2>&1
then
  echo "lint: a file with faults was found clean"
  cat "$scratch/said"
  exit 1
fi

status=0
skipped=none
case " $* " in *" -DPK_LINT_WITHOUT_PLUGIN "*) skipped=syslog-ng ;; esac
find "$source/modules" -name '*.c' ! -path "$source/modules/$skipped/*" -print0 |
  _tidy "$@" 2>"$scratch/errors" || { grep -v 'warnings\{0,1\}.* generated' "$scratch/errors"; status=1; }
_check "$source/modules" || status=1
exit $status

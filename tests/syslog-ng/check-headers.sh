#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# check-headers.sh TREE...: compiles modules/syslog-ng, without linking, against
# the sources of releases of syslog-ng or AxoSyslog, the grammar merged with
# theirs.  TREE is an unpacked release; only its lib/ is read.  One line for each;
# fails if one failed.  syslog-ng-config.h is that of the installed syslog-ng, as
# nothing here depends on what a release was configured with.

set -u

source=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
module=$source/modules/syslog-ng
# 4.0 to 4.2 include the header of the old PCRE, of which nothing here needs more than its types' names
pcre='typedef struct real_pcre pcre; typedef struct pcre_extra pcre_extra;'
warnings='-Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wwrite-strings
  -Wundef -Wno-unused-parameter -Wno-missing-field-initializers -Werror'
libraries=$(pkg-config --cflags glib-2.0 json-c ivykis libsodium) || exit 1
config=$(pkg-config --variable=includedir syslog-ng)/syslog-ng/syslog-ng-config.h
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

_make_grammar()
{
  bison -Wno-other -Wno-yacc -d -o "$2/plugin-types.c" "$1/lib/cfg-grammar.y" &&
    cp "$2/plugin-types.h" "$2/cfg-grammar.h" &&
    python3 "$1/lib/merge-grammar.py" "$module/port-knock-grammar.ym" >"$2/port-knock-grammar.y" &&
    bison -Wno-other -Wno-yacc -d -o "$2/port-knock-grammar.c" "$2/port-knock-grammar.y"
}

# _compile TREE FOLDER ARGUMENT...
_compile()
{
  tree=$1 folder=$2
  shift 2
  # shellcheck disable=SC2086
  ${CC:-cc} -fsyntax-only -std=gnu11 -D_GNU_SOURCE -DGLIB_DISABLE_DEPRECATION_WARNINGS -DVERSION='"0"' \
    -DSYSLOG_NG_SOURCE_REVISION='"0"' -I"$source/include" -I"$source/modules" -I"$module" -isystem "$folder" \
    -isystem "$tree/lib" -isystem "$tree/lib/eventlog/src" $libraries "$@"
}

_check()
{
  mkdir "$2" && cp "$config" "$2" && _make_grammar "$1" "$2" || return 1
  test -e "$(${CC:-cc} -print-file-name=include)/pcre.h" -o -e /usr/include/pcre.h || echo "$pcre" >"$2/pcre.h"
  for file in "$module"/*.c
  do
    # shellcheck disable=SC2086
    _compile "$1" "$2" $warnings "$file" || return 1
  done
  _compile "$1" "$2" -w "$2/port-knock-grammar.c"
}

status=0 number=0
for tree
do
  number=$((number + 1))
  version=$(sed -n 's/^#define VERSION_STR_CURRENT *"\(.*\)"/\1/p' "$tree/lib/versioning.h")
  if _check "$tree" "$scratch/$number" >"$scratch/log" 2>&1
  then
    echo "ok    $version  $tree"
  else
    cat "$scratch/log"
    echo "FAIL  $version  $tree"
    status=1
  fi
done
test $number != 0 || { echo "no tree was given" >&2; status=2; }
exit $status

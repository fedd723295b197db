#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# check-layers.sh [FOLDER]: holds the include directions of a source tree:
#
#   syslog-ng/ and cli/ -> engine/ -> dialects/ -> scan/ -> GLib, json-c
#
# and that only modules/syslog-ng includes a header of syslog-ng.  First it
# plants each violation in a copy of the tree and fails if one goes unnoticed.

set -u
set -f # the patterns below are for case, not for files

root=$(cd "${1:-${PK_SOURCE_DIR:-$(dirname "$0")/..}}" && pwd) || exit 99

# The folders below modules/, and the public headers, that a layer may include.
_permitted()
{
  lower='port-knock/pk-types.h port-knock/pk-dialect.h scan/*'
  upper="$lower dialects/* port-knock/pk-options.h port-knock/pk-engine.h engine/*"
  case $1 in
    scan) echo "$lower" ;;
    dialects) echo "$lower dialects/*" ;;
    engine) echo "$upper" ;;
    cli) echo "$upper cli/*" ;;
  esac
}

# What any layer but syslog-ng may include in angle brackets: the C library, GLib, and what is named here.
# A header of syslog-ng that is included by its bare name ("logmsg/logmsg.h") is in none of the lists.
libraries='glib.h glib/* gio/* json.h sodium.h zlib.h
  assert.h ctype.h errno.h fcntl.h getopt.h inttypes.h limits.h locale.h math.h poll.h signal.h stdarg.h
  stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h time.h unistd.h arpa/inet.h netinet/* sys/*
  emmintrin.h'

# _one_of NAME PATTERN...: whether a shell pattern matches the whole name.
_one_of()
{
  name=$1
  shift
  for pattern
  do
    # shellcheck disable=SC2254
    case $name in $pattern) return 0 ;; esac
  done
  return 1
}

# Prints a line for each violation below FOLDER.
_check()
{
  for layer in scan dialects engine cli
  do
    test -d "$1/modules/$layer" || continue
    grep -rnE '^[[:space:]]*#[[:space:]]*(include|import)' "$1/modules/$layer" |
      sed -E 's/^([^:]*:[0-9]*):[[:space:]]*#[[:space:]]*(include|import)[[:space:]]*/\1 /' |
      while read -r place header rest
      do
        bare=${header#[<\"]}
        bare=${bare%[>\"]}
        # shellcheck disable=SC2046,SC2086
        case $header in
          '<'*) _one_of "$bare" $libraries ;;
          *) _one_of "$bare" $(_permitted $layer) ;;
        esac || echo "$place: modules/$layer must not include $header"
      done
  done
  # upwards into the plugin or the command, from the plugin too
  if test -d "$1/modules/syslog-ng"
  then
    grep -rnE '#[[:space:]]*include[[:space:]]*["<](\.\./)*cli/' "$1/modules/syslog-ng" /dev/null |
      sed -E 's/^([^:]*:[0-9]*):.*/\1: modules\/syslog-ng must not include the command/'
  fi
  # the public headers know each other only
  grep -rnE '#[[:space:]]*include[[:space:]]*"' "$1/include" /dev/null | grep -v '"port-knock/pk-[a-z]*\.h"' |
    sed -E 's/^([^:]*:[0-9]*):.*/\1: a public header must not include a private one/'
}

# _must_fail FILE LINE: whether the check sees LINE when it is planted in FILE.
_must_fail()
{
  mkdir -p "$copy/$(dirname "$1")"
  echo "$2" >"$copy/$1"
  if test -z "$(_check "$copy")"
  then
    echo "self test: $2 in $1 went unnoticed"
    failed=1
  fi
  rm "$copy/$1"
}

copy=$(mktemp -d) || exit 99
trap 'rm -rf "$copy"' EXIT
trap 'exit 99' HUP INT TERM
failed=0

mkdir -p "$copy/include/port-knock" "$copy/modules/scan"
echo '#include <glib.h>' >"$copy/modules/scan/fine.c"
if test -n "$(_check "$copy")"
then
  echo "self test: a tree without violations is refused"
  failed=1
fi
_must_fail modules/scan/planted.c '#include "engine/window.h"'
_must_fail modules/scan/planted.c '#include "port-knock/pk-engine.h"'
_must_fail modules/scan/planted.c '#include "../engine/window.h"'
_must_fail modules/scan/planted.h '#include "dialects/dialects.h"'
_must_fail modules/dialects/planted.c '  #  include "engine/registry.h"'
_must_fail modules/engine/planted.c '#include "logmsg/logmsg.h"'
_must_fail modules/engine/planted.c '#include <syslog-ng/logmsg/logmsg.h>'
_must_fail modules/engine/planted.c '#include <iv.h>'
_must_fail modules/engine/planted.c '#include "syslog-ng/port-knock.h"'
_must_fail modules/engine/planted.c '#include "cli/replay.h"'
_must_fail modules/cli/planted.c '#include "syslog-ng/port-knock.h"'
_must_fail modules/cli/planted.c '#include <parser/parser-expr.h>'
_must_fail modules/syslog-ng/planted.c '#include "cli/replay.h"'
_must_fail include/port-knock/planted.h '#include "engine/window.h"'

violations=$(_check "$root")
if test -n "$violations"
then
  echo "$violations"
  failed=1
fi
exit $failed

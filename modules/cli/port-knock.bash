# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
#
# bash completion for port-knock.  Commands, options and words are asked of the
# command's own help, so that there is no second list of them.

# What may follow option $2 of command $1, by what its help says of it.
_port_knock_values()
{
  "$_port_knock_command" help "$1" 2>/dev/null |
    awk -v option="$2" '$1 == option {
      if ($2 == "FILE" || $2 == "LABELS") print "FILE"
      else if ($2 == "FORMAT") print "text json"
      else if ($2 == "SCOPE") print "host none"
      else if (($2 == "WORD" || $2 == "WORDS") && match($0, /\[[a-z_|]+; default/)) {
        words = substr($0, RSTART + 1, RLENGTH - 10)
        gsub(/\|/, " ", words)
        print words
      }
    }'
}

_port_knock_options()
{
  "$_port_knock_command" help "$1" 2>/dev/null | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p'
}

_port_knock()
{
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} values
  local _port_knock_command=${COMP_WORDS[0]}

  COMPREPLY=()
  if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ $previous == help ]]; }
  then
    values=$("$_port_knock_command" help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    ((COMP_CWORD == 2)) || values="$values --help --version"
  elif [[ $previous == --* ]]
  then
    values=$(_port_knock_values "${COMP_WORDS[1]}" "$previous")
  elif [[ $current == -* ]]
  then
    values=$(_port_knock_options "${COMP_WORDS[1]}")
  else
    values=FILE
  fi

  if [[ $values == FILE ]]
  then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  else
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
  fi
}

complete -F _port_knock port-knock

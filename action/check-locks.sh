#!/usr/bin/env bash
# A step of action.yml: finds the locks, runs `portcullis report` or `audit` once, and tells its result as annotations, summary, SARIF and
# outputs. Written for the bash 3.2 of macOS. Inputs come as variables (INPUT_…), never as text of a script.
set -euo pipefail

die() {
  echo "::error title=portcullis::$1"
  exit 2
}

# paths are told as the repository has them
cd "$INPUT_DIRECTORY" || die 'directory: it is not there'
# explicit: a folder of the checkout that looks like a bare repository, with a configuration of its own, is none
root=$(git -c safe.bareRepository=explicit rev-parse --show-toplevel) || die 'there is no git repository to look at'
root=$(cd -P "$root" && pwd)
cd "$root"
[ -x "$COMMAND" ] || die 'nothing is installed'

work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/portcullis-XXXXXX")
trap 'rm -rf "$work"' EXIT

# lines VARIABLE: what stands in it, a line each, without empty ones
lines() { printf '%s\n' "$1" | sed -e 's/\r$//' -e '/^[[:space:]]*$/d'; }

case $INPUT_MODE in
  report | audit) mode=$INPUT_MODE ;;
  *) die 'mode: report or audit' ;;
esac
case $INPUT_SARIF_FILE in
  '' | */ | *$'\n'* | *$'\r'*) die 'sarif-file: the name of one file' ;;
esac

policies=()
while IFS= read -r line; do policies+=("$line"); done < <(lines "$INPUT_POLICY")
options=()
while IFS= read -r line; do options+=("$line"); done < <(lines "$INPUT_ARGUMENTS")

# --- links, which a pull request may commit as it likes ---

# on_a_link PATH: whether it, or a folder of the checkout on the way to it, is a link
on_a_link() {
  local way=${1#"$root"/}
  case $way in /*) return 1 ;; esac
  while [ "${way%/}" != "$way" ]; do way=${way%/}; done
  while :; do
    [ ! -L "$way" ] || return 0
    case $way in
      */*) way=${way%/*} ;;
      *) return 1 ;;
    esac
  done
}

# the SARIF is moved to its place in the end, where a link is replaced
[ -L "$INPUT_SARIF_FILE" ] || [ ! -d "$INPUT_SARIF_FILE" ] || die 'sarif-file: a folder is in its place'
sarif_folder=$(dirname -- "$INPUT_SARIF_FILE")
! on_a_link "$sarif_folder" || die 'sarif-file: a link is in the way'
sarif_folder=$(cd -P -- "$sarif_folder" 2>/dev/null && pwd) || die 'sarif-file: its folder is not there'
inside=
for whole in "$root" "${GITHUB_WORKSPACE:-$root}" "${RUNNER_TEMP:-$root}"; do
  case $sarif_folder/ in "$(cd -P -- "$whole" && pwd)"/*) inside=yes ;; esac
done
[ -n "$inside" ] || die 'sarif-file: it leads out of the workspace'

# what the arguments name: where to write, and what to judge by
config=()
judged_by=(portcullis.yaml ${PORTCULLIS_CONFIG:+"$PORTCULLIS_CONFIG"})
named=(${policies[@]+"${policies[@]}"})
before=
for word in ${options[@]+"${options[@]}"}; do
  value=${word#--*=}
  case $before$word in
    --also*) ! on_a_link "${value#*=}" || die 'arguments: a link is in the way of what --also writes' ;;
    --config*) [ "$word" = --config ] || config=(--config "$value") ;;
    --policy*) [ "$word" = --policy ] || named+=("$value") ;;
  esac
  [ ! -e "$value" ] || judged_by+=("$value")
  case $word in --also | --config | --policy) before=$word ;; *) before= ;; esac
done

# --- what it is held against ---

base=
case ${GITHUB_EVENT_NAME:-} in
  # not `pull_request_target`: what is checked out there is the base
  pull_request | merge_group)
    base=$BASE_COMMIT
    case $base in
      '' | *[!0-9a-f]*) die 'the event names no base commit' ;;
    esac
    if ! git cat-file -e "$base^{commit}" 2>/dev/null; then
      git fetch --quiet --no-tags --depth=1 origin "$base" >&2 ||
        die 'the base commit cannot be fetched: check out with fetch-depth 0'
    fi
    ;;
esac

# changed PATHSPEC…: files that are not as in the base, each ended by a NUL
changed() { git diff --no-ext-diff --no-renames --name-only --diff-filter=d -z "$base" -- "$@"; }

# What the program reads to judge: the paths below the root of its configuration, and in an audit all files of its policy, pins included.
# Fails where it cannot tell.
read_by_program() {
  "$COMMAND" ${config[@]+"${config[@]}"} config show --format json >"$work/config" 2>/dev/null || return
  sed -n 's/^[^/]*"\(\/.*\)",\{0,1\}$/\1/p' "$work/config" >"$work/reads"
  if [ "$mode" = audit ]; then
    "$COMMAND" ${config[@]+"${config[@]}"} policy check --format json -- ${named[@]+"${named[@]}"} >"$work/policy" 2>/dev/null || return
    grep -o '"file":"[^"]*"' "$work/policy" | sed -e 's/^"file":"//' -e 's/"$//' >>"$work/reads"
  fi
  # a name that JSON has to escape is not worth a parser
  ! grep -q '\\' "$work/reads"
}

# judges PATH: adds what a change of would change what it says, where it is of this repository
judges() {
  local real
  if on_a_link "$1" || { [ -d "$1" ] && [ -n "$(find "$1/" -type l | head -n 1)" ]; }; then through_link=yes; fi
  real=$(readlink -f -- "$1") || real=
  for path in "$1" "$real"; do
    [ "$path" != "$root" ] || path=.
    path=${path#"$root"/}
    case /$path/ in
      // | //* | */../*) ;;
      *) paths+=(":(literal)$path") ;;
    esac
  done
}

# other_judge: whether the change is one of what judges it
other_judge() {
  read_by_program || return 0
  while IFS= read -r line; do judged_by+=("$line"); done <"$work/reads"
  paths=()
  through_link=
  for path in "${judged_by[@]}"; do judges "$path"; done
  # what is gone counts, too
  git diff --no-ext-diff --no-renames --name-only "$base" -- "${paths[@]}" >"$work/judged-by" || return 0
  [ ! -s "$work/judged-by" ] || return 0
  [ -n "$through_link" ] || return 1
  git diff --no-ext-diff --no-renames --raw "$base" | grep -e '^:120000' -e '^:[0-7]* 120000' >/dev/null
}

[ "$mode" = report ] || judged_by+=(${named[@]+"${named[@]}"})
all=
if [ -n "$base" ] && other_judge; then all=yes; fi
if [ -n "$all" ]; then
  echo '::warning title=portcullis::This change also changes what it is judged by (portcullis.yaml, or the policy): review that first.'
fi

# --- which locks ---

NAMES=(':(glob)**/uv.lock' ':(glob)**/poetry.lock' ':(glob)**/pdm.lock' ':(glob)**/Pipfile.lock'
  ':(glob)**/pylock.toml' ':(glob)**/pylock.*.toml' ':(glob)**/*.txt' ':(glob)**/*.in')

# A text file is a lock when it has hashes, or had some in the base.
has_hashes() { grep -q -e '--hash=' -- "$1"; }
stands_for_hashes() {
  # read to its end: a pipe that is closed early fails, and the lock would be passed over
  [ -n "$base" ] && git show "$base:$1" 2>/dev/null | grep -e '--hash=' >/dev/null
}
# a link has no text of its own to tell by
stands_for_lock() {
  case ${1##*/} in
    *requirements*) return 0 ;;
    *.txt | *.in) stands_for_hashes "$1" ;;
  esac
}

known() {
  if [ -n "$base" ] && [ -z "$all" ]; then changed "${NAMES[@]}"; else git ls-files -z -- "${NAMES[@]}"; fi
}

locks=()
not_read=0

# told TEXT: as a property of a command of the runner
told() {
  local text=${1//[%]/%25} cr=$'\r' lf=$'\n'
  text=${text//$cr/%0D} text=${text//$lf/%0A} text=${text//:/%3A}
  printf '%s' "${text//,/%2C}"
}

# add PATH: a link is not followed, for it may lead to what the job alone may read: to a file of the repository, that one is looked at
# under its own name; else it is told, and fails where it stands for a lock
add() {
  local path=$1 real
  if on_a_link "$path"; then
    real=$(readlink -f -- "$path") || real=
    real=${real#"$root"/}
    # none, or elsewhere: no name of a file here
    case $real in '' | /*) real=.git ;; esac
    case $([ ! -f "$real" ] || git ls-files -s -- ":(literal)$real") in
      100*) path=$real ;;
      *)
        if [ -n "${2:-}" ] || stands_for_lock "$path"; then
          not_read=$((not_read + 1))
          echo "::error title=portcullis,file=$(told "$path")::A link that leads to no file of the repository: not looked at."
        else
          echo "::warning title=portcullis,file=$(told "$path")::A link that leads to no file of the repository: not looked at."
        fi
        return 0
        ;;
    esac
  fi
  [ -f "$path" ] || return 0
  case $1 in *.txt | *.in) [ -n "${2:-}" ] || has_hashes "$path" || stands_for_hashes "$1" || return 0 ;; esac
  local known
  for known in ${locks[@]+"${locks[@]}"}; do [ "$known" != "$path" ] || return 0; done
  locks+=("$path")
}

if [ -n "$(lines "$INPUT_LOCKS")" ]; then
  while IFS= read -r line; do
    : >"$work/matched"
    if [ -f "$line" ] || [ -L "$line" ]; then
      printf '%s\0' "$line" >"$work/matched"
    else
      git ls-files -z -- ":(glob)$line" >"$work/matched"
    fi
    [ -s "$work/matched" ] || die 'locks: a line names no file that is there'
    while IFS= read -r -d '' path; do add "$path" asked; done <"$work/matched"
  done < <(lines "$INPUT_LOCKS")
else
  known >"$work/known" # not in a pipe: where git fails, this ends
  while IFS= read -r -d '' path; do add "$path"; done <"$work/known"
fi

# output NAME VALUE: of any number of lines
output() {
  local mark
  mark=end-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s<<%s\n%s\n%s\n' "$1" "$mark" "$2" "$mark" >>"$GITHUB_OUTPUT"
}

if [ "${#locks[@]}" = 0 ]; then
  [ "$not_read" != 0 ] || echo '::notice title=portcullis::No lock to look at.'
  code=$((not_read ? 2 : 0))
  output exit-code "$code"
  output findings 0
  output sarif-file ''
  output locks ''
  exit "$code"
fi

# --- one run ---

options+=(--also "sarif=$work/sarif" --also "github=$work/annotations")
if [ "$mode" = report ]; then
  options+=(--also "markdown=$work/summary")
  if [ -n "$base" ]; then
    options+=(--since "$base")
    [ -z "$INPUT_FAIL_ON" ] || options+=(--fail-on "$INPUT_FAIL_ON")
  fi
else
  options+=(--also "text=$work/summary")
  for policy in ${policies[@]+"${policies[@]}"}; do options+=(--policy "$policy"); done
fi

# What others wrote stands in what is printed, and none of it is a command of the runner.
token=stop-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
code=0
"$COMMAND" "$mode" "${options[@]}" -- "${locks[@]}" 2>&1 || code=$?
[ "$code" != 0 ] || code=$((not_read ? 2 : 0))
echo
echo "::$token::"

if [ -f "$work/annotations" ]; then
  cat "$work/annotations"
else
  echo "::error title=portcullis::Nothing could be told, exit code $code: see the log."
fi
if [ -f "$work/summary" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  if [ "$mode" = report ]; then
    cat "$work/summary"
  else
    # nothing ends this fence: no line of the text begins with tildes
    printf '~~~~~~~~~~~~text\n%s\n~~~~~~~~~~~~\n' "$(head -c 500000 "$work/summary")"
  fi >>"$GITHUB_STEP_SUMMARY"
fi

output exit-code "$code"
output locks "$(printf '%s\n' "${locks[@]}")"
if [ -f "$work/annotations" ]; then
  # told and written: a SARIF of an earlier run is none of this one
  rm -f -- "$INPUT_SARIF_FILE"
  mv -- "$work/sarif" "$INPUT_SARIF_FILE"
  output findings "$(grep -c '^ *"ruleId": ' "$INPUT_SARIF_FILE" || true)"
  output sarif-file "$INPUT_SARIF_FILE"
else
  output findings 0
  output sarif-file ''
fi
exit "$code"

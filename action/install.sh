#!/usr/bin/env bash
# A step of action.yml: says in the output `command` where the program is, and fetches it where it is not there. Never from the checkout: what a
# pull request commits as node_modules, .npmrc, package.json, uv.toml or pyproject.toml would be looked at there.
set -euo pipefail

die() {
  echo "::error title=portcullis::$1"
  exit 2
}

if [ -n "$INPUT_VERSION" ]; then
  case $INPUT_VERSION in
    *[!0-9a-z.+-]* | [!0-9]*) die 'version: no version of the project' ;;
  esac
  place=$(mktemp -d "${RUNNER_TEMP:-/tmp}/portcullis-XXXXXX")
  cd "$place"
  if command -v uv >/dev/null; then
    # PyPI has another project that is called `portcullis`
    UV_TOOL_DIR=$place/tools UV_TOOL_BIN_DIR=$place/bin uv tool install "portcullis-gate==$INPUT_VERSION"
    command=$place/bin/portcullis
  else
    npm install --prefix "$place" --no-audit --no-fund "portcullis@$INPUT_VERSION"
    command=$place/node_modules/.bin/portcullis
  fi
else
  command=$GITHUB_ACTION_PATH/bin/portcullis
  cd "$GITHUB_ACTION_PATH"
  # npm writes this file when all is there; what is fetched must have the digests of package-lock.json
  if [ ! -f node_modules/.package-lock.json ]; then
    if node --require ./bin/node-version.cjs --eval 0 2>/dev/null; then
      npm ci --omit=dev --no-audit --no-fund
    else
      npm ci --no-audit --no-fund # brings a Node that is new enough
    fi
  fi
fi
echo "command=$command" >>"$GITHUB_OUTPUT"

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { GateError } from '../../../src/domain/base/errors.ts'
import { type ParsedLine, parseRequirements } from '../../../src/protocol/lockfiles/requirements/parse.ts'

/** Files beside each other; the one named `requirements.txt` is read. */
export type Folder = Readonly<Record<string, string | Uint8Array>>

/** What a reader makes of a folder: each requirement with its place, and where packages may come from in the end. */
export type Reading =
  | { readonly lines: readonly string[]; readonly indexes: readonly string[]; readonly places: readonly string[] }
  | 'error'

/** Only what differs from the default is told of indexes. */
const SCRIPT = `
import json, logging, os, sys
from types import SimpleNamespace
logging.disable(logging.CRITICAL)
from pip._internal.models.format_control import FormatControl
from pip._internal.req.req_file import parse_requirements

class Finder:
    format_control = FormatControl()
    release_control = None
    def __init__(self): self.search_scope = SimpleNamespace(no_index=False, index_urls=["default"], find_links=[])
    find_links = property(lambda self: list(self.search_scope.find_links))
    index_urls = property(lambda self: list(self.search_scope.index_urls))
    def set_allow_all_prereleases(self): pass
    def set_release_control(self, control): pass
    def set_prefer_binary(self): pass

def hashes_of(options):
    found = ((options or {}).get("hashes") or {}).items()
    return sorted({f"{algorithm}:{digest}" for algorithm, digests in found for digest in digests})

def placed(comes_from):
    how, path, line = comes_from.split(" ", 2)
    return f"{how} {os.path.relpath(path)} {line}"

def told(folder):
    os.chdir(folder)
    finder = Finder()
    try:
        found = [f"{placed(line.comes_from)} | {'-e ' if line.is_editable else ''}{line.requirement} | {' '.join(hashes_of(line.options))}"
            for line in parse_requirements("requirements.txt", None, finder=finder)]
    except Exception as error:
        return "error"
    return {"lines": found, "indexes": finder.index_urls, "places": finder.find_links}

json.dump([told(folder) for folder in json.load(sys.stdin)], sys.stdout)
`

/** Where this machine's Python has a pip: its version. */
export async function findPip(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', 'import pip; print(pip.__version__)'])
    return stdout.trim()
  } catch {
    return undefined
  }
}

/** What pip itself reads, one process for all. `environment` is what `${NAME}` is filled in from. */
export function readAsPip(
  folders: readonly { readonly at: string; readonly files: Folder }[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly Reading[]> {
  for (const { at, files } of folders)
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(at, name)), { recursive: true })
      writeFileSync(join(at, name), content)
    }
  const { PATH, HOME } = process.env
  return new Promise((resolve, reject) => {
    const env = { PATH, HOME, LANG: 'C.UTF-8', PYTHONUTF8: '1', ...environment }
    const options = { env, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile('python3', ['-c', SCRIPT], options, (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout) as readonly Reading[])
      else reject(error)
    })
    child.stdin?.end(JSON.stringify(folders.map(({ at }) => at)))
  })
}

/** What this project reads. */
export function readAsWe(files: Folder, environment: Readonly<Record<string, string>>): Reading {
  const contentOf = (path: string): Uint8Array => {
    const content = files[path.replace(/^\/folder\//, '')]
    if (content === undefined) throw new GateError('usage', `${path} is not there`)
    return Buffer.from(content)
  }
  const read = (path: string): Uint8Array => contentOf(path)
  try {
    const top = { path: '/folder/requirements.txt', bytes: contentOf('requirements.txt') }
    return told(parseRequirements(top, { read, environment }))
  } catch (error) {
    if (error instanceof GateError && error.code === 'usage') return 'error'
    throw error
  }
}

function told(lines: readonly ParsedLine[]): Reading {
  let indexes: readonly string[] = ['default']
  let closed = false
  const places: string[] = []
  const requirements: string[] = []
  for (const line of lines)
    if ('format' in line) continue
    else if ('requirement' in line) {
      const from = `${line.constraint ? '-c' : '-r'} ${line.path.replace('/folder/', '')} (line ${line.line})`
      const hashes = line.editable ? '' : [...new Set(line.hashes)].sort().join(' ')
      requirements.push(`${from} | ${line.editable ? '-e ' : ''}${line.requirement} | ${hashes}`)
    } else if (line.option === 'find-links') places.push(line.value)
    else if (line.option === 'no-index') [closed, indexes] = [true, []]
    else if (!closed) indexes = line.option === 'index-url' ? [line.value] : [...indexes, line.value]
  return { lines: requirements, indexes, places }
}

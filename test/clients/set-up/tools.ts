import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A client of Python packages, or an index of them, installed into a virtual environment of its own. */
export interface Tool {
  readonly name: ToolName
  /** the interpreter of its environment */
  readonly python: string
  /** what the client can import, for `python <folder>/pip` */
  readonly sitePackages: string
  readonly bin: string
}

/**
 * What is tested, and which of it. The last ones are the newest of their kind; `PORTCULLIS_CLIENTS=newest` takes what
 * the registry has today instead. pip 19.3.1 is the oldest that knows which Python 3.11 it runs on, 22.3 compares no
 * digest of a JSON page (and gets HTML), uv 0.12.5 that of no page.
 */
const PINNED = {
  'pip 19.3': 'pip==19.3.1',
  'pip 22.3': 'pip==22.3',
  'pip 23.3': 'pip==23.3.2',
  'pip 26.3': 'pip==26.3',
  'uv 0.12': 'uv==0.12.5',
  uv: 'uv==0.13.9',
  poetry: 'poetry==2.5.1',
  pdm: 'pdm[locked]==2.29.3', // newer releases of what it depends on break it
  pipenv: 'pipenv==2026.10.3',
  bandersnatch: 'bandersnatch==8.2.0',
  'pre-commit': 'pre-commit==4.7.0',
  pypiserver: 'pypiserver==2.4.2',
  devpi: 'devpi-server==6.20.3',
  schemathesis: 'schemathesis==4.32.5',
} as const

export type ToolName = keyof typeof PINNED

const NEWEST: readonly ToolName[] = ['pip 26.3', 'uv', 'poetry', 'pdm', 'pipenv', 'bandersnatch']

/** Needs a newer Python than most machines have as `python3`. */
const NEEDS_PYTHON: Partial<Record<ToolName, readonly [major: number, minor: number]>> = { bandersnatch: [3, 13] }

const FOLDER = fileURLToPath(new URL('../.venvs/', import.meta.url))

/** What an installer says when nobody answers at the other end. */
const OUT_OF_REACH =
  /NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|Temporary failure|Name or service not known|from versions: none|ProxyError|timed out/i

export type Prepared =
  | { readonly tool: Tool; readonly skip: false }
  | { readonly tool: undefined; readonly skip: string }

/** Several of them, before the first test of a file: tap ends a file that waits between two tests. */
export async function prepareAll<Name extends ToolName>(names: readonly Name[]): Promise<ReadonlyMap<Name, Prepared>> {
  const waiting = [...names]
  const prepared = new Map<Name, Prepared>()
  const prepareNext = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) prepared.set(name, await prepare(name))
  }
  await Promise.all([prepareNext(), prepareNext()])
  return new Map(names.flatMap(name => [...prepared].filter(([which]) => which === name)))
}

/**
 * The tool, installed on first use by the machine's own pip as it is configured, and kept between runs; or, for
 * `t.test(name, { skip })`, why it cannot be had here. An installation that fails for another reason throws.
 */
export async function prepare(name: ToolName): Promise<Prepared> {
  const interpreter = await findPython(NEEDS_PYTHON[name])
  if (interpreter === undefined) return { tool: undefined, skip: `${name} needs a newer Python than this machine has` }
  const requirement = requirementOf(name)
  const key = createHash('sha256')
    .update(`${requirement} ${interpreter.version} ${dayOf(name)}`)
    .digest('hex')
  const folder = join(FOLDER, `${name.replace(' ', '-')}-${key.slice(0, 12)}`)
  if (!existsSync(folder)) {
    try {
      await inTurn(`${folder}.lock`, async () => {
        if (!existsSync(folder)) await build(folder, interpreter.path, requirement)
      })
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
      if (OUT_OF_REACH.test(said)) return { tool: undefined, skip: `${requirement} is out of reach` }
      throw error
    }
  }
  const tool = toolIn(name, folder)
  if (!(await runs(tool))) return { tool: undefined, skip: `${name} does not run on Python ${interpreter.version}` }
  return { tool, skip: false }
}

/** Old pips know no new Python. */
async function runs({ name, python, sitePackages }: Tool): Promise<boolean> {
  if (!name.startsWith('pip ')) return true
  try {
    await run(python, [join(sitePackages, 'pip'), '--version'])
    return true
  } catch {
    return false
  }
}

/** Longer than any installation takes, ms: whoever holds the lock for so long was ended. */
const STALE_LOCK = 5 * 60_000

/** One process at a time; the others wait. */
async function inTurn(lock: string, call: () => Promise<void>): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
      if (Date.now() - since > STALE_LOCK) rmSync(lock, { recursive: true, force: true })
      else await sleep(500)
    }
  }
  try {
    await call()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** Built beside its place and moved there whole, so that of two runs that race the later finds the earlier's. */
async function build(folder: string, interpreter: string, requirement: string): Promise<void> {
  const draft = `${folder}.${process.pid}`
  mkdirSync(FOLDER, { recursive: true })
  try {
    await run(interpreter, ['-m', 'venv', draft])
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input']
    await run(join(draft, 'bin/python'), [...install, requirement], { maxBuffer: 16 * 1024 * 1024 })
    move(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function move(draft: string, folder: string): void {
  try {
    renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

function requirementOf(name: ToolName): string {
  return takesNewest(name) ? PINNED[name].replace(/==.*/, '') : PINNED[name]
}

function dayOf(name: ToolName): string {
  return takesNewest(name) ? new Date().toISOString().slice(0, 10) : ''
}

function takesNewest(name: ToolName): boolean {
  return process.env['PORTCULLIS_CLIENTS'] === 'newest' && NEWEST.includes(name)
}

function toolIn(name: ToolName, folder: string): Tool {
  const [python = ''] = readdirSync(join(folder, 'lib'))
  return {
    name,
    python: join(folder, 'bin/python'),
    sitePackages: join(folder, 'lib', python, 'site-packages'),
    bin: join(folder, 'bin'),
  }
}

// ---------------------------------------------------------------- interpreters

export interface Interpreter {
  readonly path: string
  /** `3.11.7` */
  readonly version: string
}

/** The `python3` of the path or, where that is too old, one that is: on the path by its name, or among pyenv's. */
export async function findPython(least: readonly [number, number] = [3, 9]): Promise<Interpreter | undefined> {
  const [major, minor] = least
  const named = [0, 1, 2].map(step => `python${major}.${minor + step}`)
  for (const candidate of ['python3', ...named, ...pyenvPythons()]) {
    const found = await ask(candidate)
    if (found === undefined) continue
    const [itsMajor = 0, itsMinor = 0] = found.version.split('.').map(Number)
    if (itsMajor > major || (itsMajor === major && itsMinor >= minor)) return found
  }
  return undefined
}

function pyenvPythons(): readonly string[] {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions')
  return existsSync(versions) ? readdirSync(versions).map(version => join(versions, version, 'bin/python3')) : []
}

async function ask(candidate: string): Promise<Interpreter | undefined> {
  const question = 'import sys, ensurepip; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])'
  try {
    const { stdout } = await run(candidate, ['-c', question])
    const [path = '', version = ''] = stdout.trim().split('\n')
    return { path, version }
  } catch {
    return undefined
  }
}

// `node test/clients/set-up/tools.ts` installs all of them ahead of the tests
if (import.meta.main) await prepareAll(Object.keys(PINNED) as ToolName[])

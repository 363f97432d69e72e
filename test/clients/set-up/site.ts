import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { findPython } from './tools.ts'

/** How a command ended, and everything that it printed. */
export interface Run {
  readonly code: number | null
  /** standard output and standard error as they came */
  readonly text: string
}

/** What one person has: a home, caches, a project and a virtual environment to install into. */
export interface Site {
  /** holds the project, whose `.venv` is the environment */
  readonly project: string
  readonly python: string
  /** runs in the project's folder, with nothing of the machine's configuration */
  run(command: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Run>
  /** a file of the project */
  write(path: string, text: string): string
  read(path: string): string
  /** `name-version` of everything installed, sorted */
  installed(): readonly string[]
  /** an empty environment; caches stay */
  emptyEnvironment(): Promise<void>
  /** forgets everything that clients keep outside the project */
  emptyHome(): void
}

/** No client is waited for longer. */
const LONGEST_RUN_MS = 240_000

export async function openSite(t: Test): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-client-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [home, project, scratch] = ['home', 'project', 'tmp'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const each of [home, project, scratch]) mkdirSync(each)
  const outside = await watchOutside(t)
  const environment = join(project, '.venv')
  const python = join(environment, 'bin/python')
  const interpreter = await findPython()
  if (interpreter === undefined) throw new Error('there is no Python')
  const emptyEnvironment = async (): Promise<void> => {
    rmSync(environment, { recursive: true, force: true })
    await promisify(execFile)(interpreter.path, ['-m', 'venv', '--without-pip', environment])
  }
  await emptyEnvironment()

  return {
    project,
    python,
    emptyEnvironment,
    emptyHome() {
      rmSync(home, { recursive: true, force: true })
      mkdirSync(home)
    },
    run: (command, args, changes = {}) =>
      runIn(project, command, args, { ...cleanEnvironment({ home, scratch, outside, python }), ...changes }),
    write(path, text) {
      const file = join(project, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    },
    read: path => readFileSync(join(project, path), 'utf8'),
    installed: () => installedIn(environment),
  }
}

/** Nothing is inherited but the path: no configuration of the machine, no credentials, no index but the one given. */
function cleanEnvironment(site: {
  readonly home: string
  readonly scratch: string
  readonly outside: string
  readonly python: string
}): Readonly<Record<string, string>> {
  const { home, scratch, outside, python } = site
  return {
    PATH: `${dirname(python)}:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: scratch,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CONFIG_DIRS: join(home, 'config-of-all'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    // whoever looks for something that is not on this machine is caught
    http_proxy: outside,
    https_proxy: outside,
    HTTP_PROXY: outside,
    HTTPS_PROXY: outside,
    no_proxy: '127.0.0.1,localhost',
    NO_PROXY: '127.0.0.1,localhost',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    UV_NO_CONFIG: '1',
    UV_PYTHON_DOWNLOADS: 'never',
    UV_PYTHON: python,
    UV_CACHE_DIR: join(home, 'cache/uv'),
    POETRY_VIRTUALENVS_IN_PROJECT: 'true',
    POETRY_NO_INTERACTION: '1',
    PDM_CHECK_UPDATE: 'false',
    PDM_NON_INTERACTIVE: '1',
    PIPENV_VENV_IN_PROJECT: '1',
    PIPENV_IGNORE_VIRTUALENVS: '1',
    PIPENV_NOSPIN: '1',
    PIPENV_YES: '1',
    VIRTUALENV_NO_PERIODIC_UPDATE: '1',
    VIRTUALENV_NO_DOWNLOAD: '1',
  }
}

function runIn(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    // a group of its own, so that what it started ends with it
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const parts: Buffer[] = []
    const timer = setTimeout(() => {
      parts.push(Buffer.from('\n(ended by the test: it took too long)\n'))
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, LONGEST_RUN_MS)
    child.stdout.on('data', chunk => void parts.push(chunk))
    child.stderr.on('data', chunk => void parts.push(chunk))
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, text: Buffer.concat(parts).toString('utf8') })
    })
  })
}

function installedIn(environment: string): readonly string[] {
  const lib = join(environment, 'lib')
  return readdirSync(lib)
    .map(python => join(lib, python, 'site-packages'))
    .filter(folder => existsSync(folder)) // some make an empty `python3` beside that of the version
    .flatMap(folder => readdirSync(folder))
    .filter(name => name.endsWith('.dist-info'))
    .map(name => name.slice(0, -'.dist-info'.length).replace(/_/g, '-').toLowerCase())
    .toSorted()
}

/** A proxy that refuses everybody, and fails the test when somebody came. */
async function watchOutside(t: Test): Promise<string> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(403).end()
  })
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    if (asked.length > 0) throw new Error(`a client went past the gate: ${[...new Set(asked)].join(', ')}`)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

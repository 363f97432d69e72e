import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Scope } from '../world.ts'

/** PostgreSQL that a test started: a cluster in a folder of its own, on a socket and a port of loopback. */
export interface Cluster {
  /** The URL of a database of which nobody else uses this part: a schema of its own, which is sooner made. */
  database(): Promise<string>
  /** of the server itself, for a proxy in front */
  readonly port: number
  stop(how: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
}

/** Debian keeps each version in a folder; elsewhere it is on the path. */
const FOLDERS = ['/usr/lib/postgresql', '/usr/local/pgsql']

function binaries(): string | undefined {
  const candidates = FOLDERS.flatMap(folder =>
    existsSync(folder)
      ? [join(folder, 'bin'), ...readdirSync(folder).map(version => join(folder, version, 'bin'))]
      : [],
  )
  return candidates.filter(folder => existsSync(join(folder, 'initdb'))).at(-1)
}

const BINARIES = binaries()
/** `false`, or why tests that need it are skipped. */
export const NO_POSTGRES: string | false =
  BINARIES === undefined ? 'PostgreSQL is not installed (apt-get install postgresql)' : false

/** It does not run as root. */
const NOBODY = process.getuid?.() === 0 ? ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'] : []
const NOBODY_ID = 65_534

function command(program: string, ...words: readonly string[]): readonly [string, readonly string[]] {
  const [first = '', ...rest] = [...NOBODY, join(BINARIES ?? '', program), ...words]
  return [first, rest]
}

let databases = 0

/** A cluster for this test alone, gone with it. */
export async function startCluster(t: Scope): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'pg-'))
  if (NOBODY.length > 0) {
    chownSync(folder, NOBODY_ID, NOBODY_ID)
    chmodSync(folder, 0o755)
  }
  const data = join(folder, 'data')
  const [init, words] = command('initdb', '-D', data, '-U', 'gate', '-A', 'trust', '-E', 'UTF8', '--no-sync')
  execFileSync(init, [...words, '--locale=C.UTF-8'], { stdio: 'ignore', cwd: folder })
  let port = anyPort()
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    const options = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, `port=${port}`]
    options.push('shared_buffers=16MB', 'max_connections=100', 'max_wal_size=256MB')
    const [program, its] = command('postgres', '-D', data, ...options.flatMap(option => ['-c', option]))
    server = spawn(program, its, { stdio: 'ignore', cwd: folder })
    await untilReady(port, server)
  }

  /** A port may be somebody else's: then the server ends at once, and another one is as good. */
  async function startAnywhere(): Promise<void> {
    for (let left = 5; ; left -= 1) {
      try {
        return await start()
      } catch (error) {
        if (left === 0 || server?.exitCode === null) throw error
        port = anyPort()
      }
    }
  }

  async function stop(how: 'fast' | 'immediate'): Promise<void> {
    const running = server
    server = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = new Promise(resolve => running.once('exit', resolve))
    running.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
  }

  await startAnywhere()
  t.teardown(async () => {
    await stop('immediate')
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    port,
    start,
    stop,
    async database() {
      databases += 1
      const name = `gate_${databases}`
      const server = `postgres://gate@127.0.0.1:${port}/postgres`
      const client = new pg.Client({ connectionString: server })
      await client.connect()
      await client.query(`create schema ${name}`)
      await client.end()
      return `${server}?options=${encodeURIComponent(`-c search_path=${name}`)}`
    },
  }
}

/** Below those that the system gives to connections. */
function anyPort(): number {
  return 12_000 + Math.floor(Math.random() * 20_000)
}

async function untilReady(port: number, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 1_200 && server.exitCode === null; tries += 1) {
    const connectionString = `postgres://gate@127.0.0.1:${port}/postgres`
    // somebody else's port may take a connection and say nothing
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 })
    // a server that goes down says so to a connection that is opened at that moment
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await delay(100)
    }
  }
  throw new Error('PostgreSQL does not come up')
}

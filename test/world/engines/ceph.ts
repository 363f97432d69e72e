import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What Debian packages it: fetched once, and merely unpacked. */
const PACKAGES = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common']
const FOLDER = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'portcullis-test', 'ceph')
const LIBRARIES = 'usr/lib/x86_64-linux-gnu'
const UP_WITHIN_MS = 150_000

/** Ceph's RADOS Gateway, an object store that speaks S3, on loopback: objects in memory, gone when it is. */
export interface ObjectStore {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** what the SDK takes from an environment */
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

const CREDENTIALS = { accessKeyId: 'AKIAPORTCULLIS', secretAccessKey: 'of-this-test-alone' }

/** Starts one; or says, for `t.test(name, { skip })`, why there can be none here. */
export async function startCeph(
  when: 'asked for' | 'fetched before' = 'asked for',
): Promise<ObjectStore | { readonly skip: string }> {
  const isThere = when === 'fetched before' && existsSync(join(FOLDER, 'usr/bin/radosgw'))
  if (process.env['TEST_CEPH'] === undefined && !isThere)
    return { skip: 'a RADOS Gateway is started where TEST_CEPH=1 says so' }
  const programs = await programsOfCeph()
  if (typeof programs === 'object') return programs
  const folder = mkdtempSync(join(tmpdir(), 'ceph-'))
  const started: ChildProcess[] = []
  const close = async (): Promise<void> => {
    await Promise.all(started.map(end))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const [port, monitor] = [await freePort(), await freePort()]
    const conf = join(folder, 'ceph.conf')
    const environment = {
      PATH: `${join(programs, 'usr/bin')}:${process.env['PATH']}`,
      LD_LIBRARY_PATH: [LIBRARIES, `${LIBRARIES}/ceph`, 'lib/x86_64-linux-gnu'].map(at => join(programs, at)).join(':'),
    }
    const once = (program: string, ...words: string[]) =>
      run(join(programs, 'usr/bin', program), words, { cwd: folder, env: environment, timeout: UP_WITHIN_MS })
    const begin = (program: string, ...words: string[]): void => {
      const child = spawn(join(programs, 'usr/bin', program), ['-c', conf, '-f', ...words], {
        cwd: folder,
        env: environment,
        stdio: 'ignore',
      })
      started.push(child)
      process.once('exit', () => child.kill('SIGKILL'))
    }
    const id = randomUUID()
    const address = `[v1:127.0.0.1:${monitor}/0]`
    for (const part of ['mon', 'osd']) mkdirSync(join(folder, part))
    writeFileSync(conf, configuration({ programs, folder, id, address, port }))
    await once('monmaptool', '--create', '--fsid', id, '--addv', 'a', address, 'monmap')
    await once('osdmaptool', '--createsimple', '1', 'osdmap')
    await once('ceph-mon', '-c', conf, '-i', 'a', '--mkfs', '--monmap', 'monmap', '--osdmap', 'osdmap')
    begin('ceph-mon', '-i', 'a')
    await once('ceph-osd', '-c', conf, '-i', '0', '--mkfs')
    begin('ceph-osd', '-i', '0')
    begin('radosgw', '-n', 'client.rgw')
    const endpoint = `http://127.0.0.1:${port}`
    await answers(endpoint, () => logsIn(folder))
    const { accessKeyId, secretAccessKey } = CREDENTIALS
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey]
    await once('radosgw-admin', '-c', conf, 'user', 'create', '--uid', 'test', '--display-name', 'test', ...keys)
    return {
      endpoint,
      ...CREDENTIALS,
      environment: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The folder with its programs; fetched when they are wanted first. */
async function programsOfCeph(): Promise<string | { readonly skip: string }> {
  if (existsSync(join(FOLDER, 'usr/bin/radosgw'))) return FOLDER
  if (process.platform !== 'linux' || process.arch !== 'x64') return { skip: 'Ceph is fetched for Linux on x64 alone' }
  const fetching = `${FOLDER}-${process.pid}`
  try {
    const words = ['--simulate', '--no-install-recommends', 'install', ...PACKAGES]
    const { stdout } = await run('apt-get', words, { timeout: 60_000 })
    const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name)
    const wanted = names.filter(name => /^(?:lib|ceph|radosgw)/.test(name) && !name.startsWith('libpython'))
    mkdirSync(join(fetching, 'root'), { recursive: true })
    await run('apt-get', ['download', ...wanted], { cwd: fetching, timeout: 300_000 })
    for (const name of readdirSync(fetching).filter(file => file.endsWith('.deb')))
      await run('dpkg', ['-x', name, 'root'], { cwd: fetching, timeout: 60_000 })
    if (!existsSync(FOLDER)) renameSync(join(fetching, 'root'), FOLDER)
    return FOLDER
  } catch (error) {
    const [why = 'unknown'] = String(error instanceof Error ? error.message : error).split('\n')
    return { skip: `Debian’s packages of Ceph cannot be had here: ${why.slice(0, 120)}` }
  } finally {
    rmSync(fetching, { recursive: true, force: true })
  }
}

interface Settings {
  readonly programs: string
  readonly folder: string
  readonly id: string
  readonly address: string
  readonly port: number
}

/** One monitor, one store in memory, one gateway; nobody proves who they are among themselves. */
function configuration({ programs, folder, id, address, port }: Settings): string {
  const libraries = join(programs, LIBRARIES)
  return `[global]
fsid = ${id}
mon host = ${address}
${['cluster', 'service', 'client'].map(who => `auth ${who} required = none`).join('\n')}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
osd objectstore = memstore
memstore device bytes = 4G
osd op num shards = 1
osd crush update on start = false
osd class update on start = false
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
plugin dir = ${libraries}/ceph
erasure code dir = ${libraries}/ceph/erasure-code
compressor dir = ${libraries}/ceph/compressor
osd class dir = ${libraries}/rados-classes
run dir = ${folder}
mon data = ${folder}/mon
osd data = ${folder}/osd
log file = ${folder}/$name.log
mon cluster log file = ${folder}/cluster.log
admin socket =
pid file =
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw data = ${folder}
keyring = /dev/null
rgw thread pool size = 64
rgw enable gc threads = false
rgw enable lc threads = false
`
}

async function answers(endpoint: string, logs: () => string): Promise<void> {
  const until = performance.now() + UP_WITHIN_MS
  for (;;) {
    const answer = await fetch(endpoint).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    if (performance.now() > until) throw new Error(`the gateway of Ceph did not come up\n${logs()}`)
    await sleep(200)
  }
}

/** The last lines of each. */
function logsIn(folder: string): string {
  const logs = readdirSync(folder).filter(name => name.endsWith('.log'))
  return logs.map(name => `${name}:\n${readFileSync(join(folder, name), 'utf8').slice(-1_500)}`).join('\n')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

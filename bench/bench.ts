/**
 * `npm run bench [-- --rounds 5 --seconds 2 --only page,file]`: the gate beside nginx on loopback, one core for the server
 * and one for the clients, runs interleaved, medians and ratios. Needs Linux, two cores, nginx, wrk, curl and taskset.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ManualScope } from '../test/world/manual-scope.ts'
import { createWorld, type Published, type Scope, type World } from '../test/world/world.ts'
import { median, type Row, renderTable, spread } from './figures.ts'
import { type GateProcess, startGateProcess } from './gate-process.ts'
import { runWrk, stallReaders, timeDownload } from './load.ts'
import { benchMetadata } from './metadata.ts'
import { benchMirror } from './mirror.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { isInstalled, moveToClientCore, runClient } from './processes.ts'
import { rememberFindings } from './remembered.ts'
import { benchVerify } from './verify.ts'

const MIB = 1024 * 1024
/** bytes a second: 1 Gbit/s */
const GIGABIT = 125_000_000
/** nginx that varies more than this says nothing about anybody else */
const STEADY = 0.15

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    python: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const chosen = options.only.split(',').filter(name => name !== '')
const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name)

interface Bench {
  readonly world: World
  readonly gate: GateProcess
  readonly nginx: Nginx
  readonly folder: string
}

const warnings: string[] = []

// ---------------------------------------------------------------- hot: the same bytes from nginx

interface Hot {
  readonly scenario: string
  readonly path: string
  readonly peerPath: string
  readonly connections: number
  readonly headers: Readonly<Record<string, string>>
  readonly peerHeaders: Readonly<Record<string, string>>
  readonly goal: number
  /** bytes of one answer, where throughput is the figure people know */
  readonly bytes: number | undefined
}

async function benchHot({ gate, nginx }: Bench, hot: Hot): Promise<Row> {
  const { scenario, path, peerPath, connections, headers, peerHeaders, goal, bytes } = hot
  const ours: number[] = []
  const theirs: number[] = []
  let failures = 0
  for (let round = 0; round < rounds; round += 1) {
    theirs.push((await runWrk(`${nginx.url}${peerPath}`, { connections, seconds, headers: peerHeaders })).rate)
    const load = await runWrk(`${gate.url}${path}`, { connections, seconds, headers })
    ours.push(load.rate)
    failures += load.failures
  }
  const steady = spread(theirs) <= STEADY
  if (!steady) warnings.push(`${scenario}: nginx itself varied by ${(spread(theirs) * 100).toFixed(0)} %`)
  if (failures > 0) warnings.push(`${scenario}: ${failures} answers of the gate were errors`)
  const show = (rate: number): string =>
    bytes === undefined ? `${rate.toFixed(0)}/s` : `${rate.toFixed(0)}/s, ${((rate * bytes) / 1e6).toFixed(0)} MB/s`
  return {
    scenario,
    gate: show(median(ours)),
    peer: show(median(theirs)),
    figure: median(ours) / median(theirs),
    goal: { atLeast: goal },
    note: `gate ±${(spread(ours) * 50).toFixed(0)} %, nginx ±${(spread(theirs) * 50).toFixed(0)} %${steady ? '' : ', unsteady'}`,
  }
}

async function benchPages(bench: Bench): Promise<readonly Row[]> {
  const { gate, nginx } = bench
  const accept = 'application/vnd.pypi.simple.v1+json'
  const path = '/simple/many/'
  // the first request starts the judging behind the page, the page is steady once that is done
  await fetch(`${gate.url}${path}`, { headers: { accept } })
  await sleep(3_000)
  const answer = await fetch(`${gate.url}${path}`, { headers: { accept, 'accept-encoding': 'identity' } })
  const body = Buffer.from(await answer.arrayBuffer())
  nginx.serve('/simple/many/index.json', body)
  const etag = (await fetch(`${nginx.url}/simple/many/index.json`)).headers.get('etag') ?? ''
  const kilobytes = (body.length / 1000).toFixed(0)
  const hot = { path, peerPath: '/simple/many/index.json', connections: 32, bytes: undefined }
  return [
    await benchHot(bench, {
      ...hot,
      scenario: `hot ${kilobytes} KB JSON page, verdicts and access log on`,
      headers: { accept },
      peerHeaders: { accept },
      goal: 0.85,
    }),
    await benchHot(bench, {
      ...hot,
      scenario: '304 on that page',
      headers: { accept, 'if-none-match': answer.headers.get('etag') ?? '' },
      peerHeaders: { 'if-none-match': etag },
      goal: 0.65,
    }),
  ]
}

async function benchFiles(
  bench: Bench,
  files: readonly (Published & { readonly goal: number })[],
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const { path, filename, bytes, goal } of files) {
    await (await fetch(`${bench.gate.url}${path}`)).arrayBuffer()
    bench.nginx.serve(`/files/${filename}`, bytes)
    rows.push(
      await benchHot(bench, {
        scenario: `hot ${showSize(bytes.length)} file`,
        path,
        peerPath: `/files/${filename}`,
        connections: bytes.length > 10 * MIB ? 8 : 32,
        headers: {},
        peerHeaders: {},
        goal,
        bytes: bytes.length,
      }),
    )
  }
  return rows
}

function showSize(bytes: number): string {
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e3)} KB`
}

// ---------------------------------------------------------------- cold: attestation and digest first

async function benchCold(
  { world, gate }: Bench,
  how: { readonly name: string; readonly limit: number | undefined; readonly goal: number },
): Promise<Row> {
  const plain: number[] = []
  const gated: number[] = []
  // one round more, of which nothing is kept: both sides open their connections, the gate starts its verification worker
  for (let round = -1; round < rounds; round += 1) {
    // a project a round: the page of a known one is believed for index.max_age
    const project = `cold-${how.name.replace(/\W+/g, '-')}-${round + 1}`
    const { wheel } = await world.release(project, '1.0', {
      kinds: ['wheel'],
      padTo: 50_000_000,
      identity: ACME,
    })
    world.upstream.limit(how.limit)
    const plainSeconds = await timeDownload(`${world.upstream.filesOrigin}${wheel.path}`)
    const gatedSeconds = await timeDownload(`${gate.url}${wheel.path}`)
    if (round >= 0) {
      plain.push(plainSeconds)
      gated.push(gatedSeconds)
    }
    world.upstream.limit(undefined)
    world.upstream.remove(project)
  }
  return {
    scenario: `cold 50 MB file, attestation verified first, upstream ${how.name}`,
    gate: `${median(gated).toFixed(3)} s`,
    peer: `${median(plain).toFixed(3)} s (plain download)`,
    figure: median(gated) / median(plain),
    goal: { atMost: how.goal },
    note: `gate ±${(spread(gated) * 50).toFixed(0)} %, plain ±${(spread(plain) * 50).toFixed(0)} %`,
  }
}

async function benchHerd({ world, gate }: Bench): Promise<readonly Row[]> {
  const clients = 1_000
  const { wheel } = await world.release('herd', '1.0', { kinds: ['wheel'], padTo: 2_000_000, identity: ACME })
  const verified = await gate.counter('portcullis_verification_duration_seconds_count')
  world.upstream.forgetRequests()
  const script = new URL('herd.ts', import.meta.url).pathname
  const { whole } = JSON.parse(
    await runClient(process.execPath, [script, `${gate.url}${wheel.path}`, String(clients), wheel.sha256]),
  )
  if (whole !== clients) warnings.push(`herd: ${whole} of ${clients} clients got the whole file`)
  const verifications = (await gate.counter('portcullis_verification_duration_seconds_count')) - verified
  const row = (what: string, count: number): Row => ({
    scenario: `${clients} clients, one cold file: ${what}`,
    gate: `${count}`,
    peer: '',
    figure: count,
    goal: { exactly: 1 },
    note: `${whole} got all of it`,
  })
  return [row('upstream downloads', world.upstream.count('file', 'herd')), row('verifications', verifications)]
}

// ---------------------------------------------------------------- how small

async function benchMemory(bench: Bench, wheel: Published): Promise<readonly Row[]> {
  const folder = join(bench.folder, 'idle')
  // a first start makes the database, with a library that no later start loads: what runs for months is a later one
  await (await startGateProcess(bench.world, folder, await freePort())).stop()
  const fresh = await startGateProcess(bench.world, folder, await freePort())
  await sleep(2_000)
  const idle = fresh.memory()
  await (await fetch(`${fresh.url}${wheel.path}`)).arrayBuffer()
  const sockets = await stallReaders(`${fresh.url}${wheel.path}`, 200)
  let most = 0
  for (let second = 0; second < 5; second += 1) {
    await sleep(1_000)
    most = Math.max(most, fresh.memory())
  }
  for (const socket of sockets) socket.destroy()
  await fresh.stop()
  const row = (scenario: string, bytes: number, atMost: number): Row => ({
    scenario,
    gate: `${(bytes / 1e6).toFixed(0)} MB`,
    peer: '',
    figure: Math.round(bytes / 1e6),
    goal: { atMost, unit: 'MB' },
    note: 'resident set, second start',
  })
  return [row('memory, idle', idle, 130), row('memory, 200 stalled 50 MB readers', most, 280)]
}

async function benchStart(bench: Bench): Promise<Row> {
  const count = 100_000
  const folder = join(bench.folder, 'start')
  await rememberFindings(join(folder, 'data'), count, bench.world)
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const gate = await startGateProcess(bench.world, folder, await freePort())
    times.push(gate.readyMs / 1000)
    await gate.stop()
  }
  return {
    scenario: `start with ${count.toLocaleString('en')} remembered findings`,
    gate: `${median(times).toFixed(2)} s`,
    peer: '',
    figure: median(times),
    goal: { atMost: 1.5, unit: 's' },
    note: 'from the start of the process to /readyz 200',
  }
}

async function benchVerifications(): Promise<readonly Row[]> {
  const rows = await benchVerify(options.python === undefined ? {} : { python: options.python })
  const plain = rows[0]?.perSecond
  if (plain === undefined) warnings.push('verifications: the shared vectors are not here')
  return rows.slice(1).map(({ scenario, perSecond, ratio, goal, note }) => ({
    scenario: `verifications on one core: ${scenario}`,
    gate: perSecond === undefined ? '-' : `${perSecond.toFixed(0)}/s`,
    peer: `${plain?.toFixed(0)}/s (plain @sigstore/verify)`,
    figure: ratio ?? Number.NaN,
    goal: goal === undefined ? undefined : { atLeast: goal },
    note,
  }))
}

// ---------------------------------------------------------------- the run

const ACME = { kind: 'github', repository: 'acme/bench', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const
const POLICY = `version: 1
projects:
  - match: "*"
    publishers:
      - { kind: github, repository: acme/bench, workflow: release.yml }
`

async function main(scope: Scope): Promise<void> {
  const missing: string[] = []
  for (const command of ['nginx', 'wrk', 'curl', 'taskset']) if (!(await isInstalled(command))) missing.push(command)
  if (missing.length > 0 || cpus().length < 2)
    throw new Error(
      `needs two cores and: ${missing.join(', ')} (Debian: apt-get install nginx-light wrk curl util-linux)`,
    )
  await moveToClientCore()
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const nginx = await startNginx(join(folder), await freePort())
  scope.teardown(() => nginx.stop())
  const gate = await startGateProcess(world, join(folder, 'gate'), await freePort(), { index: { mode: 'hide' } })
  scope.teardown(() => gate.stop())
  const bench: Bench = { world, gate, nginx, folder }

  for (let release = 0; release < 66; release += 1)
    await world.release('many', `1.${release}.0`, { requiresPython: '>=3.9', identity: ACME })
  const wheel = async (project: string, padTo: number): Promise<Published> =>
    (await world.release(project, '1.0', { kinds: ['wheel'], padTo, identity: ACME })).wheel
  const large = await wheel('large', 50_000_000)

  const rows: Row[] = []
  const add = (...found: readonly Row[]): void => {
    rows.push(...found)
    for (const { scenario, gate: ours, peer, figure } of found)
      process.stderr.write(`${scenario}: ${ours} ${peer} ${figure.toFixed(2)}\n`)
  }
  if (isChosen('page')) add(...(await benchPages(bench)))
  if (isChosen('file')) {
    const files = [
      { ...large, goal: 1.3 },
      { ...(await wheel('medium', 1_000_000)), goal: 0.95 },
      { ...(await wheel('small', 100_000)), goal: 0.85 },
    ]
    add(...(await benchFiles(bench, files)))
  }
  if (isChosen('cold')) {
    add(await benchCold(bench, { name: 'at 1 Gbit/s', limit: GIGABIT, goal: 1.1 }))
    add(await benchCold(bench, { name: 'uncapped', limit: undefined, goal: 1.5 }))
  }
  if (isChosen('herd')) add(...(await benchHerd(bench)))
  if (isChosen('verify')) add(...(await benchVerifications()))
  if (isChosen('memory')) add(...(await benchMemory(bench, large)))
  if (isChosen('start')) add(await benchStart(bench))
  if (isChosen('metadata'))
    add(await benchMetadata({ world, folder, rounds, identity: ACME, limit: GIGABIT, freePort }))
  if (isChosen('mirror')) {
    const limits = [
      ['at 100 Mbit/s', GIGABIT / 10, 0.9],
      ['at 1 Gbit/s', GIGABIT, 0.9],
    ] as const
    add(...(await benchMirror({ world, folder, rounds: Math.min(rounds, 3), identity: ACME, limits })))
  }

  process.stdout.write(`${cpus()[0]?.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, `)
  process.stdout.write(`${rounds} rounds of ${seconds} s\n\n${renderTable(rows)}\n`)
  for (const warning of warnings) process.stdout.write(`\nWarning: ${warning}\n`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** A run that takes this long hangs. Milliseconds. */
const LONGEST = 20 * 60_000

/** Rejects when the run is to end early: somebody pressed Ctrl-C, or it hangs. */
function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => reject(new Error(`ended by ${signal}`)))
  setTimeout(() => reject(new Error(`not done after ${LONGEST / 60_000} minutes`)), LONGEST).unref()
  return promise
}

const scope = new ManualScope()
try {
  await Promise.race([main(scope), interruption()])
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
} finally {
  // what is still running has nothing to talk to any more: its complaints are nobody's
  process.on('unhandledRejection', () => {})
  await Promise.race([scope.end(), sleep(10_000, undefined, { ref: false })])
}
process.exit()

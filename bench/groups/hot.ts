import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWorld, type Published, type World } from '../../test/world/world.ts'
import type { Served } from '../children/bare-server.ts'
import { type Measured, median } from '../figures.ts'
import { type GateProcess, startGateProcess } from '../stage/gate-process.ts'
import { type Load, runWrk } from '../stage/load.ts'
import { type Nginx, startNginx } from '../stage/nginx.ts'
import { type Running, startScript } from '../stage/processes.ts'
import { ACME, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

const MB = 1_000_000
/** CPU that a server has to use in a second of load, ms */
const WORK_MS = 600

interface Servers {
  readonly world: World
  /** of each checkout */
  readonly gates: readonly GateProcess[]
  readonly sendfile: Nginx
  readonly copying: Nginx
  readonly bare: Running & { readonly ready: { readonly origin: string } }
}

interface Hot {
  readonly scenario: string
  /** at the gate and at the bare server */
  readonly path: string
  readonly connections: number
  readonly headers: Readonly<Record<string, string>>
  /** of one answer, where an answer that was cut off by the end of the load counts for its part */
  readonly bytes: number | undefined
  readonly bare: Omit<Served, 'path' | 'headers'>
  readonly nginx: { readonly path: string; readonly headers: Readonly<Record<string, string>> }
}

export const PAGE: Group = {
  name: 'page',
  about: 'a hot page and its 304 beside a bare node:http server',
  needs: ['nginx', 'wrk'],
  run: async stage => await benchPage(stage, await startServers(stage)),
}

export const FILE: Group = {
  name: 'file',
  about: 'hot files beside a bare node:http server',
  needs: ['nginx', 'wrk'],
  run: async stage => await benchFiles(stage, await startServers(stage)),
}

async function startServers(stage: Stage): Promise<Servers> {
  const { checkouts, folder, scope } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const keep = <Server extends Running>(server: Server): Server => {
    scope.teardown(() => server.stop())
    return server
  }
  const gates: GateProcess[] = []
  for (const [place, checkout] of checkouts.entries()) {
    const settings = { ...world.configuration(), index: { mode: 'hide' } }
    gates.push(keep(await startGateProcess(checkout, settings, join(folder, `gate-${place}`))))
  }
  return {
    world,
    gates,
    sendfile: keep(await startNginx(join(folder, 'sendfile'), { sendfile: 'on' })),
    copying: keep(await startNginx(join(folder, 'copying'), { sendfile: 'off' })),
    bare: keep(await startScript<{ readonly origin: string }>('bare-server.ts', [], 'server')),
  }
}

async function benchPage(stage: Stage, servers: Servers): Promise<readonly Measured[]> {
  const { world, gates, sendfile, copying } = servers
  const releases = 66
  for (let release = 0; release < releases; release += 1)
    await world.release('many', `1.${release}.0`, { requiresPython: '>=3.9', identity: ACME })
  const path = '/simple/many/'
  const accept = 'application/vnd.pypi.simple.v1+json'
  const answers = await Promise.all(gates.map(async gate => await settled(`${gate.url}${path}`, { accept })))
  const [answer] = answers
  if (answer === undefined) throw new Error('there is no gate')
  const file = join(stage.folder, 'page.json')
  writeFileSync(file, answer.body)
  const place = '/simple/many/index.json'
  for (const nginx of [sendfile, copying]) nginx.serve(place, answer.body)
  const etag = (await fetch(`${sendfile.url}${place}`)).headers.get('etag') ?? ''
  const kilobytes = (answer.body.length / 1000).toFixed(0)
  const common = { path, connections: 32, bytes: undefined, bare: { file, from: 'memory', etag: answer.etag } } as const
  const page = { ...common, scenario: `hot ${kilobytes} KB JSON page`, headers: { accept } }
  const unchanged = { ...common, scenario: '304 on that page', headers: { accept, 'if-none-match': answer.etag } }
  return [
    await benchHot(stage, servers, { ...page, nginx: { path: place, headers: { accept } } }),
    await benchHot(stage, servers, { ...unchanged, nginx: { path: place, headers: { 'if-none-match': etag } } }),
  ]
}

/** The page when everything on it was judged: the first request starts that, and an ETag that stays says that it is done. */
async function settled(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly body: Buffer; readonly etag: string }> {
  let before = ''
  for (let same = 0; ; ) {
    const answer = await fetch(url, { headers: { ...headers, 'accept-encoding': 'identity' } })
    const body = Buffer.from(await answer.arrayBuffer())
    const etag = answer.headers.get('etag') ?? ''
    same = etag === before ? same + 1 : 0
    if (same === 3) return { body, etag }
    before = etag
    await sleep(1_000)
  }
}

async function benchFiles(stage: Stage, servers: Servers): Promise<readonly Measured[]> {
  const rows: Measured[] = []
  const sizes = [
    ['100 KB', 100_000, 'memory'],
    ['1 MB', MB, 'memory'],
    ['50 MB', 50 * MB, 'disk'],
  ] as const
  for (const [size, padTo, from] of sizes) {
    const request = { kinds: ['wheel'], padTo, identity: ACME } as const
    const { wheel } = await servers.world.release(`file-${padTo}`, '1.0', request)
    rows.push(await benchHot(stage, servers, await hotFile(stage, servers, size, wheel, from)))
  }
  return rows
}

async function hotFile(
  { folder }: Stage,
  { gates, sendfile, copying }: Servers,
  size: string,
  { path, filename, bytes }: Published,
  from: Served['from'],
): Promise<Hot> {
  for (const gate of gates) await (await fetch(`${gate.url}${path}`)).arrayBuffer()
  const file = join(folder, filename)
  writeFileSync(file, bytes)
  for (const nginx of [sendfile, copying]) nginx.serve(`/files/${filename}`, bytes)
  return {
    scenario: `hot ${size} file`,
    path,
    connections: bytes.length > 10 * MB ? 8 : 32,
    headers: {},
    bytes: bytes.length,
    bare: { file, from },
    nginx: { path: `/files/${filename}`, headers: {} },
  }
}

async function benchHot(stage: Stage, servers: Servers, hot: Hot): Promise<Measured> {
  const { checkouts, rounds, warn } = stage
  const { gates, bare, sendfile, copying } = servers
  await serveBare(servers, hot)
  const peers = { bare: [] as Cost[], sendfile: [] as Cost[], copying: [] as Cost[] }
  const ours = forEach<Cost>(checkouts)
  const load = async (server: Running, origin: string, { path, headers }: Hot['nginx']) =>
    await costOf(server, `${origin}${path}`, { ...hot, headers, seconds: stage.seconds })
  const { warmed } = stage.quick ? QUICKLY : THOROUGHLY
  for (const [origin, { path, headers }] of [
    ...gates.map(({ url }) => [url, hot] as const),
    [bare.ready.origin, hot] as const,
  ])
    await warmUp(`${origin}${path}`, { ...hot, headers, seconds: stage.seconds, warmed })
  await inTurn(
    stage,
    rounds,
    async (_, place) => {
      const gate = gates[place]
      if (gate !== undefined) ours[place]?.push(await load(gate, gate.url, hot))
    },
    async () => {
      peers.sendfile.push(await load(sendfile, sendfile.url, hot.nginx))
      peers.copying.push(await load(copying, copying.url, hot.nginx))
      peers.bare.push(await load(bare, bare.ready.origin, hot))
    },
  )
  const failures = ours.flat().reduce((sum, { failed }) => sum + failed, 0)
  if (failures > 0) warn(`${hot.scenario}: ${failures} answers of the gate were errors`)
  const cpu = (costs: readonly Cost[]): readonly number[] => costs.map(cost => cost.cpu)
  const told = (name: string, costs: readonly Cost[]): string =>
    `${name} ${median(cpu(costs)).toFixed(0)} µs ${showRate(median(costs.map(cost => cost.rate)), hot.bytes)}`
  return {
    scenario: `${hot.scenario}, CPU of a request`,
    unit: 'µs',
    gates: ours.map(cpu),
    peer: { name: `bare node:http from ${hot.bare.from}`, values: cpu(peers.bare) },
    better: 'less',
    goal: { atMost: 1.15 },
    note: [
      `gate ${showRate(median((ours[0] ?? []).map(cost => cost.rate)), hot.bytes)}`,
      `bare ${showRate(median(peers.bare.map(cost => cost.rate)), hot.bytes)}`,
      told('nginx', peers.sendfile),
      told('nginx without sendfile', peers.copying),
    ].join(', '),
  }
}

/** answers that are not counted: what V8 compiles late, it has compiled */
const THOROUGHLY = { warmed: 40_000 }
const QUICKLY = { warmed: 10_000 }
/** Of large files so many answers would take for ever, and little of them is JavaScript. */
const LOADS = 10

/** By answers, not by time: on a machine that does other work as well, seconds are too few, and a gate has more to compile than a bare server. */
async function warmUp(
  url: string,
  { warmed, ...how }: Pick<Hot, 'connections' | 'headers'> & { readonly seconds: number; readonly warmed: number },
): Promise<void> {
  let answers = 0
  for (let load = 0; load < LOADS && answers < warmed; load += 1) answers += (await runWrk(url, how)).requests
}

/** Gives the bare server the same bytes and the same head. */
async function serveBare({ gates, bare }: Servers, { path, headers, bare: served }: Hot): Promise<void> {
  const [gate] = gates
  const answer = await fetch(`${gate?.url}${path}`, { headers: { ...headers, 'accept-encoding': 'identity' } })
  await answer.arrayBuffer()
  const own = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding'])
  const head = Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name)))
  const body: Served = { path, ...served, headers: head }
  await fetch(bare.ready.origin, { method: 'POST', body: JSON.stringify(body) })
}

export interface Cost {
  /** µs a request */
  readonly cpu: number
  /** requests a second */
  readonly rate: number
  readonly failed: number
}

/**
 * What a request costs the server under load. Where it gets little of its core, because the machine does other work, the load lasts longer, at
 * most five times as long: what is measured is to be the same amount of work.
 */
export async function costOf(
  server: Pick<Running, 'cpu'>,
  url: string,
  how: Pick<Hot, 'connections' | 'headers' | 'bytes'> & { readonly seconds: number },
): Promise<Cost> {
  const before = server.cpu()
  const sum = { cpu: 0, requests: 0, seconds: 0, failed: 0 }
  for (let load = 0; load < 5 && sum.cpu < how.seconds * WORK_MS; load += 1) {
    const found = await runWrk(url, how)
    sum.requests += answersOf(found, how.bytes)
    sum.seconds += found.seconds
    sum.failed += found.failures
    sum.cpu = server.cpu() - before
  }
  return { cpu: (sum.cpu * 1000) / sum.requests, rate: sum.requests / sum.seconds, failed: sum.failed }
}

function answersOf({ requests, bytes }: Load, size: number | undefined): number {
  return size === undefined ? requests : bytes / size
}

export function showRate(rate: number, bytes: number | undefined): string {
  return bytes === undefined || bytes < MB ? `${rate.toFixed(0)}/s` : `${((rate * bytes) / MB).toFixed(0)} MB/s`
}

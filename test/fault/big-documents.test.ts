import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { inAnyRound } from '../world/thread/rounds.ts'
import { createWorld } from '../world/world.ts'

const LAUNCHER = new URL('../../bin/portcullis', import.meta.url).pathname
const UPSTREAM = new URL('../world/index/big-documents-child.ts', import.meta.url).pathname
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'

/** A gate in a process of its own, in front of an index in another. */
async function startProcesses(t: Test, mode: 'list' | 'annotate' | 'hide' = 'list') {
  const world = await createWorld(t)
  const upstream = spawn(process.execPath, [UPSTREAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => upstream.kill('SIGKILL'))
  const [told] = (await once(upstream.stdout, 'data')) as [Buffer]
  const origin = told.toString().trim()
  world.writePolicy(
    'version: 1\nprojects: [{ match: big, attestation: required, identity: first-seen }, { match: small, attestation: optional }]\n',
  )
  const folder = join(world.folder, 'process')
  mkdirSync(folder)
  const port = await freePort()
  const config = join(folder, 'portcullis.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      ...world.configuration(),
      listen: `127.0.0.1:${port}`,
      index: { mode },
      upstream: { index: origin, files: [origin], timeout: '60s' },
    }),
  )
  const log = openSync(join(folder, 'gate.log'), 'a')
  const gate = spawn(LAUNCHER, ['serve', '--config', config], { stdio: ['ignore', log, log] })
  t.teardown(() => stop(gate))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; !(await isReady(url)); tries += 1) {
    if (tries > 2_400 || gate.exitCode !== null) throw new Error('the gate did not become ready')
    await sleep(50)
  }
  const ask = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { accept: JSON_TYPE } })
    return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength }
  }
  await ask('/simple/small/')
  return { gate, ask }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).status === 200
  } catch {
    return false
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

type Ask = Awaited<ReturnType<typeof startProcesses>>['ask']

/** How long others wait while something is under way, in ms: one asks after the other. */
async function waitsDuring(ask: Ask, something: Promise<unknown>): Promise<readonly number[]> {
  let isOver = false
  const over = something.finally(() => {
    isOver = true
  })
  const waits: number[] = []
  while (!isOver) {
    const began = performance.now()
    await ask('/healthz')
    waits.push(performance.now() - began)
    await sleep(2)
  }
  await over
  return waits.sort((a, b) => a - b)
}

function p99Of(waits: readonly number[]): number {
  return waits[Math.floor(waits.length * 0.99)] ?? 0
}

for (const mode of ['list', 'annotate', 'hide'] as const)
  t.test(`while a page of 40,000 files is read, judged and rendered to ${mode} it, others are answered`, async t => {
    await inAnyRound(
      t,
      'nobody waits for the page of somebody else: ms for /healthz, and for the page',
      async () => {
        const { ask, gate } = await startProcesses(t, mode)
        const quiet = await waitsDuring(ask, sleep(1_000))
        const began = performance.now()
        const page = ask('/simple/big/')
        const waits = await waitsDuring(ask, page)
        const took = performance.now() - began
        t.match(await page, { status: 200 })
        t.ok((await page).bytes > (mode === 'hide' ? 100 : 10_000_000), 'all of it')
        await stop(gate)
        return { p99: p99Of(waits), longest: waits.at(-1) ?? 0, took, 'p99 before': p99Of(quiet) }
      },
      ({ p99, longest, took }) => longest < took / 3 && p99 < took / 10,
    )
  })

t.test('a document that is more than documents are is unknown, and the process lives', async t => {
  const { ask, gate } = await startProcesses(t)
  const bombs = Array.from({ length: 16 }, (_, at) => ask(at % 2 === 0 ? '/simple/entries/' : '/simple/members/'))
  const beside = await ask('/simple/small/')
  t.match(beside, { status: 200 }, 'other projects are as ever')
  for (const bomb of await Promise.all(bombs)) t.equal(bomb.status, 503)
  t.match(await ask('/simple/big/'), { status: 200 }, 'large ones too')
  t.equal(gate.exitCode, null)
  t.equal(gate.signalCode, null)
})

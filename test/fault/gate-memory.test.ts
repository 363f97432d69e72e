import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createPlainAsk, dial, requestText } from '../http/client.ts'
import { inAnyRound } from '../world/thread/rounds.ts'
import { createWorld, type Published, type World } from '../world/world.ts'

t.setTimeout(900_000)

const KIB = 1024
const MIB = 1024 * KIB
/** MiB that answers that nobody reads may add to a gate that has nothing to do. */
const MOST = 64
/**
 * What passes through on its way to the disk is no more held, and is cleared away when there is much of it: without that, twenty
 * bodies of 8 MB came to 232 MiB.
 */
const MOST_COLD = 96
/** What three hundred connections weigh by themselves comes besides: without any budget their file would be 4,800 MiB. */
const MOST_OF_MANY = 160

interface Process {
  readonly url: string
  /** bytes of memory that are resident, at the most since it was forgotten */
  peak(): number
  /** Begins anew with what is resident now. */
  forgetPeak(): void
  /** Resolves when it has stopped reading and writing. */
  quiet(): Promise<void>
  end(): Promise<void>
}

/** What the launcher tells Node of memory. */
const flags =
  readFileSync(join(import.meta.dirname, '../../bin/portcullis'), 'utf8').match(/--max-semi-space-size=\d+/g) ?? []

/** The whole gate in a process of its own: what it holds is the system's word, not its own. */
async function startProcess(t: Test, world: World): Promise<Process> {
  world.writePolicy()
  const file = join(world.folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify(world.configuration()))
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, 'crash/gate-child.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(end)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const read = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8')
  return {
    url: line.replace('listening ', ''),
    peak: () => Number(/VmHWM:\s+(\d+) kB/.exec(read('status'))?.[1]) * KIB,
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    async quiet() {
      for (let before = ''; before !== read('io'); await sleep(1_500)) before = read('io')
    },
    end,
  }
}

/** Releases whose METADATA has so many bytes. */
async function documents(world: World, count: number, bytes: number): Promise<readonly Published[]> {
  const wheels: Published[] = []
  for (let number = 0; number < count; number += 1) {
    const head = `Metadata-Version: 2.1\nName: demo\nVersion: 1.${number}\n\n`
    const metadata = Buffer.from(head.padEnd(bytes, 'a long description\n'))
    wheels.push((await world.release('demo', `1.${number}`, { kinds: ['wheel'], listed: { metadata } })).wheel)
  }
  return wheels
}

/** Asks on a connection of its own, so often, and reads nothing. */
async function stall(t: Test, url: string, path: string, times: number): Promise<Socket> {
  const socket = await dial(url)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(requestText(path).repeat(times))
  return socket
}

interface Asked {
  readonly path: string
  readonly times: number
}

/**
 * How many MiB more than at rest it holds at the most, when each of these is asked for and nothing is read. `first` is how each was
 * asked for before, one after the other: by GET it was fetched and looked into, by HEAD of its wheel it was judged.
 */
async function growth(
  t: Test,
  { url, peak, forgetPeak, quiet, end }: Process,
  { first, asked }: { readonly first: 'GET' | 'HEAD'; readonly asked: readonly Asked[] },
): Promise<number> {
  const ask = createPlainAsk(t, url)
  for (const each of new Set(asked.map(({ path }) => path))) {
    const path = first === 'GET' ? each : each.replace(/\.metadata$/, '')
    if ((await ask(path, { method: first })).status !== 200) t.fail(`${path} is not served`)
  }
  // what that left behind is cleared away by work that leaves nothing
  for (let count = 0; count < 3_000; count += 1) await ask('/healthz')
  await quiet()
  forgetPeak()
  const idle = peak()
  const sockets = await Promise.all(asked.map(({ path, times }) => stall(t, url, path, times)))
  await quiet()
  t.equal((await ask('/healthz')).status, 200, 'and it answers')
  const grown = peak() - idle
  t.comment(`${(grown / MIB).toFixed(1)} MiB more than the ${(idle / MIB).toFixed(1)} MiB at rest`)
  for (const socket of sockets) socket.destroy()
  await end()
  return grown / MIB
}

/** Of so many wheels, with sixteen requests for the metadata of each, which has so many bytes. */
const CROWDS = {
  'sixty, for metadata of 1 MB': [60, 1.1 * MIB],
  'twenty, for metadata of 8 MB': [20, 8 * MIB],
} as const

t.test('connections that ask and never read add no more than their budget to a gate at rest', async t => {
  for (const [crowd, [count, bytes]] of Object.entries(CROWDS))
    for (const first of ['GET', 'HEAD'] as const)
      t.test(`${crowd} that ${first === 'GET' ? 'was looked into' : 'nobody asked for yet'}`, async t => {
        await inAnyRound(
          t,
          'MiB more than at rest',
          async () => {
            const world = await createWorld(t)
            // what is smaller is in memory once, however many read it
            const wheels = await documents(world, count, bytes)
            const asked = wheels.map(({ path }) => ({ path: `${path}.metadata`, times: 16 }))
            return { grown: await growth(t, await startProcess(t, world), { first, asked }) }
          },
          ({ grown }) => grown <= (first === 'GET' ? MOST : MOST_COLD),
        )
      })

  t.test('three hundred, for a file of 16 MB', async t => {
    await inAnyRound(
      t,
      'MiB more than at rest',
      async () => {
        const world = await createWorld(t)
        const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo: 16 * MIB })
        const asked = Array.from({ length: 300 }, () => ({ path: wheel.path, times: 1 }))
        return { grown: await growth(t, await startProcess(t, world), { first: 'GET', asked }) }
      },
      ({ grown }) => grown <= MOST_OF_MANY,
    )
  })
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startApp } from '../../../src/compose/app.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { type CommandOptions, type Ended, runCommand } from '../commands/commands.ts'
import { uvLock } from '../commands/locks.ts'
import { underWay } from '../under-way.ts'
import { createWorld, type Published, type Scope, type World } from '../world.ts'

/** A network with an index, a mirror that is filled there, and a place without a network that it is carried to. */
export interface Crossing {
  readonly world: World
  /** a command beside the mirror that is filled */
  outside(...argv: readonly string[]): Promise<Ended>
  /** a command where there is no network */
  inside(...argv: readonly string[]): Promise<Ended>
  /** folders of the two, with a portcullis.yaml each */
  readonly places: { readonly outside: string; readonly inside: string }
  /** a path for something that is carried */
  carried(name: string): string
  readonly key: string
  readonly signer: string
  /** Plans and fetches these files outside; the world's own policy, or the one that was written last, judges. */
  fetch(files: readonly Published[], ...flags: readonly string[]): Promise<Ended>
  /** Exports and returns the folder. */
  export(name: string, ...flags: readonly string[]): Promise<string>
  /** The policy inside; default: the world's. */
  setPolicy(text?: string): void
  /** Starts the gate of a place, by default the one without a network. */
  serve(place?: 'outside' | 'inside'): Promise<Served>
}

/** An answer, read as one needs it. */
interface Got {
  readonly status: number
  readonly reason: string
  text(): Promise<string>
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  json(): Promise<any>
  bytes(): Promise<Buffer>
}

export interface Served {
  readonly url: string
  get(path: string, headers?: Readonly<Record<string, string>>, redirect?: 'follow' | 'manual'): Promise<Got>
  stop(): Promise<void>
}

export async function createCrossing(scope: Scope, options: Partial<CommandOptions> = {}): Promise<Crossing> {
  const world = await createWorld(scope)
  const places = { outside: join(world.folder, 'outside'), inside: join(world.folder, 'inside') }
  const usb = join(world.folder, 'usb')
  for (const folder of [places.outside, places.inside, usb]) mkdirSync(folder)
  const policyInside = join(places.inside, 'policy.yaml')
  const setPolicy = (text = world.policyText()): void => writeFileSync(policyInside, text)
  writeFileSync(
    join(places.outside, 'portcullis.yaml'),
    stringify({ ...world.configuration(), data: join(places.outside, 'data') }),
  )
  writeFileSync(
    join(places.inside, 'portcullis.yaml'),
    stringify({
      listen: '127.0.0.1:0',
      offline: true,
      data: join(places.inside, 'data'),
      policy: [policyInside],
      trust: { root: world.trustRoot },
    }),
  )
  setPolicy()
  const at =
    (folder: string) =>
    (...argv: readonly string[]) =>
      underWay(argv.join(' '), runCommand(argv, { folder, ...options }))
  const [outside, inside] = [at(places.outside), at(places.inside)]
  const keys = join(world.folder, 'keys')
  must(await outside('mirror', 'keygen', '--out', keys), 0)
  const key = join(keys, 'mirror.key')
  let plans = 0

  return {
    world,
    outside,
    inside,
    places,
    carried: name => join(usb, name),
    key,
    signer: join(keys, 'mirror.pub'),
    setPolicy,
    async serve(place = 'inside') {
      const folder = places[place]
      const file = join(folder, 'portcullis.yaml')
      const { config } = loadConfig({ flags: {}, file, environment: {}, folder })
      const starting = startApp(config, { version: '0.0.0-test', environment: {}, readers: [] })
      const app = await underWay('the start of a gate', starting)
      let stopped: Promise<void> | undefined
      const stop = () => (stopped ??= underWay('the end of a gate', app.close()))
      scope.teardown(stop)
      return {
        url: app.url,
        stop,
        async get(path, headers = {}, redirect = 'follow') {
          const answer = await underWay(path, fetch(`${app.url}${path}`, { headers, redirect }))
          return {
            status: answer.status,
            reason: answer.statusText,
            text: () => underWay(`the body of ${path}`, answer.text()),
            json: () => underWay(`the body of ${path}`, answer.json()),
            bytes: async () => Buffer.from(await underWay(`the body of ${path}`, answer.arrayBuffer())),
          }
        },
      }
    },
    async fetch(files, ...flags) {
      plans += 1
      const lock = join(places.outside, `uv-${plans}.lock`)
      const plan = join(places.outside, `plan-${plans}.json`)
      writeFileSync(lock, uvLock(files))
      await outside('mirror', 'plan', lock, '--out', plan)
      return await outside('mirror', 'fetch', plan, ...flags)
    },
    async export(name, ...flags) {
      const folder = join(usb, name)
      must(await outside('mirror', 'export', '--out', folder, '--key', key, ...flags), 0)
      return folder
    },
  }
}

/** With a policy on both sides, and nothing fetched. */
export async function prepareCrossing(scope: Scope): Promise<Crossing> {
  const crossing = await createCrossing(scope)
  await crossing.world.release('demo', '1.0')
  crossing.world.writePolicy()
  crossing.setPolicy()
  return crossing
}

/** For steps that a test is not about. */
export function must(ended: Ended, exit: number): Ended {
  if (ended.exit !== exit) throw new Error(`exit ${ended.exit} instead of ${exit}\n${ended.out}${ended.err}`)
  return ended
}

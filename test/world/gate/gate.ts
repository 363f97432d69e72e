import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, startApp } from '../../../src/compose/app.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'
import { type Clock, systemClock } from '../../../src/domain/base/instant.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { Scope, World } from '../world.ts'

export interface GateChanges {
  /** merged over the world's own configuration, section by section, as the YAML file would hold it */
  readonly configuration?: Readonly<Record<string, unknown>>
  /** default: the policy that the world wrote last; given: written first */
  readonly policy?: string
  readonly clock?: Clock
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** The whole gate, on a loopback port, in front of a world. */
export interface WorldGate {
  readonly app: App
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly config: Config
  /** everything that was said, oldest first */
  readonly events: readonly GateEvent[]
  /** ends this one; the data folder stays, so that another can be started on it */
  stop(): Promise<void>
}

let started = 0

/** Starts the gate with a configuration file of its own; it ends with the scope. */
export async function startGate(scope: Scope, world: World, changes: GateChanges = {}): Promise<WorldGate> {
  const { clock = systemClock, environment = {} } = changes
  world.writePolicy(changes.policy)
  started += 1
  const folder = join(world.folder, `gate-${started}`)
  mkdirSync(folder)
  const file = join(folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify(merged(world.configuration(), changes.configuration ?? {}), undefined, 1))
  const { config } = loadConfig({ flags: {}, file, environment, folder })
  const events: GateEvent[] = []
  const app = await startApp(config, {
    version: '0.0.0-test',
    environment,
    readers: [{ emit: event => void events.push(event) }],
    clock,
  })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= app.close())
  scope.teardown(stop)
  return { app, url: app.url, config, events, stop }
}

function merged(
  base: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const sections = Object.entries(changes).map(([key, value]) => {
    const before = base[key]
    return [key, isSection(before) && isSection(value) ? { ...before, ...value } : value] as const
  })
  return { ...base, ...Object.fromEntries(sections) }
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

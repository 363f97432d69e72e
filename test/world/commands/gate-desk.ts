import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { instant } from '../../../src/domain/base/instant.ts'
import { startGate, type WorldGate } from '../gate/gate.ts'
import { createWorld, type Published, type World } from '../world.ts'
import { type Ended, runCommand } from './commands.ts'

/** A desk in front of the data folder of a gate that runs now and then. */
export interface GateDesk {
  readonly world: World
  readonly clock: { now: number }
  /** a gate on the same data folder, with a clock on a string */
  gate(policy: string): Promise<WorldGate>
  /** what a client gets: the status */
  ask(gate: WorldGate, file: Pick<Published, 'path'>): Promise<number>
  run(...argv: readonly string[]): Promise<Ended>
  write(name: string, text: string): string
}

/** `more`: of the configuration, for the gate as for the commands */
export async function gateDesk(t: Test, more: Readonly<Record<string, unknown>> = {}): Promise<GateDesk> {
  const world = await createWorld(t)
  const clock = { now: Date.now() }
  const configuration = { ...world.configuration(), ...more }
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
  return {
    world,
    clock,
    gate: policy => startGate(t, world, { policy, clock: () => instant(clock.now), configuration }),
    async ask(gate, { path }) {
      const answer = await fetch(`${gate.url}${path}`)
      await answer.arrayBuffer()
      return answer.status
    },
    run: (...argv) => runCommand(argv, { folder: world.folder, clock: () => instant(clock.now) }),
    write(name, text) {
      const path = join(world.folder, name)
      writeFileSync(path, text)
      return path
    },
  }
}

export const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
export const DAY = 86_400_000

export const publisher = (project: string) =>
  `{ kind: github, repository: acme/${project.replace(/-?\*$/, '')}, workflow: release.yml }`

/** A rule that wants releases of `project` signed by its own repository of acme. */
export const rule = (project: string, more = '') =>
  `  - { match: "${project}", publishers: [${publisher(project)}]${more} }`
export const policyOf = (...lines: readonly string[]) => ['version: 1', ...lines].join('\n')

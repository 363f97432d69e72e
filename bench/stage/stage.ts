import type { Scope } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'

/** A checkout whose gate is measured. The bench itself is always that of this checkout. */
export interface Checkout {
  /** as the table names it */
  readonly name: string
  readonly root: string
  /** bin/portcullis */
  readonly launcher: string
}

/** What every group of rows is given. */
export interface Stage {
  /** this one first; then the one that it is compared with, where there is one */
  readonly checkouts: readonly Checkout[]
  readonly rounds: number
  /** that a load lasts */
  readonly seconds: number
  /** everything smaller, so that all of it takes three minutes */
  readonly quick: boolean
  /** empty, the group's own */
  readonly folder: string
  readonly scope: Scope
  readonly options: {
    /** of the trace */
    readonly projects: number
    /** folder for CPU profiles of the gate */
    readonly profile: string | undefined
    /** that has pypi-attestations */
    readonly python: string | undefined
  }
  warn(text: string): void
}

/** Rows that share what they stand on. */
export interface Group {
  readonly name: string
  /** for --help, at most 64 characters */
  readonly about: string
  /** commands besides taskset */
  readonly needs?: readonly string[]
  run(stage: Stage): Promise<readonly Measured[]>
}

/** bytes a second: 1 Gbit/s */
export const GIGABIT = 125_000_000

export const ACME = {
  kind: 'github',
  repository: 'acme/bench',
  workflow: 'release.yml',
  ref: 'refs/tags/v1.0',
} as const
export const POLICY = `version: 1
projects:
  - match: "*"
    publishers:
      - { kind: github, repository: acme/bench, workflow: release.yml }
`

/** A list of its own for each checkout. */
export function forEach<Value>(checkouts: readonly Checkout[]): Value[][] {
  return checkouts.map(() => [])
}

/**
 * Runs something for each checkout in turn, round after round, whoever was first last time is last this time. What a checkout
 * fails at is told and not asked of it again.
 */
export async function inTurn(
  { checkouts, warn }: Pick<Stage, 'checkouts' | 'warn'>,
  rounds: number,
  run: (checkout: Checkout, place: number, round: number) => Promise<void>,
  first: (round: number) => Promise<void> = async () => {},
): Promise<void> {
  const failed = new Set<Checkout>()
  for (let round = 0; round < rounds; round += 1) {
    await first(round)
    const order = [...checkouts.entries()]
    for (const [place, checkout] of round % 2 === 0 ? order : order.reverse()) {
      if (failed.has(checkout)) continue
      try {
        await run(checkout, place, round)
      } catch (error) {
        if (checkouts.length === 1) throw error
        failed.add(checkout)
        warn(`${checkout.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}

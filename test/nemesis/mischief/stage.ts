import { setTimeout as sleep } from 'node:timers/promises'
import type { SmallDisk } from '../../fault/small-disk.ts'
import type { Upstream } from '../../world/index/upstream.ts'
import type { Checker } from '../checks/checker.ts'
import type { InForce } from '../checks/in-force.ts'
import type { Dice } from '../dice.ts'
import type { GateProcess } from '../gate-process.ts'
import type { KnownFile, PolicyName, Truth } from '../truth.ts'
import type { Answer, Asked } from '../wire.ts'

/** What mischief is done with. */
export interface Stage {
  readonly truth: Truth
  readonly upstream: Upstream
  readonly dice: Dice
  readonly gate: GateProcess
  readonly checker: Checker
  readonly inForce: InForce
  /** the data folder's own file system; `undefined` where none could be mounted */
  readonly disk: SmallDisk | undefined
  readonly full: FullDisk
  /** what was told of a project */
  readonly lies: Map<string, Set<string>>
  /** Sends a request, whoever answers; what comes is looked at. */
  ask(asked: Asked): Promise<Answer | undefined>
  /** Writes a policy and sees to it that it is in force. */
  enforce(name: PolicyName): Promise<void>
  /** an address for a client that was never there before */
  stranger(): string
}

/** When the disk was full last; times of `performance.now`. */
export interface FullDisk {
  since: number | undefined
  until: number
}

export type Side = 'upstream' | 'client' | 'machine'

/** One kind of misbehaviour. It goes on until it has had enough or `signal` says so, and leaves no fault of its own behind. */
export interface Mischief {
  readonly name: string
  readonly side: Side
  /** only where it is named: it is known to break something */
  readonly onRequest?: true
  run(stage: Stage, signal: AbortSignal): Promise<void>
}

/** So many at once, until there is no more to do or it is enough. */
export async function atOnce(
  lanes: number,
  count: number,
  signal: AbortSignal,
  action: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(lanes, count) }, async () => {
      while (next < count && !signal.aborted) {
        const number = next
        next += 1
        await action(number)
      }
    }),
  )
}

/** Resolves when it is over. */
export function over(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Everything that a client asks about a file: its page, its METADATA, its provenance, itself. */
export async function askAbout(
  { ask }: Stage,
  client: string,
  { project, version, filename, path }: KnownFile,
): Promise<void> {
  await ask({ client, path: `/simple/${project}/`, headers: { accept: SIMPLE_JSON } })
  await ask({ client, path: `/pypi/${project}/json` })
  await ask({ client, path: `${path}.metadata` })
  await ask({ client, path: `/integrity/${project}/${version}/${filename}/provenance` })
  await ask({ client, path })
}

export const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'

/** What was learned is on the disk by then, ms. */
const WRITTEN_MS = 1_500

/**
 * Of what nobody has read no gate can know that it is a file: the page of what poses as METADATA is read before anything happens, and
 * written down.
 */
export async function readTexts({ ask, stranger, truth }: Stage): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask({ client: stranger(), path: truth.texts.posing.path })
    if (answer?.status === 403) break
    await sleep(100)
  }
  await sleep(WRITTEN_MS)
}

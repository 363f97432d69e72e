import { setImmediate } from 'node:timers/promises'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { comparable, comparePolicies, type PolicyChange } from '../../domain/policy/compare-policies.ts'
import type { JournalRow, Records } from '../../ports/records.ts'
import type { LoadedPolicy } from '../../protocol/policy/policy-yaml.ts'
import type { Diagnostic } from '../../protocol/yaml/diagnostic.ts'
import { type Replay, replay } from './replay.ts'

/** What another policy would change; `diagnostics`: it does not load, and this is why. */
export type WhatIf =
  | { readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly changes: readonly PolicyChange[]
      /** things that a load would say of it */
      readonly warnings: readonly string[]
      readonly replay: Replay
      readonly since: Instant
      /** from here on rows were left out, because there are more than are looked at; `undefined`: all were */
      readonly brokeOff: Instant | undefined
    }

export interface WhatIfBounds {
  /** of the journal, one for equal requests */
  readonly rows: number
  /** that it may take, ms */
  readonly lasts: number
}

const MONTH = 30 * 86_400_000
const BOUNDS: WhatIfBounds = { rows: 200_000, lasts: 15_000 }
/** ms: whoever asks meanwhile waits for so long at most */
const SLICE = 4

/**
 * Compares what two policies mean, and decides the requests of the last 30 days by both. Nothing is put in force, written down or asked of
 * anybody. It goes on in slices, and breaks off where it would take too long.
 */
export async function whatIf(
  records: Pick<Records, 'journal' | 'project' | 'finding' | 'projects' | 'belonging'>,
  { before, after, now }: { readonly before: LoadedPolicy; readonly after: LoadedPolicy; readonly now: Instant },
  bounds: WhatIfBounds = BOUNDS,
): Promise<WhatIf> {
  if (!('policy' in after)) return { diagnostics: after.diagnostics }
  if (!('policy' in before)) return { diagnostics: before.diagnostics }
  const since = instant(now - MONTH)
  const seen = await records.projects()
  const changes = comparePolicies(comparable(before), comparable(after), { seen, now })
  let brokeOff: Instant | undefined
  const journal = bounded(records.journal(since), bounds, at => {
    brokeOff = at
  })
  const { finding, project, belonging } = bound(records)
  const replayed = await replay({ journal: () => journal, finding, project, belonging }, after.policy, {
    since,
    at: undefined,
    before: before.policy,
  })
  return { changes, warnings: after.policy.warnings, replay: replayed, since, brokeOff }
}

function bound(records: Pick<Records, 'project' | 'finding' | 'belonging'>): typeof records {
  return {
    project: name => records.project(name),
    finding: file => records.finding(file),
    belonging: project => records.belonging(project),
  }
}

async function* bounded(
  rows: AsyncIterable<JournalRow>,
  { rows: most, lasts }: WhatIfBounds,
  breakOff: (at: Instant) => void,
): AsyncGenerator<JournalRow> {
  const end = performance.now() + lasts
  let slice = performance.now() + SLICE
  let seen = 0
  for await (const row of rows) {
    const now = performance.now()
    if (seen >= most || now >= end) return breakOff(row.at)
    if (now >= slice) {
      await setImmediate()
      slice = performance.now() + SLICE
    }
    seen += 1
    yield row
  }
}

import { type Instant, instant } from '../../domain/base/instant.ts'
import { createHistory, type History, type SeenFile } from '../../domain/memory/history.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Histories } from '../../ports/memory.ts'
import type { Records } from '../../ports/records.ts'

/**
 * What a command remembers itself, together with what a gate has written down: the earliest of every first time, and the
 * latest look without a file.
 */
export function recollect(own: Histories, records: Pick<Records, 'project'> | undefined): Histories {
  if (records === undefined) return own
  const recorded = new Map<ProjectName, readonly SeenFile[]>()
  const merged = new Map<ProjectName, { readonly of: History; readonly history: History }>()

  function recordedOf(project: ProjectName): readonly SeenFile[] {
    const known = recorded.get(project) ?? records?.project(project)?.files ?? []
    recorded.set(project, known)
    return known
  }

  function seen(project: ProjectName): readonly SeenFile[] {
    return mergeSeen(recordedOf(project), own.seen(project))
  }

  return {
    seen,
    of(project) {
      const of = own.of(project)
      if (recordedOf(project).length === 0) return of
      const known = merged.get(project)
      if (known?.of === of) return known.history
      const history = createHistory(seen(project))
      merged.set(project, { of, history })
      return history
    },
    proved: own.proved,
  }
}

function mergeSeen(one: readonly SeenFile[], other: readonly SeenFile[]): readonly SeenFile[] {
  const byName = new Map(one.map(file => [file.filename, file]))
  for (const file of other) {
    const before = byName.get(file.filename)
    byName.set(file.filename, before === undefined ? file : mergeFile(before, file))
  }
  return [...byName.values()]
}

function mergeFile(one: SeenFile, other: SeenFile): SeenFile {
  const proofs = [one.proof, other.proof].filter(proof => proof !== undefined)
  const [proof] = proofs.sort((a, b) => a.at - b.at)
  return {
    ...one,
    uploaded: one.uploaded ?? other.uploaded,
    firstSeen: instant(Math.min(one.firstSeen, other.firstSeen)),
    lastSeen: instant(Math.max(one.lastSeen, other.lastSeen)),
    offered: pick(Math.min, one.offered, other.offered),
    absent: pick(Math.max, one.absent, other.absent),
    proof,
  }
}

function pick(
  choose: (...times: number[]) => number,
  one: Instant | undefined,
  other: Instant | undefined,
): Instant | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return instant(choose(one, other))
}
